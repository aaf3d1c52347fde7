"""A seed ─► a stream of small invented articles: events in made-up places, told by several outlets or copied."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from tests.replay.stream import Piece, Stream

_HEADS = ("kar", "vel", "dro", "mun", "sha", "tor", "lim", "bre", "ost", "quin", "fal", "zer")
_TAILS = ("dova", "nheim", "wick", "lund", "stan", "moor", "field", "grad", "haven", "burg", "ton", "ria")
_EVENTS = (
    ("Flood closes the harbour of {place}", "river barges warehouses quay pumps dykes rainfall sandbags ferries"),
    ("{person} elected mayor of {place}", "ballots turnout council campaign recount majority district deputies"),
    ("Fire at the {place} furniture works", "sawdust smoke hall brigade insurers shift machines evacuation"),
    ("{person} wins the {place} marathon", "runners finish kilometre record sponsors rain hills medal"),
    ("Strike stops the trams of {place}", "drivers union wages depot timetable commuters talks mediator"),
    ("Museum of {place} recovers a lost portrait by {person}", "canvas auction thieves frame curator varnish pigments"),
    ("{place} bank raises its lending rate", "inflation borrowers mortgage quarter economists deposits bonds"),
    ("Comet seen over {place}, says {person}", "telescope tail orbit observatory brightness ice dust catalogue"),
)


def invented(*, outlets: int = 6, days: float = 3, events_a_day: int = 12, seed: int = 1) -> Stream:
    """The same stream for the same arguments; `collected` in steps of two hours, as a real collector would have it."""
    chance = random.Random(seed)
    start = datetime(2026, 3, 2, tzinfo=UTC)
    return Stream(
        piece for event in range(round(days * events_a_day)) for piece in _told(chance, event, start, days, outlets)
    )


def _told(chance: random.Random, event: int, start: datetime, days: float, outlets: int) -> Iterator[Piece]:
    """One event: each outlet that takes it up has its own words, or those of the first."""
    headline, words = chance.choice(_EVENTS)
    place, person = _name(chance).title(), f"{_name(chance).title()} {_name(chance).title()}"
    began = start + timedelta(days=days * chance.random())
    wire = _text(chance, place, person, words.split())
    for outlet in chance.sample(range(outlets), chance.randint(1, outlets - 1)):
        began += timedelta(hours=3 * chance.random())
        copied = chance.random() < 0.3
        yield Piece(
            id=f"{event}-{outlet}",
            title=headline.format(place=place, person=person) + ("" if copied else f", {chance.choice(words.split())}"),
            text=wire if copied else _text(chance, place, person, words.split()),
            source=f"Gazette {outlet}",
            url=f"https://gazette-{outlet}.example/{event}",
            lang="en",
            collected=_next_collection(began),
            published=began.replace(microsecond=0),
        )


def _name(chance: random.Random) -> str:
    return chance.choice(_HEADS) + chance.choice(_HEADS) + chance.choice(_TAILS)


def _text(chance: random.Random, place: str, person: str, words: list[str]) -> str:
    sentences = [f"{person} told reporters in {place} about the {chance.choice(words)}."]
    for _ in range(5):
        first, second, third = chance.sample(words, 3)
        sentences.append(
            f"The {first} and the {second} of {place} left {chance.randint(2, 900)} people with the {third}."
        )
    return " ".join(sentences)


def _next_collection(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0) + timedelta(hours=2 - moment.hour % 2)
