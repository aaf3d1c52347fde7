"""A moment per line in ─► one round of the real application at that moment ─► what came of it, one JSON line out.

``python -m tests.poller feeds.yaml MOMENT``, moments as JSON strings in ISO 8601 or ``wall`` for the real clock;
ends with its input. It is the process that the driver kills and the benchmarks weigh: it imports what `aggregator poll`
does and no more, for each worker imports its main module anew.
"""

import json
import sys
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from aggregator import config
from aggregator.app import App, utc_now


@dataclass
class Told:
    """The application's clock: the moment it was told, or the wall's."""

    moment: str

    def __call__(self) -> datetime:
        return utc_now() if self.moment == "wall" else datetime.fromisoformat(self.moment)


def main() -> None:
    now = Told(sys.argv[2])
    with App(config.load(Path(sys.argv[1])), now=now) as app:
        _tell(ready=True)
        for line in sys.stdin:
            now.moment = json.loads(line)
            polled = list(app.poll(app.lease()))
            merged = app.mend() if any(one.new for one in polled) else 0  # as the command and the daemon do
            mails = [str(row.state) for row in app.digests()]
            _tell(
                feeds=len(polled),
                new=sum(one.new for one in polled),
                merged=merged,
                mails=Counter(mails),
                outcomes=Counter(one.fetched.outcome.value for one in polled),
                errors={one.feed.title: one.state.error for one in polled if one.state.error},
            )


def _tell(**result: object) -> None:
    print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
