"""Moving data: what is exported comes back as it was, into the same database or another; any reader can have it."""

import builtins
import csv
import io
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from aggregator import export
from aggregator.cli import cli
from aggregator.errors import CorruptError, UsageError
from storage import open_store
from tests.storage_values import DAY, NOON, add, feed, placed

PROMISED = (
    "feed",
    "source",
    "id",
    "title",
    "text",
    "published",
    "updated",
    "url",
    "lang",
    "author",
    "tags",
    "publisher",
)


def call(database: Path, *words: str | Path) -> Result:
    """In the database's folder; what goes wrong is raised."""
    config = database.with_name("feeds.yaml")
    if not config.exists():
        config.write_text("feeds: []\n")
    return CliRunner().invoke(
        cli, ["--config", str(config), "--db", str(database), *map(str, words)], catch_exceptions=False
    )


def refused(error: type[Exception], database: Path, *words: str | Path) -> str:
    with pytest.raises(error) as raised:
        CliRunner().invoke(
            cli, ["--db", str(database), *map(str, words)], catch_exceptions=False, standalone_mode=False
        )
    return str(raised.value)


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """Entries whose texts mean something else where they are taken for markup; two feeds of one name."""
    path = tmp_path / "aggregator.db"
    with open_store(path) as store:
        store.sync_feeds([feed(1, title="Post"), feed(2, title="Post")], now=NOON)
        add(store, 1, title="Why <b> is not &lt;strong&gt;", text="Write &amp;amp; for &amp;\nand <p> for\na paragraph")
        add(store, 2, feed_id=2, placement=placed(1), title="=1+1", text="字 « é » 😀", tags=("a, b", "R&amp;D"),
            author="x@y.example (Someone)", lang="de", published=NOON, updated=NOON, seen=NOON + DAY)  # fmt: skip
        add(store, 1, feed_id=2, title="The guid of another feed's", url="", canonical_url="", published=None)
    return path


def test_a_round_trip_loses_nothing_that_is_promised(database: Path, tmp_path: Path) -> None:
    there, back = tmp_path / "there.jsonl", tmp_path / "back.jsonl"
    assert "wrote 3 entries" in call(database, "export", "entries", "--output", there).stderr
    other = tmp_path / "other.db"
    assert call(other, "ingest", there).stdout == "3 new entries, 0 revised, 0 known already\n"
    call(other, "export", "entries", "--output", back)
    pick = [[{name: line[name] for name in PROMISED} for line in lines(path)] for path in (there, back)]
    assert pick[0] == pick[1]
    assert call(other, "ingest", there).stdout == "0 new entries, 0 revised, 3 known already\n"


def test_the_newspapers_make_the_round_trip(demo_database: Path, tmp_path: Path) -> None:
    there, back, other = tmp_path / "there.jsonl", tmp_path / "back.jsonl", tmp_path / "other.db"
    call(demo_database, "export", "entries", "--output", there)
    assert call(demo_database, "ingest", there).stdout == "0 new entries, 0 revised, 36 known already\n"
    with open_store(other):
        pass
    (tmp_path / "feeds.yaml").write_text("feeds: []\n")
    call(other, "ingest", there)
    call(other, "export", "entries", "--output", back)
    assert len(lines(there)) == 36
    by_id = [sorted(({n: line[n] for n in PROMISED} for line in lines(path)), key=str) for path in (there, back)]
    assert by_id[0] == by_id[1]


def test_columns_are_those_announced(database: Path) -> None:
    with open_store(database, read_only=True) as store:
        assert list(next(store.export_entries())) == list(export.ENTRY)
        assert list(next(store.export_stories())) == list(export.STORY)
        assert [row["entry"] for row in store.export_entries(since=NOON + DAY)] == [2]
        (story, _) = store.export_stories()
        assert (story["members"], story["entries"]) == ([1, 2], 2)
        assert [row["story"] for row in store.export_stories(since=NOON + DAY)] == [1]


def test_csv_is_read_by_spreadsheets_and_is_no_formula(database: Path, tmp_path: Path) -> None:
    shown = call(database, "export", "entries", "--format", "csv").stdout
    rows = list(csv.DictReader(io.StringIO(shown)))
    assert [row["title"] for row in rows][1] == "'=1+1"
    assert json.loads(rows[1]["tags"]) == ["a, b", "R&amp;D"]
    assert rows[0]["text"].count("\n") == 2
    call(database, "export", "stories", "--format", "csv", "--output", tmp_path / "stories.csv")
    assert len((tmp_path / "stories.csv").read_text().splitlines()) == 3


def test_parquet_has_types(database: Path, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed: the extra [parquet] brings it")
    for what, columns in (("entries", export.ENTRY), ("stories", export.STORY)):
        target = tmp_path / f"{what}.parquet"
        call(database, "export", what, "--format", "parquet", "--output", target)
        table = parquet.read_table(target)
        assert table.column_names == list(columns)
        row = table.to_pylist()[0]
        assert row["seen" if what == "entries" else "first_seen"] == NOON
        assert {type(row["story"]), type(row["tags"])} == {int, list}


def test_without_pyarrow_the_way_out_is_said(database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *more: Any) -> Any:
        if name.startswith("pyarrow"):
            raise ImportError(name)
        return real(name, *more)

    monkeypatch.setattr(builtins, "__import__", without)
    target = tmp_path / "x.parquet"
    said = refused(UsageError, database, "export", "entries", "--format", "parquet", "--output", target)
    assert "pip install 'aggregator[parquet]'" in said
    assert list(tmp_path.glob("x.parquet*")) == []
    assert "--output" in refused(UsageError, database, "export", "entries", "--format", "parquet")


def test_a_file_is_whole_or_what_it_was(database: Path, tmp_path: Path) -> None:
    target = tmp_path / "entries.jsonl"
    target.write_text("the former one\n")
    with closing(sqlite3.connect(database)) as stranger:
        stranger.execute("UPDATE entries SET tags = 'no JSON' WHERE id = 3")
        stranger.commit()
    with pytest.raises(json.JSONDecodeError):
        call(database, "export", "entries", "--output", target)
    assert target.read_text() == "the former one\n"
    assert list(tmp_path.glob("*.partial")) == []


@pytest.mark.parametrize(
    ("more", "said"),
    [({"tags": "a"}, "tags is no list"), ({"updated": "x"}, "updated 'x' is no date"), ({"feed": 1}, "feed is a int")],
)
def test_what_cannot_be_taken_back_is_named(more: dict[str, object], said: str, tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text(json.dumps({"title": "t"} | more))
    (tmp_path / "feeds.yaml").write_text("feeds: []\n")
    with pytest.raises(CorruptError, match=f"x.jsonl:1: {said}"):
        call(tmp_path / "a.db", "ingest", path)


def test_an_export_is_of_one_moment_and_holds_nobody_up(database: Path) -> None:
    with open_store(database, read_only=True) as reader, open_store(database) as store:
        rows = reader.export_entries()
        assert next(rows)["entry"] == 1  # the first is there before the last is read
        add(store, 9)
        assert [row["entry"] for row in rows] == [2, 3]
