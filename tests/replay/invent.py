"""A seed ─► a stream of small invented articles: events, each told by several outlets, some word for word."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from tests.articles import account
from tests.replay.stream import Piece, Stream


def invented(*, outlets: int = 6, days: float = 3, events: int = 36, seed: int = 1) -> Stream:
    """The same stream for the same arguments; `collected` in steps of two hours, as a real collector would have it."""
    chance = random.Random(seed)
    start = datetime(2026, 3, 2, tzinfo=UTC)
    return Stream(
        piece
        for event in range(events)
        for piece in _told(chance, event, start + timedelta(days=days * chance.random()), outlets)
    )


def _told(chance: random.Random, event: int, began: datetime, outlets: int) -> Iterator[Piece]:
    """Each outlet that takes the event up has its own words, or under another headline those of the first."""
    wire = account(str(event), chance)
    for outlet in chance.sample(range(outlets), chance.randint(1, outlets - 1)):
        began += timedelta(hours=3 * chance.random())
        own = account(str(event), chance)
        yield Piece(
            id=f"{event}-{outlet}",
            title=own.title,
            text=wire.text if chance.random() < 0.3 else own.text,
            source=f"Gazette {outlet}",
            url=f"https://gazette-{outlet}.example/{event}",
            lang="en",
            collected=_next_collection(began),
            published=began.replace(microsecond=0),
        )


def _next_collection(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0) + timedelta(hours=2 - moment.hour % 2)
