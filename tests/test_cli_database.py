"""The commands about the database as a user calls them: search, check, backup, prune, stats."""

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from aggregator.cli import cli
from aggregator.errors import AggregatorError, CorruptError, UsageError
from storage import open_store
from tests.storage_values import DAY, add, feed, placed

NOW = datetime.now(UTC)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configuration that keeps entries for 30 days, and a database with four entries in three stories."""
    (tmp_path / "feeds.yaml").write_text("keep: 30d\nfeeds:\n  - https://host1.example/feed\n")
    with open_store(tmp_path / "aggregator.db") as store:
        store.sync_feeds([feed(1, tags=("sea",)), feed(2)], now=NOW)
        add(store, 1, title="Ferry aground off Calder", text="Lifeboats went out.", seen=NOW - 40 * DAY)
        add(store, 2, title="Ferry timetable", text="The ferry leaves at nine.", seen=NOW - 2 * DAY)
        add(store, 3, feed_id=2, placement=placed(2), title="Boats", text="A ferry at nine, says a man.", seen=NOW)
        add(store, 4, title="Library", text="Open on Sundays.", seen=NOW)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def call(*words: str) -> Result:
    """What goes wrong is raised."""
    return CliRunner().invoke(cli, words, catch_exceptions=False, standalone_mode=False)


def found(*words: str) -> list[int]:
    return [hit["entry_id"] for hit in json.loads(call("search", "--json", *words).stdout)]


def refusal(error: type[AggregatorError], *words: str) -> str:
    with pytest.raises(error) as raised:
        call(*words)
    assert "\n" not in str(raised.value)
    return str(raised.value)


@pytest.mark.usefixtures("folder")
def test_search_over_entries() -> None:
    assert found("ferry") == [2, 1, 3]
    assert found("ferry", "--since", "30d") == [2, 3]
    assert found("ferry", "--feed", "Paper 2") == [3]
    assert found("ferry", "--tag", "sea") == [2, 1]
    assert found("ferry", "--limit", "1") == [2]
    assert found('"at nine"', "ferry", "leaves") == [2]
    shown = call("search", "leaves").stdout
    assert "Paper 1: Ferry timetable  (story 2)" in shown
    assert "The ferry leaves at nine." in shown
    assert call("search", "nowhere").stdout == "nothing found\n"


@pytest.mark.usefixtures("folder")
def test_search_over_stories() -> None:
    (first, second) = json.loads(call("search", "ferry", "--stories", "--json").stdout)
    assert (first["story_id"], first["matching"], first["entries"], first["best"]["entry_id"]) == (2, 2, 2, 2)
    assert second["story_id"] == 1
    assert "(story 2: 2 of 2 entries, 2 outlets)" in call("search", "ferry", "--stories").stdout
    assert "(story 2: 1 of 2 entries, 2 outlets)" in call("search", "boats", "--stories").stdout


@pytest.mark.usefixtures("folder")
def test_anything_may_be_searched_for_and_raw_syntax_is_explained() -> None:
    for words in ("NEAR(", 'title:^"', "*", "'; DROP TABLE entries; --", "a\\b", "ferry AND"):
        try:
            call("search", "--", words)
        except UsageError as nothing:
            assert "nothing to search for" in str(nothing)  # noqa: PT017 – either is right
    assert found("--raw", "title : ferry NOT aground") == [2]
    for words in ('"', "ferry AND", "nocolumn : ferry", "NEAR("):
        assert "leave out --raw" in refusal(UsageError, "search", "--raw", words)
        assert "leave out --raw" in refusal(UsageError, "search", "--stories", "--raw", words)


def test_check_says_what_is_wrong(folder: Path) -> None:
    assert call("db", "check").stdout == "all is well\n"
    assert call("db", "check", "--json").stdout == "[]\n"
    with closing(sqlite3.connect(folder / "aggregator.db")) as stranger:
        stranger.execute("UPDATE stories SET entries = 7")
        stranger.commit()
    assert "1 fault: restore a backup" in refusal(CorruptError, "db", "check")
    done = CliRunner().invoke(cli, ["db", "check", "--json"])
    assert "counts of 3 stories" in json.loads(done.stdout)[0]


def test_backup_is_a_database_and_keeps_former_ones(folder: Path) -> None:
    for _ in range(3):
        assert call("db", "backup", "copy.db", "--keep", "2").stdout == "wrote copy.db, checked\n"
    assert sorted(path.name for path in folder.glob("copy*")) == ["copy.db", "copy.db.1"]
    assert call("--db", "copy.db.1", "db", "check").stdout == "all is well\n"
    assert "cannot be opened" in refusal(AggregatorError, "db", "backup", "no/such/folder.db")


def test_prune_does_what_feeds_yaml_says(folder: Path) -> None:
    before = (NOW - 30 * DAY).date().isoformat()
    assert call("db", "prune", "--dry-run").stdout == f"Paper 1, Paper 2: entries of stories older than {before}\n"
    assert call("db", "prune").stdout == "removed 1 entry\n"
    assert call("db", "prune").stdout == "removed 0 entries\n"
    assert found("ferry") == [2, 3]
    assert call("db", "check").stdout == "all is well\n"
    (folder / "feeds.yaml").write_text("feeds: []\n")
    assert "keeps everything" in call("db", "prune").stdout


@pytest.mark.usefixtures("folder")
def test_stats_tell_size_and_growth() -> None:
    told = json.loads(call("db", "stats", "--json").stdout)
    assert (told["entries"], told["stories"], round(told["entries_a_day"] * 7)) == (4, 3, 3)
    assert told["bytes_a_day"] == pytest.approx(told["bytes"] / 4 * 3 / 7)
    assert {"entries", "stories", "entries_fts"} <= {table["name"] for table in told["tables"]}
    shown = call("db", "stats").stdout
    assert "4 entries in 3 stories" in shown
    assert "entries a day over the last week" in shown
