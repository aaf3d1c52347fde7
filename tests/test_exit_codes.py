"""Signals and exit codes in docs/operations.md: the commands shown are run, the tests named are there."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from aggregator import errors
from aggregator.daemon import clock
from storage import open_store
from tests.daemon_process import aggregator, environment
from tests.daemon_site import Site, configure

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs/operations.md").read_text(encoding="utf-8")


def table(heading: str) -> list[list[str]]:
    """The cells of each row of the table under this heading."""
    section = TEXT.partition(f"### {heading}\n")[2].partition("\n#")[0]
    rows = [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("| ")]
    assert len(rows) > 3, heading
    return rows[1:]


CODES, SIGNALS = table("Exit codes"), table("Signals")
TYPED = [(int(code), command.strip("`")) for code, _, command, _ in CODES if " & " not in command and code.isdigit()]


@pytest.fixture
def site() -> Iterator[Site]:
    made = Site()
    with made.served:
        yield made


@pytest.mark.parametrize(("code", "command"), TYPED)
def test_the_command_gives_the_code(code: int, command: str, tmp_path: Path, site: Site) -> None:
    configure(tmp_path, site)
    (tmp_path / "README.md").write_text("# No database\n" * 100)
    open_store(tmp_path / "news.db").close()
    program = f'aggregator() {{ "{sys.executable}" -m aggregator "$@"; }}; {command}'
    done = subprocess.run(
        ["bash", "-c", program], cwd=tmp_path, env=environment(tmp_path), capture_output=True, text=True, check=False
    )
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr


# what a shell starts in the background ignores SIGINT, and so does all it starts: the tests themselves, perhaps
HEARING = """
import runpy, signal
signal.signal(signal.SIGINT, signal.default_int_handler)
runpy.run_module("aggregator", run_name="__main__", alter_sys=True)
"""


def test_a_round_ended_by_ctrl_c_is_asked_again(tmp_path: Path, site: Site) -> None:
    site.gate.clear()
    configure(tmp_path, site)
    round_ = subprocess.Popen(
        [sys.executable, "-c", HEARING, "poll"], cwd=tmp_path, env=environment(tmp_path),
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert site.asked.wait(60)
    os.kill(round_.pid, signal.SIGINT)
    _, said = round_.communicate(timeout=60)
    assert (round_.returncode, said) == (130, "\n")  # after the terminal's ^C
    site.gate.set()
    assert "3 new entries" in aggregator(tmp_path, "poll").stdout


def test_the_tables_are_whole() -> None:
    codes = {kind.exit_code for kind in vars(errors).values() if isinstance(kind, type) and hasattr(kind, "exit_code")}
    shown = {int(number) for row in CODES for number in row[0].split(", ")}
    assert shown == codes - {70} | {0, 1, 130, 143}  # 70 is only the base's
    told = {f"SIG{name}" for row in SIGNALS for name in row[0].split(", ") if name.isupper()}
    heard = {signal.SIGHUP, signal.SIGUSR1, signal.SIGKILL, *clock.STOPS}
    assert told == {signal.Signals(number).name for number in heard}
    assert len(TYPED) >= 7


def test_every_test_named_in_the_manual_is_there() -> None:
    written = {
        name
        for file in (ROOT / "tests").glob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", file.read_text(), re.M)
    }
    named = {name for row in (*CODES, *SIGNALS) for name in re.findall(r"`(test_\w+)`", row[-1])}
    assert named <= written
    assert all(re.search(r"`test_\w+`", row[-1]) for row in (*CODES, *SIGNALS))
