"""Our own words in a mail → the reader's language, as far as there is a catalogue for it. Pure but for reading those.

English is the key and the fallback. The catalogues are gettext's .po files.
"""

from functools import lru_cache
from gettext import NullTranslations
from io import BytesIO
from pathlib import Path

from babel import Locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from babel.support import Translations

CATALOGUES = Path(__file__).parent / "catalogs"


class Words:
    """Call it with an English text, and the plural with its number where there is one; `{names}` are filled in."""

    def __init__(self, locale: Locale) -> None:
        self._locale = locale
        self._translations = _translations(locale.language)
        self.lang = locale.language if isinstance(self._translations, Translations) else "en"

    def __call__(self, text: str, plural: str = "", n: int = 1, **values: str) -> str:
        known = self._translations
        found = known.ngettext(text, plural, n) if plural else known.gettext(text)
        number = format_decimal(n, locale=self._locale)  # some mail programs show a box for narrow spaces
        return found.format(
            n=number.replace("\u202f", " ").replace("\u00a0", " "), **values
        )  # some mail programs: boxes


@lru_cache(maxsize=8)
def _translations(language: str) -> NullTranslations:
    path = CATALOGUES / f"{language}.po"
    if not path.is_file():
        return NullTranslations()
    compiled = BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file, locale=language))
    compiled.seek(0)
    return Translations(compiled)
