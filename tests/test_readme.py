"""Every command the README shows is run as it stands there (those that need the outside elsewhere: see ELSEWHERE)."""

import itertools
import json
import re
import shlex
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aggregator.cli import main
from tests.articles import articles

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
COMMANDS = [
    line.split("#")[0].strip()
    for block in re.findall(r"```sh\n(.*?)```", README, flags=re.DOTALL)
    for line in block.splitlines()
    if line.strip() and not line.startswith("#")
]
ELSEWHERE = {
    "make demo": "test_demo.py",
    "make test": "this run",
    "python3 -m venv": "test_packaging.py",
    "aggregator run": "test_daemon.py",
}
STORIES = 60  # the README shows story 42


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixty invented articles, ingested: a database as after a first day."""
    folder = tmp_path_factory.mktemp("readme")
    now = datetime.now(UTC)
    lines = [
        {"id": str(n), "title": one.title, "text": one.text, "source": f"Gazette {n % 7}",
         "published": (now - timedelta(minutes=STORIES - n)).isoformat(), "url": f"https://gazette.example/{n}"}
        for n, one in enumerate(itertools.islice(articles(1, events=100_000), STORIES))
    ]  # fmt: skip
    for name in ("archive.jsonl", "day.jsonl"):
        (folder / name).write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return folder


def test_the_readme_shows_commands_this_test_knows() -> None:
    assert len(COMMANDS) >= 12
    assert any(command.startswith("aggregator show") for command in COMMANDS)


def test_every_command_shown_does_what_it_says(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(folder))
    own = [command.replace(".venv/bin/", "") for command in COMMANDS]
    shown = [command for command in own if not command.startswith(tuple(ELSEWHERE))]
    # init makes feeds.yaml; then its feeds, which are not on this machine, give way to ingested articles
    for command in sorted(shown, key=lambda command: ("init" not in command, "ingest" not in command)):
        program, *arguments = shlex.split(command)
        if program == "aggregator":
            with pytest.raises(SystemExit) as ended:
                main(arguments)
            assert ended.value.code in (0, 1) if arguments[0] in ("status", "doctor") else ended.value.code == 0, (
                command
            )
        else:
            subprocess.run([Path(sys.executable).with_name(program), *arguments], check=True, capture_output=True)
        if arguments[0] == "init":
            (folder / "feeds.yaml").write_text("feeds: []\n")
    assert (folder / "digest.html").read_text(encoding="utf-8").startswith("<!")
    assert (folder / "e.jsonl").exists()
