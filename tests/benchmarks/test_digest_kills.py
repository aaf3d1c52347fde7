"""kill -9 at 200 random moments around sending: of the daily round alone, and of the whole daemon."""

from pathlib import Path

import pytest

from tests.test_daemon_mail import kill_the_daemon
from tests.test_outbox import kill_and_recover

pytestmark = pytest.mark.bench


def test_the_round_killed(tmp_path: Path) -> None:
    doubles = kill_and_recover(tmp_path, 150)
    print(f"\n150 kills of the round: none lost, {doubles} doubles, each in the window and byte for byte")


def test_the_daemon_killed(tmp_path: Path) -> None:
    doubles = kill_the_daemon(tmp_path, 50)
    print(f"\n50 kills of the daemon: none lost, {doubles} doubles, each in the window and byte for byte")
