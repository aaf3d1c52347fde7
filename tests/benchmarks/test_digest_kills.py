"""kill -9 at 200 random moments around sending."""

from pathlib import Path

import pytest

from tests.test_outbox import kill_and_recover

pytestmark = pytest.mark.bench


def test_two_hundred_kills(tmp_path: Path) -> None:
    doubles = kill_and_recover(tmp_path, 200)
    print(f"\n200 kills: none lost, {doubles} doubles, each in the window and byte for byte")
