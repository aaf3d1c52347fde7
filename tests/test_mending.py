"""Mending goes on where a process that was ended has left it."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from aggregator import correcting, filing, pipeline, reclustering
from aggregator.app import App
from aggregator.settings import Settings
from storage import Database, open_store
from tests.correcting_desk import BREAD, CABLE, FERRY, SETTINGS, article, file, groups
from tests.storage_values import HOUR, NOON

LATER = NOON + HOUR


def placed_then_killed(store: Database) -> None:
    """3: bread [7] · 4: bread [8], which mending would have joined."""
    articles = [article(number, report) for number, report in enumerate(BREAD, start=30)]
    ended = filing.ingest(articles, store, settings=SETTINGS, now=NOON + timedelta(hours=1))
    next(ended)
    ended.close()  # as a kill would: after the transaction that placed them, before mending
    store.move_entries([8], None, reason="by itself", at=NOON)
    correcting.reprofile(store, store.stories_of([7, 8]).values())


def test_what_was_placed_before_a_kill_is_mended_after_it(tmp_path: Path) -> None:
    path = tmp_path / "news.db"
    with open_store(path) as store:
        file(store, FERRY + CABLE)
        assert store.unmended(since=NOON, limit=9) == []
        placed_then_killed(store)
        assert store.unmended(since=NOON, limit=9) == [7, 8]
        assert store.unmended(since=NOON, limit=1) == [8]
        assert store.unmended(since=LATER, limit=9) == []
    with App(Settings(database=path), now=lambda: LATER) as app:
        assert app.grown.entries == 2
        assert app.mend() == 1
        assert groups(app.store)[3] == [7, 8]
        assert app.store.unmended(since=NOON, limit=9) == []


def test_a_database_of_a_former_version_is_not_mended_anew(tmp_path: Path) -> None:
    with open_store(tmp_path / "news.db") as store:
        file(store, FERRY)
        store.run("DELETE FROM settings WHERE key = 'mended'")
        assert pipeline.unmended(store, now=LATER, settings=SETTINGS).stories == set()


def test_a_slice_sketched_anew_is_mended_or_sketched_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*_: object, **__: object) -> int:
        raise KeyboardInterrupt

    with open_store(":memory:") as store:
        file(store, FERRY)
        for entry_id, sketch in store.sketches([1, 2, 3]).items():
            store.replace_sketch(entry_id, replace(sketch, recipe="former recipe"))
        with monkeypatch.context() as ending:
            ending.setattr(reclustering, "mend_within", killed)
            with pytest.raises(KeyboardInterrupt):
                next(reclustering.resketch(store, SETTINGS, now=LATER))
        assert list(reclustering.resketch(store, SETTINGS, now=LATER)) == [3]
