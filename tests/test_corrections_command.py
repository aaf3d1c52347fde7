"""`merge`, `split`, `undo`, `corrections` and `recluster` as a user calls them."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aggregator.model import Sketch
from storage import open_store
from tests.correcting_desk import BREAD, CABLE, FERRY
from tests.daemon_process import daemon
from tests.test_cli import Run, run  # noqa: F401 - a fixture

NOW = datetime.now(UTC)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """1: ferry [1, 2, 3] · 2: cable car [4, 5, 6] · 3: bread [7, 8]"""
    (tmp_path / "feeds.yaml").write_text("feeds: []\n")
    lines = [
        {"id": str(number), "title": title, "text": text, "source": f"Paper {number}", "lang": "en",
         "published": (NOW - timedelta(hours=1) + timedelta(minutes=number)).isoformat()}
        for number, (title, text) in enumerate(FERRY + CABLE + BREAD, start=1)
    ]  # fmt: skip
    (tmp_path / "articles.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return tmp_path


@pytest.fixture
def call(folder: Path, run: Run) -> Run:  # noqa: F811
    assert run("ingest", "articles.jsonl").returncode == 0
    return run


def stories(call: Run) -> dict[int, list[int]]:
    ids = [story["id"] for story in json.loads(call("stories", "--json").stdout)]
    shown = {story: json.loads(call("show", str(story), "--json").stdout) for story in sorted(ids)}
    return {story: [member["entry_id"] for member in data["members"]] for story, data in shown.items()}


def test_merge_split_and_back(call: Run) -> None:
    before = stories(call)
    assert before == {1: [1, 2, 3], 2: [4, 5, 6], 3: [7, 8]}
    assert "entry 5, story: " in call("show", "2").stdout
    assert call("merge", "3", "1", "--reason", "one affair").stdout == "story 1 has taken in 3\n"
    assert call("split", "2", "6", "5").stdout == "entries 5, 6 are story 4 now\n"
    assert stories(call) == {1: [1, 2, 3, 7, 8], 2: [4], 4: [5, 6]}
    assert "one affair" in call("show", "3").stdout  # the old number leads there
    told = call("corrections").stdout
    assert "3 merged into 1: " in told
    assert ": one affair\n    entry 1 belongs with 2, 3, 7, 8\n" in told
    assert "    entry 5 belongs with 6\n    entry 5 never with 4\n" in told
    data = json.loads(call("corrections", "--json").stdout)
    assert [(act["kind"], act["stories"], act["story_id"]) for act in data] == [("split", [2], 4), ("merge", [3], 1)]
    assert data[0]["author"]
    assert data[0]["constraints"] == [{"a": 5, "b": 6, "together": True}, {"a": 5, "b": 4, "together": False}]
    assert json.loads(call("undo", "--json").stdout)["kind"] == "split"
    assert call("undo").stdout.startswith("undone: 3 merged into 1: ")
    assert stories(call) == before
    assert call("corrections").stdout.startswith("no corrections")
    assert call("db", "check").returncode == 0


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["merge", "1", "99"], "no story 99"),
        (["merge", "1"], "one story already"),
        (["split", "1", "4"], "story 1 has no entry 4"),
        (["split", "1", "1", "2", "3"], "not all"),
        (["undo"], "nothing to undo"),
        (["recluster", "--set", "poll.every=1h"], "cluster.KEY=VALUE"),
        (["recluster", "--set", "cluster.young"], "cluster.KEY=VALUE"),
        (["recluster", "--set", "cluster.yuong=1h"], "there are window, young, caution"),
        (["recluster", "--set", "cluster.young=soon"], "write a duration"),
        (["recluster", "--set", "cluster.window=9999999999w"], "a hundred years"),
        (["recluster", "--set", "cluster.window=²w"], "write a duration"),
        (["recluster", "--set", "cluster.young=200000w"], "a hundred years"),
        (["recluster", "--set", "cluster.caution=1"], "less than or equal to 0.1"),
    ],
    ids=lambda value: " ".join(value)[:30],
)
def test_what_cannot_be_done_is_one_line(call: Run, arguments: list[str], named: str) -> None:
    done = call(*arguments)
    assert done.returncode == 64
    assert named in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_another_database_needs_no_feeds_yaml_and_keeps_its_subscriptions(call: Run, folder: Path) -> None:
    before = stories(call)
    feeds = subscribed(folder / "aggregator.db")
    (folder / "feeds.yaml").write_text("feeds: [https://another.example/feed]\n")
    there = ("--db", "aggregator.db")
    assert call(*there, "merge", "1", "2").returncode == 0
    (folder / "feeds.yaml").unlink()
    assert call(*there, "split", "3", "8").returncode == 0
    assert call(*there, "undo").returncode == call(*there, "undo").returncode == 0
    assert call("undo").returncode == 78
    assert subscribed(folder / "aggregator.db") == feeds
    (folder / "feeds.yaml").write_text("feeds: []\n")
    assert stories(call) == before


@pytest.mark.parametrize("command", [("merge", "1", "2"), ("split", "1", "2"), ("undo",)])
def test_a_database_that_is_not_there_is_not_made(call: Run, folder: Path, command: tuple[str, ...]) -> None:
    done = call("--db", "typo.db", *command)
    assert (done.returncode, done.stderr.count("\n")) == (78, 1)
    assert "typo.db does not exist" in done.stderr
    assert not (folder / "typo.db").exists()


def subscribed(database: Path) -> list[tuple[object, ...]]:
    with open_store(database, read_only=True) as store:
        return [tuple(row) for row in store.rows("SELECT url, wanted FROM feeds ORDER BY id")]


def test_a_contradiction_is_refused_with_its_reason(call: Run) -> None:
    call("split", "1", "3", "--reason", "another ferry")
    done = call("merge", "1", "4")
    assert done.returncode == 64
    assert "are kept apart" in done.stderr
    assert "(another ferry)" in done.stderr


def test_recluster_says_and_does(call: Run) -> None:
    before = stories(call)
    call("merge", "1", "2")
    tried = ["recluster", "--set", "cluster.window=1s", "--set", "cluster.young=1s"]
    said = call(*tried, "--dry-run").stdout
    placed, merged, *_ = said.splitlines()
    assert placed.startswith("8 entries placed anew, 1 of them in another story, 4 in the same one with another level")
    assert merged == "would merge: 0 stories"
    assert "would split: 1 story\n  story 3, into 2 stories:\n    1 entry in story 3\n        7  Bakers" in said
    assert "1 entry in a new story" in said
    assert "3 constraints of yours: these settings alone precision 1.00, recall 0.00" in said
    assert "\n2 constraints left out: " in said
    assert stories(call) == {1: [1, 2, 3, 4, 5, 6], 3: [7, 8]}
    data = json.loads(call(*tried, "--json").stdout)
    assert (data["elsewhere"], data["otherwise"]) == (1, 4)
    assert (data["entries"], data["constraints"], data["left_out"], len(data["splits"])) == (8, 3, 2, 1)
    assert data["settings"] == {"precision": 1.0, "recall": 0.0}
    assert stories(call) == {1: [1, 2, 3, 4, 5, 6], 3: [7], 4: [8]}
    call("undo")
    assert call("recluster").returncode == 0
    assert stories(call) == before


def test_recluster_waits_for_no_daemon(call: Run, folder: Path) -> None:
    """Which sketches anew what a former version did otherwise, without being asked."""
    with open_store(folder / "aggregator.db") as store:
        current = store.sketches([1, 2])
        store.replace_sketch(1, Sketch("former recipe", (), b"nonsense", current[1].features))
    with daemon(folder) as running:
        running.wait_for("sketched 1 entries anew")
        done = call("recluster")
        assert done.returncode == 75
        assert call("recluster", "--dry-run").returncode == 0
        running.stop()
    with open_store(folder / "aggregator.db") as store:
        assert store.sketches([1, 2]) == current
