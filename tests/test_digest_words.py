"""The mail's own words in other languages."""

import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from babel import Locale
from babel.messages.pofile import read_po

from aggregator.digest import words
from aggregator.digest.compose import TEMPLATES, compose
from aggregator.digest.words import CATALOGUES, Words
from tests.digest_samples import SETTINGS, sample
from tests.test_digest_compose import assert_harmless

LANGUAGES = sorted(path.stem for path in CATALOGUES.glob("*.po"))
MISSED = (date(2026, 3, 11), date(2026, 3, 12), date(2026, 3, 13))


def messages(language: str) -> dict[tuple[str, ...], tuple[str, ...]]:
    """(English, plural) → (translation, plural)."""
    with (CATALOGUES / f"{language}.po").open("rb") as file:
        catalogue = read_po(file, locale=language)
    return {_forms(message.id): _forms(message.string) for message in catalogue if message.id}


def _forms(text: object) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(map(str, text))  # type: ignore[call-overload]


def names(text: str) -> set[str]:
    return set(re.findall(r"{\w*}", text))


@pytest.mark.parametrize("language", LANGUAGES)
def test_catalogues_are_whole_and_fill_in_the_same(language: str) -> None:
    found = messages(language)
    assert found.keys() == messages("de").keys()
    for english, translated in found.items():
        assert len(translated) == len(english)
        assert all(translated), english
        assert [names(text) for text in translated] == [names(text) for text in english]


def test_every_word_of_the_templates_and_of_the_view_is_in_the_catalogues() -> None:
    code = (Path(words.__file__).parent / "view.py").read_text("utf-8")
    used = set(re.findall(r'\bwords\(\s*"([^"]+)"', code))
    for template in TEMPLATES.glob("digest.*"):
        used |= set(re.findall(r'\b_\("([^"]+)"', template.read_text("utf-8")))
    assert len(used) > 15
    assert used <= {english[0] for english in messages("de")}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_mail_is_of_one_piece(language: str) -> None:
    digest = replace(SETTINGS, locale=language, limit=12)
    composed = compose(sample(digest, missed=MISSED), digest)
    for text in (composed.html, composed.text):
        assert not re.search(r"stories|Told before|No mail|That is all|attention|does not answer", text, re.I)
    assert f'<html lang="{language}">' in composed.html
    assert composed.languages[0] == language
    assert_harmless(composed.html)
    assert_harmless(composed.full_html)


def test_a_language_without_a_catalogue_is_told_in_english_with_its_own_numbers() -> None:
    finnish = Words(Locale("fi"))
    assert finnish.lang == "en"
    assert finnish("{n} story", "{n} stories", 1) == "1 story"
    assert finnish("{n} story", "{n} stories", 12345) == "12 345 stories"
    assert Words(Locale("fr"))("{n} story", "{n} stories", 0) == "0 sujet"
