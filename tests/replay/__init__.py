"""A JSONL stream of articles ─► living RSS feeds on loopback, on a clock of our own ─► whatever polls them.

    from tests.replay import Replay, Stream

    with Replay(Stream.read(path)) as replay:
        replay.clock.now = replay.stream.start + timedelta(hours=6)
        print(replay.feeds_yaml())          # subscribe to this …
        ...                                 # … poll, and then ask what the server saw:
        replay.log.served                   # {(feed, guid), …}
        replay.log.tally()                  # requests, share of 304, two at once, smallest gap

To play with it by hand: ``python -m tests.replay --help``. The proofs that use it: `tests.replay.fortnight` (two weeks
of real items, with kills), `tests.replay.week` (two thousand feeds), ``tests/test_replay.py`` (a short one, invented).
"""

from tests.replay.clock import ManualClock, RunningClock
from tests.replay.faults import Fault, draw
from tests.replay.server import Replay
from tests.replay.stream import Piece, Stream

__all__ = ["Fault", "ManualClock", "Piece", "Replay", "RunningClock", "Stream", "draw"]
