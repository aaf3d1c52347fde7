"""`make demo`, as a user runs it: the real program against the gold of the newspapers."""

import json
import socket
import sqlite3
import subprocess
import sys
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from examples.demo import NEWSPAPERS
from examples.server import serve

ROOT = Path(__file__).parents[1]


def free_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return str(probe.getsockname()[1])


def demo(folder: Path, port: str) -> str:
    words = [sys.executable, "-m", "examples.demo", str(folder), port]
    finished = subprocess.run(words, check=False, cwd=ROOT, capture_output=True, text=True, timeout=280)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished.stdout


def poll_again(folder: Path, port: int) -> list[dict[str, Any]]:
    """What a second round on the day of the first one says of every feed."""
    with sqlite3.connect(f"file:{folder / 'aggregator.db'}?mode=ro", uri=True) as database:
        (day,) = database.execute("select min(last_modified) from feeds").fetchone()
    words = [sys.executable, "-m", "aggregator", "--config", str(folder / "feeds.yaml"), "poll", "--force", "--json"]
    with serve(NEWSPAPERS, now=parsedate_to_datetime(day), port=port):
        polled = subprocess.run(words, check=True, cwd=ROOT, capture_output=True, text=True, timeout=120)
    feeds: list[dict[str, Any]] = json.loads(polled.stdout)
    return feeds


def placed(folder: Path) -> dict[str, tuple[int, str]]:
    """paper/guid → (story, level)."""
    with sqlite3.connect(f"file:{folder / 'aggregator.db'}?mode=ro", uri=True) as database:
        rows = database.execute(
            "select f.url, e.guid, e.story_id, p.level from entries e "
            "join feeds f on f.id = e.feed_id join placements p on p.entry_id = e.id"
        ).fetchall()
    return {f"{Path(urlsplit(url).path).stem}/{guid}": (story, level) for url, guid, story, level in rows}


def judge(found: dict[str, tuple[int, str]], gold: dict[str, Any]) -> list[str]:
    """What differs from the gold, in words."""
    faults = []
    for name, told in gold["stories"].items():
        if len({found[entry][0] for entry in told}) > 1:
            faults.append(f"split: {name}")
    story_of = {entry: name for name, told in gold["stories"].items() for entry in told}
    names_of: dict[int, set[str]] = {}
    for entry, (story, _) in found.items():
        if entry not in gold["other_language"]:
            names_of.setdefault(story, set()).add(story_of.get(entry, entry))
    faults += [f"glued: {sorted(names)}" for names in names_of.values() if len(names) > 1]
    for group in gold["copies"]:
        if sum(found[entry][1] == "copy" for entry in group) != len(group) - 1:
            faults.append(f"not one original and its copies: {group}")
    for group in gold["revisions"]:
        if "revision" not in {found[entry][1] for entry in group}:
            faults.append(f"no revision: {group}")
    copies = {entry for group in gold["copies"] for entry in group}
    faults += [f"no copy: {entry}" for entry, (_, level) in found.items() if level == "copy" and entry not in copies]
    return faults


def test_the_demo_tells_every_story_once_and_a_second_round_downloads_nothing(tmp_path: Path) -> None:
    gold = json.loads((NEWSPAPERS / "expected.json").read_text("utf-8"))
    port = free_port()
    said = demo(tmp_path, port)
    for command in ("poll --force", "stories", "show ", "digest --html"):
        assert f"$ aggregator --config {tmp_path / 'feeds.yaml'} {command}" in said
    assert "36 new entries" in said
    assert "Marigold" in (tmp_path / "digest.html").read_text("utf-8")
    found = placed(tmp_path)
    assert len(found) == 36
    assert judge(found, gold) == []
    assert {(feed["status"], feed["new"]) for feed in poll_again(tmp_path, int(port))} == {(304, 0)}
    assert placed(tmp_path) == found


def test_the_judge_sees_faults() -> None:
    gold = {
        "stories": {"one": ["a", "b"], "two": ["c"]},
        "copies": [["a", "b"]],
        "revisions": [["c", "d"]],
        "other_language": {},
    }
    good = {"a": (1, "new"), "b": (1, "copy"), "c": (2, "new"), "d": (2, "revision")}
    assert judge(good, gold | {"stories": {"one": ["a", "b"], "two": ["c", "d"]}}) == []
    assert judge(good | {"b": (3, "new"), "d": (2, "copy")}, gold) == [
        "split: one",
        "glued: ['d', 'two']",
        "not one original and its copies: ['a', 'b']",
        "no revision: ['c', 'd']",
        "no copy: d",
    ]
