"""JSONL ─► Stream ─► the RSS document one source shows at a moment. Pure."""

import json
import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from functools import cached_property
from pathlib import Path
from typing import Self
from xml.sax.saxutils import escape

_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, production 2 (Char)


@dataclass(frozen=True, slots=True)
class Piece:
    """One item of the stream; `collected` is the moment from which its feed shows it."""

    id: str
    title: str
    text: str
    source: str
    url: str
    lang: str
    collected: datetime
    published: datetime | None = None


class Stream:
    """Pieces by source, each source in the order collected."""

    def __init__(self, pieces: Iterable[Piece]) -> None:
        self.pieces = tuple(sorted(pieces, key=lambda piece: piece.collected))
        if not self.pieces:
            raise ValueError("an empty stream has nothing to replay")

    @classmethod
    def read(cls, path: Path) -> Self:
        """JSONL with id, title, text, published (ISO 8601 or null), source, url, lang and collected (ISO 8601)."""
        with path.open(encoding="utf-8") as lines:
            return cls(_piece(json.loads(line)) for line in lines)

    @cached_property
    def by_source(self) -> dict[str, list[Piece]]:
        found: dict[str, list[Piece]] = {}
        for piece in self.pieces:
            found.setdefault(piece.source, []).append(piece)
        return found

    @cached_property
    def _collected(self) -> dict[str, list[datetime]]:
        return {source: [piece.collected for piece in pieces] for source, pieces in self.by_source.items()}

    @property
    def start(self) -> datetime:
        return self.pieces[0].collected

    @property
    def end(self) -> datetime:
        return self.pieces[-1].collected

    def window(self, source: str, now: datetime, *, size: int) -> Sequence[Piece]:
        """The newest `size` pieces the source had out by `now`, newest first."""
        upto = bisect_right(self._collected[source], now)
        return self.by_source[source][max(0, upto - size) : upto][::-1]


def _piece(row: dict[str, str]) -> Piece:
    return Piece(
        id=row["id"],
        title=row["title"],
        text=row["text"],
        source=row["source"],
        url=row["url"],
        lang=row["lang"],
        collected=datetime.fromisoformat(row["collected"]),
        published=datetime.fromisoformat(row["published"]) if row["published"] else None,
    )


def rss(title: str, pieces: Sequence[Piece], *, shown: Callable[[datetime], datetime]) -> bytes:
    """The pieces as an RSS 2.0 document; an item's guid is the piece's id."""
    lang = pieces[0].lang if pieces else "en"
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0"><channel>'
        f"<title>{_xml(title)}</title><link>http://replay.example/</link><description>a replay</description>"
        f"<language>{_xml(lang)}</language>\n"
        + "\n".join(_item(piece, shown) for piece in pieces)
        + "\n</channel></rss>\n"
    ).encode()


def _item(piece: Piece, shown: Callable[[datetime], datetime]) -> str:
    date = f"<pubDate>{format_datetime(shown(piece.published))}</pubDate>" if piece.published else ""
    return (
        f'<item><title>{_xml(piece.title)}</title><link>{_xml(piece.url)}</link>{date}<guid isPermaLink="false">'
        f"{_xml(piece.id)}</guid><description>{_xml(piece.text)}</description></item>"
    )


def _xml(text: str) -> str:
    return escape(_ILLEGAL.sub("", text))
