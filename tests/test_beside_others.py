"""Someone else writes to the database with SQLite's usual patience of five seconds: we never keep them from it."""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aggregator import pipeline
from aggregator.app import App
from aggregator.model import Fetched, FetchRequest, Outcome
from aggregator.parse.pool import Workers
from aggregator.refine import Job, Refined, refine
from aggregator.settings import FeedSettings, Settings
from storage import Database, open_store
from tests.replay.stream import Piece, rss

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
URL = "https://gazette.example/feed"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "aggregator.db"
    open_store(made).close()
    return made


def note(path: Path) -> None:
    """As `sqlite-utils` would."""
    with closing(sqlite3.connect(path)) as other, other:
        other.execute("INSERT INTO settings VALUES ('mine', '', '')")


@contextmanager
def meanwhile(act: Callable[[], None]) -> Iterator[None]:
    thread = threading.Thread(target=act)
    thread.start()
    try:
        yield
    finally:
        thread.join()


def test_one_short_transaction_after_the_other_still_lets_others_in(path: Path) -> None:
    done = threading.Event()
    ends = time.monotonic() + 20

    def write_on_and_on() -> None:
        with open_store(path) as store:
            while not done.is_set() and time.monotonic() < ends:
                with store.transaction():
                    time.sleep(0.2)

    with meanwhile(write_on_and_on):
        time.sleep(0.5)
        note(path)
        done.set()


def test_cutting_the_log_waits_for_no_reader(path: Path) -> None:
    with open_store(path) as store, closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM settings").fetchall()
        store.record_night(NOW)
        with meanwhile(store.tidy):
            time.sleep(0.2)
            note(path)
        reader.execute("COMMIT")
        store.tidy()
        assert path.with_name(path.name + "-wal").stat().st_size == 0


class Interrupted(Exception):  # noqa: N818 – no error
    pass


def test_a_long_document_is_stored_in_slices_and_remembered_with_the_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ended between two of them, the document is asked for again as if it had not come."""
    settings = Settings(feeds=(FeedSettings(URL),), database=tmp_path / "aggregator.db")
    count = 2 * pipeline.SLICE + 1
    moments = [NOW - timedelta(minutes=number) for number in range(count)]
    pieces = [
        Piece(str(at), f"Report {at}", "The harbour reopened.", "", f"{URL}/{at:%H%M}", "en", at, at) for at in moments
    ]
    body = rss("Gazette", pieces, shown=lambda moment: moment)
    with App(settings, now=lambda: NOW) as app:
        polled = a_round(app, body).poll(app.lease())
        monkeypatch.setattr(app.store, "count_terms", failing_after(pipeline.SLICE + 7, app.store))
        with pytest.raises(Interrupted):
            next(polled)
        monkeypatch.undo()
        assert app.store.counts(since=NOW).entries == pipeline.SLICE
        app.store.release_dead(own=True)
        (request,) = app.lease(force=True)
        assert (request.state.etag, request.state.body_hash, request.state.item_hashes) == (None, None, ())
        (one,) = a_round(app, body).poll([request])
        assert (one.new, one.state.body_hash) == (count - pipeline.SLICE, "h")
        assert app.store.counts(since=NOW).entries == count
        assert app.store.check() == []


def a_round(app: App, body: bytes) -> pipeline.Round:
    def fetch(requests: list[FetchRequest]) -> Iterator[tuple[FetchRequest, Fetched]]:
        for request in requests:
            yield request, Fetched(URL, Outcome.CHANGED, NOW, headers={"etag": '"e"'}, body=body, body_hash="h")

    workers: Workers[Job, Refined] = Workers(refine, processes=0, seconds=9, memory_mb=0)
    return pipeline.Round(app.store, fetch, lambda _: iter(()), workers, app.settings, app.now, lambda: 0.0, app.grown)  # type: ignore[arg-type]


def failing_after(times: int, store: Database) -> Callable[..., None]:
    real, calls = store.count_terms, iter(range(times))

    def count_terms(*args: object, **kwargs: object) -> None:
        if next(calls, None) is None:
            raise Interrupted
        real(*args, **kwargs)  # type: ignore[arg-type]

    return count_terms
