"""docs/cli.md is what the commands say; shells can complete them."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli_reference import reference

ROOT = Path(__file__).parents[1]


def test_the_reference_is_up_to_date() -> None:
    assert (ROOT / "docs/cli.md").read_text(encoding="utf-8") == reference(), "run `make cli-docs`"


def test_the_reference_is_whole() -> None:
    text = reference()
    for heading in ("## aggregator run", "## aggregator status", "## aggregator doctor", "## aggregator feeds list"):
        assert f"\n{heading}\n" in text


def complete(words: str, current: int) -> list[str]:
    """What bash would offer, as click's own script asks for it."""
    ask = "import sys; sys.argv[0] = 'aggregator'; from aggregator.cli import main; main()"
    asked = {"_AGGREGATOR_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(current)}
    environ = os.environ | {"PYTHONPATH": str(ROOT)} | asked
    done = subprocess.run([sys.executable, "-c", ask], env=environ, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    return [line.partition(",")[2] for line in done.stdout.splitlines()]


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("aggregator st", {"stories", "status"}),
        ("aggregator digest li", {"list"}),
        ("aggregator run --lo", {"--log-format"}),
        ("aggregator run --log-format j", {"json"}),
    ],
)
def test_shells_complete_commands_and_options(words: str, offered: set[str]) -> None:
    assert set(complete(words, len(words.split()) - 1)) == offered


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_its_script(shell: str) -> None:
    if shell == "bash" and shutil.which("bash") is None:
        pytest.skip("no bash to ask for its version")
    ask = "import sys; sys.argv[0] = 'aggregator'; from aggregator.cli import main; main()"
    environ = os.environ | {"PYTHONPATH": str(ROOT), "_AGGREGATOR_COMPLETE": f"{shell}_source"}
    done = subprocess.run([sys.executable, "-c", ask], env=environ, capture_output=True, text=True, check=False)
    assert "_AGGREGATOR_COMPLETE" in done.stdout
