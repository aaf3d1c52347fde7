"""A moment per line in ─► one round of the real application at that moment ─► what came of it, one JSON line out.

``python -m tests.replay.poller feeds.yaml``; ends with its input. It is the process that the driver kills.
"""

import json
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from aggregator import config
from aggregator.app import App
from tests.replay.clock import ManualClock


def main() -> None:
    clock = ManualClock(datetime.min.replace(tzinfo=UTC))
    with App(config.load(Path(sys.argv[1])), now=lambda: clock.now) as app:
        _tell(ready=True)
        for line in sys.stdin:
            clock.now = datetime.fromisoformat(json.loads(line))
            polled = list(app.poll(app.lease()))
            merged = app.mend()
            _tell(
                feeds=len(polled),
                new=sum(one.new for one in polled),
                merged=merged,
                outcomes=Counter(one.fetched.outcome.value for one in polled),
                errors={one.feed.title: one.state.error for one in polled if one.state.error},
            )


def _tell(**result: object) -> None:
    print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
