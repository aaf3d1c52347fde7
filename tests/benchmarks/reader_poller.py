"""The peer: lemon24/reader, told by lines on stdin to update all its feeds. ``python -m … database feeds.json``.

Runs in the peers' own environment (`make bench` sets it up), so it imports nothing of ours.
"""

import json
import sys
from pathlib import Path

from reader import make_reader  # type: ignore[import-not-found]


def main() -> None:
    reader = make_reader(sys.argv[1])
    for url in json.loads(Path(sys.argv[2]).read_text(encoding="utf-8")):
        reader.add_feed(url)
    print(json.dumps({"ready": True}), flush=True)
    for _ in sys.stdin:
        reader.update_feeds(scheduled=False)
        counts = reader.get_entry_counts()
        print(json.dumps({"entries": counts.total}), flush=True)


if __name__ == "__main__":
    main()
