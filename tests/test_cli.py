"""The command line: quick help, one JSON document, exit codes, one line for every foreseen error."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aggregator.cli import COMMANDS, main
from storage import open_store

ROOT = Path(__file__).parents[1]
ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT), "TZ": "UTC"}
NOW = datetime.now(UTC)
ARTICLES = [
    {"id": "a", "title": "Ferry runs aground off Port Calder", "text": "A ferry with 214 people aboard hit rocks.",
     "published": (NOW - timedelta(hours=2)).isoformat(), "source": "Post", "url": "https://post.example/ferry"},
    {"id": "b", "title": "Council backs cable car to the Kroneck", "text": "Councillors voted 14 to 9 for the line.",
     "published": (NOW - timedelta(hours=1)).isoformat(), "source": "Courier", "url": "https://courier.example/cable"},
]  # fmt: skip


@dataclass
class Done:
    """What one call came to."""

    returncode: int
    stdout: str
    stderr: str


Run = Callable[..., Done]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]) -> Run:
    """Call the console script's function in `tmp_path`, with nothing of this user's around it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))

    def call(*arguments: str) -> Done:
        capsysbinary.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        out, err = capsysbinary.readouterr()
        assert isinstance(ended.value.code, int)
        return Done(ended.value.code, out.decode(), err.decode())

    return call


def python(code: str, folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, check=True
    )
    return done.stdout


@pytest.fixture
def filed(tmp_path: Path, run: Run) -> Path:
    """A folder with a configuration and two ingested articles."""
    (tmp_path / "feeds.yaml").write_text("feeds: []\n")
    (tmp_path / "articles.jsonl").write_text("".join(json.dumps(article) + "\n" for article in ARTICLES))
    done = run("ingest", "articles.jsonl")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "2 new entries, 0 revised, 0 known already\n"
    return tmp_path


def test_help_names_every_command_and_imports_nothing_heavy(tmp_path: Path) -> None:
    code = (
        "import sys, aggregator.cli as c\ntry: c.cli(['--help'])\nexcept SystemExit: pass\nprint(*sys.modules)\n"
        "import resource; print(resource.getrusage(resource.RUSAGE_SELF).ru_utime, file=sys.stderr)"
    )
    *shown, modules = python(code, tmp_path).splitlines()
    listed = {line.split()[0] for line in shown if line.startswith("  ") and line.strip()}
    assert set(COMMANDS) <= listed
    heavy = {"aiohttp", "numpy", "feedparser", "pydantic", "sqlite_utils", "jinja2", "apscheduler", "rich", "ruamel"}
    assert set(modules.split()) & heavy == set()


def test_reading_does_not_pay_for_polling(tmp_path: Path) -> None:
    code = "import sys, aggregator.app, aggregator.cli.stories\nprint(*sys.modules)"
    heavy = {"aiohttp", "scipy", "feedparser", "datasketch", "wordfreq", "pebble"}
    assert set(python(code, tmp_path).split()) & heavy == set()


def test_every_command_has_help(tmp_path: Path) -> None:
    code = "import click, aggregator.cli as c\nfor n in c.COMMANDS:\n    click.echo(c.cli.get_command(None, n).help)"
    said = python(code, tmp_path)
    assert len(said.splitlines()) >= len(COMMANDS)
    assert "None" not in said


def test_json_is_one_document(filed: Path, run: Run) -> None:
    stories = json.loads(run("stories", "--json").stdout)
    assert [story["title"] for story in stories] == [ARTICLES[1]["title"], ARTICLES[0]["title"]]
    story = json.loads(run("show", str(stories[0]["id"]), "--json").stdout)
    assert story["members"][0]["outlet"] == "Courier"
    assert json.loads(run("search", "ferry", "--json").stdout)[0]["story_id"] == stories[1]["id"]
    assert json.loads(run("feeds", "list", "--json").stdout) == []
    assert json.loads(run("db", "stats", "--json").stdout)["entries"] == 2
    assert json.loads(run("poll", "--json").stdout) == []
    assert len(json.loads(run("digest", "--json").stdout)["stories"]) == 2


def test_a_past_mail_comes_back_whole_or_in_parts(filed: Path, run: Run) -> None:
    (filed / "feeds.yaml").write_text(
        f"digest: {{to: you@example.org, at: '{datetime.now(UTC):%H:%M}'}}\n"
        "smtp: {instead: folder, path: mails, sender: me@example.org}\n"
    )
    assert run("digest", "--send").returncode == 0
    (mail,) = (filed / "mails").iterdir()
    day = json.loads(run("digest", "list", "--json").stdout)[0]["local_date"]
    past = ("digest", "--date", day)
    assert run(*past).stdout.encode() == mail.read_bytes()
    assert run(*past, "--eml", "again.eml", "--html", "again.html").stdout == "wrote again.eml\nwrote again.html\n"
    assert (filed / "again.eml").read_bytes() == mail.read_bytes()
    assert (filed / "again.html").read_text().startswith("<!DOCTYPE html>")
    text = run(*past, "--text").stdout
    assert text.startswith("Daily digest\n")
    assert "\r" not in text


def test_show_tells_the_reason(filed: Path, run: Run) -> None:
    shown = run("show", "1")
    assert "Ferry runs aground off Port Calder" in shown.stdout
    assert "new: " in shown.stdout


HUGE = "9" * 23


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["show", HUGE], "larger than any"),
        (["show", "999"], "no story 999: `aggregator stories` lists them"),
        (["why", HUGE], "larger than any"),
        (["why", "1", HUGE], "larger than any"),
        (["why", "1", "--story", HUGE], "larger than any"),
        (["why", "1", "--story", f"-{HUGE}"], "larger than any"),
        (["why", "1", "--story", str(2**63 - 1)], "no story 9223372036854775807: `aggregator stories`"),
        (["merge", "1", HUGE], "larger than any"),
        (["split", HUGE, "1"], "larger than any"),
        (["split", "1", HUGE], "larger than any"),
        (["stories", "--limit", HUGE], "not in the range"),
        (["search", "ferry", "--limit", HUGE], "not in the range"),
        (["digest", "list", "--limit", HUGE], "not in the range"),
        (["stories", "--since", "900000d"], "beyond the calendar"),
        (["search", "ferry", "--since", "9999999999d"], "beyond the calendar"),
        (["export", "entries", "--since", f"{HUGE}w"], "beyond the calendar"),
        (["recluster", "--since", "9999999999d"], "beyond the calendar"),
        (["recluster", "--since", "²d"], "is no time: write 12h"),
        (["recluster", "--since", "0001-01-03"], "beyond the calendar"),
        (["recluster", "--since", "9999-12-31T23:59:59-12:00"], "beyond the calendar"),
    ],
    ids=lambda value: " ".join(value)[:40],
)
def test_what_no_entry_and_no_calendar_has_is_a_usage_error(
    filed: Path, run: Run, arguments: list[str], named: str
) -> None:
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (64, "")
    assert named in done.stderr.splitlines()[-1]


def test_the_earliest_moment_leaves_room_for_the_longest_window(filed: Path, run: Run) -> None:
    assert run("recluster", "--since", "1000-01-02", "--set", "cluster.window=36500d").returncode == 0


def test_a_poll_sketches_anew_what_another_version_sketched(filed: Path, run: Run) -> None:
    with open_store(filed / "aggregator.db") as store:
        for entry_id, sketch in store.sketches([1, 2]).items():
            store.replace_sketch(entry_id, replace(sketch, recipe="former recipe"))
    done = run("poll")
    assert (done.returncode, done.stderr) == (0, "sketched 2 entries anew: another version did it otherwise\n")
    assert run("poll").stderr == ""


def test_cluster_needs_no_database(filed: Path, run: Run) -> None:
    (filed / "feeds.yaml").unlink()
    done = run("cluster", "articles.jsonl")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [set(line) for line in lines] == [{"id", "story", "copies", "reason"}] * 2
    run("cluster", "articles.jsonl", "--output", "out.jsonl")
    assert (filed / "out.jsonl").read_text() == done.stdout


ERRORS = [
    (["stories", "--since", "whenever"], 64, "whenever"),
    (["show", "999"], 64, "no story 999"),
    (["show", "x"], 64, "x"),
    (["frobnicate"], 64, "frobnicate"),
    (["poll", "no such feed"], 64, "no such feed"),
    (["ingest", "broken.jsonl"], 65, "broken.jsonl:1"),
    (["--db", "text.db", "stories"], 65, "text.db"),
    (["--config", "nowhere.yaml", "stories"], 78, "nowhere.yaml"),
    (["--config", "wrong.yaml", "poll"], 78, "wrong.yaml:1"),
    (["init"], 64, "feeds.yaml exists"),
    (["search", "--raw", '"'], 64, ""),
]


@pytest.mark.parametrize(("arguments", "code", "named"), ERRORS, ids=lambda value: str(value)[:40])
def test_a_foreseen_error_is_one_line_and_a_code(
    arguments: list[str], code: int, named: str, tmp_path: Path, run: Run
) -> None:
    (tmp_path / "feeds.yaml").write_text("feeds: []\n")
    (tmp_path / "wrong.yaml").write_text("feds: []\n")
    (tmp_path / "broken.jsonl").write_text("{\n")
    (tmp_path / "text.db").write_text("not a database, " * 100)
    assert run("poll").returncode == 0  # makes the database
    done = run(*arguments)
    assert done.returncode == code, done.stderr
    assert named in done.stderr
    assert "Traceback" not in done.stderr
    assert len([line for line in done.stderr.splitlines() if line.startswith(("aggregator:", "Error:"))]) == 1


def test_init_writes_a_file_that_polls_can_read(tmp_path: Path, run: Run) -> None:
    done = run("init")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "feeds.yaml").read_text().count("https://") > 3
    assert run("feeds", "list", "--json", "--failing").returncode == 78  # no database yet, said so


def test_init_takes_an_opml_file(tmp_path: Path, run: Run) -> None:
    (tmp_path / "old.opml").write_text(
        '<opml version="2.0"><body><outline text="film"><outline text="A" type="rss" xmlUrl="https://a.example/f"/>'
        "</outline></body></opml>"
    )
    assert run("init", "--opml", "old.opml").returncode == 0
    assert "https://a.example/f" in (tmp_path / "feeds.yaml").read_text()
    exported = run("feeds", "export").stdout
    assert 'xmlUrl="https://a.example/f"' in exported
    assert "film" in exported


def test_control_characters_are_shown_not_obeyed(tmp_path: Path, run: Run) -> None:
    (tmp_path / "feeds.yaml").write_text("feeds: []\n")
    article = ARTICLES[0] | {"title": "Evil \x1b[31mred\x07 title", "source": "Ev\x1b[2Jil"}
    (tmp_path / "articles.jsonl").write_text(json.dumps(article) + "\n")
    run("ingest", "articles.jsonl")
    for command in (["stories"], ["show", "1"], ["search", "ferry"], ["digest"]):
        assert "\x1b" not in run(*command).stdout


def test_output_into_a_closed_pipe_says_nothing(filed: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "aggregator", "show", "1", "--json"],
        cwd=filed, env=ENVIRONMENT, stdout=writer, stderr=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    os.close(writer)
    assert done.stderr == ""
