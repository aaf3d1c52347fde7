"""Bytes ─► SAX events, as the standard library does it but with whole text nodes instead of a call for each line.

feedparser takes its XML parser by module name; `create_parser` is that interface (`xml.sax.make_parser`).
"""

from typing import Any
from xml.sax import expatreader  # hardened by parse.prologue: no DOCTYPE, no entities


class _WholeTexts(expatreader.ExpatParser):
    def reset(self) -> None:
        super().reset()
        parser: Any = self._parser  # type: ignore[attr-defined]
        parser.buffer_text = True
        parser.buffer_size = 65_536


def create_parser() -> expatreader.ExpatParser:
    return _WholeTexts()
