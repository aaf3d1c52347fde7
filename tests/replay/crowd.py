"""A stream of a few outlets ─► one of thousands of feeds with their publishing rhythms. Pure."""

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from tests.replay.stream import Piece, Stream

_DAY = timedelta(days=1)


def crowd(stream: Stream, *, feeds: int, days: int, history: int = 20, seed: int = 0) -> Stream:
    """Each feed is one outlet of `stream`, moved in time and thinned; so many `days`, and what stood before.

    An item shows up the moment its outlet published it (collectors come in bursts, newspapers do not). The move is by
    whole hours (the world has time zones) and wraps around the stream's length; thinning is log-normal, so that most
    feeds bring little and a few bring much. Of what came before the first day each feed keeps `history` items on show.
    """
    chance = random.Random(seed)
    names = sorted(stream.by_source)
    first = stream.start.replace(hour=0, minute=0, second=0, microsecond=0) + _DAY
    length = timedelta(days=(stream.end - first).days)
    return Stream(
        piece
        for number in range(feeds)
        for piece in _one(
            stream.by_source[names[number % len(names)]],
            f"{names[number % len(names)]} {number}",
            chance,
            span=(first, length, timedelta(days=days)),
            history=history,
        )
    )


def _one(
    outlet: list[Piece],
    name: str,
    chance: random.Random,
    *,
    span: tuple[datetime, timedelta, timedelta],
    history: int,
) -> Iterator[Piece]:
    first, length, kept = span
    move = timedelta(hours=chance.randrange(round(length / timedelta(hours=1))))
    share = min(1.0, chance.lognormvariate(-3.0, 1.0))
    moved = []
    for piece in [one for one in outlet if chance.random() < share] or outlet[:1]:
        appeared = piece.published or piece.collected
        moment = first + (appeared - first + move) % length
        moved.append(replace(piece, id=f"{piece.id}@{name}", source=name, collected=moment, published=moment))
    moved.sort(key=lambda piece: piece.collected)
    week = [piece for piece in moved if piece.collected < first + kept]
    before = [piece for piece in moved if piece.collected >= first + kept][-history:]
    for piece in before:  # the stream wraps around: its last days are what stood there when the first began
        earlier = piece.collected - length
        yield replace(piece, collected=earlier, published=earlier)
    yield from week
