"""Twenty kills each in the middle of writing, pruning with backups, and migrating: fails where anything is unsound."""

from pathlib import Path

import pytest

from storage import open_store
from tests import storage_kills
from tests.storage_values import with_feeds

pytestmark = pytest.mark.bench

TIMES = 20


def test_twenty_kills_each(tmp_path: Path) -> None:
    for number, act in enumerate((storage_kills.while_writing, storage_kills.while_pruning)):
        path = tmp_path / str(number) / "aggregator.db"
        path.parent.mkdir()
        with open_store(path) as store:
            with_feeds(store)
        act(path, times=TIMES)
        print(f"\n{act.__name__}: killed {TIMES} times, checked clean each time, nothing acknowledged lost")
    (tmp_path / "migrations").mkdir()
    storage_kills.while_migrating(tmp_path / "migrations", times=TIMES)
    print(f"while_migrating: killed {TIMES} times, each went on and ended clean")
