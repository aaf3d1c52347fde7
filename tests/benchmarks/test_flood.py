"""Four thousand near-duplicates of one text: how long they take, and what they become. Printed, never asserted."""

import random
import time
from datetime import timedelta
from pathlib import Path

import pytest

from aggregator.pipeline import SLICE, Grown, place
from aggregator.refine import sketcher
from storage import open_store
from tests.cluster_desk import SETTINGS, entry
from tests.storage_values import NOON, with_feeds

pytestmark = pytest.mark.bench
FEEDS, COPIES = 40, 4_000


def test_four_thousand_near_duplicates(tmp_path: Path) -> None:
    draw = random.Random(1)
    text = [f"word{draw.randrange(5000)}" for _ in range(300)]
    with open_store(tmp_path / "flood.db") as store:
        with_feeds(store, FEEDS)
        sketches = sketcher(store.installation_seed(), SETTINGS)
        started, spent = time.process_time(), list[float]()
        for first in range(0, COPIES, SLICE):
            with store.transaction():
                for number in range(first, first + SLICE):
                    words = [word if draw.random() > 0.05 else f"other{draw.randrange(5000)}" for word in text]
                    one = entry(f"Bridge of Port Elsin closed, report {number}", " ".join(words), guid=f"{number}")
                    seen = NOON + timedelta(seconds=number)
                    feed = number % FEEDS + 1
                    place(store, feed, one, sketches.sketch(one), seen=seen, settings=SETTINGS, grown=Grown())
            spent.append(time.process_time() - started - sum(spent))
        largest = max(story.entries for story in store.stories())
    early, late = (seconds / SLICE * 1e3 for seconds in (spent[0], spent[-1]))
    print(
        f"\n{COPIES:,} near-duplicates of {FEEDS} feeds: {sum(spent):.1f} s of CPU, the largest story of {largest:,};"
    )
    print(f"ms an entry: {early:.1f} of the first {SLICE}, {late:.1f} of the last")
