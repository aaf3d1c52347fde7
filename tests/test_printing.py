"""What people read on a terminal: nothing they need is pushed out by something long."""

from datetime import UTC, datetime

import pytest

from aggregator.cli.printing import print_table, when
from aggregator.model import NEVER


def test_a_long_trouble_pushes_no_name_out(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    columns = dict.fromkeys(("feed", "status", "next", "trouble"), "left")
    print_table(columns, [("Harbour", "failing", "Sat 21 Nov 03:48", "why " * 60)], wide=("feed", "trouble"))
    said = capsys.readouterr().out.split()
    assert {"Harbour", "failing", "03:48"} <= set(said)
    assert said.count("why") == 60


def test_a_moment_that_never_comes() -> None:
    assert when(NEVER) == "never"
    assert when(None) == "–"
    assert when(datetime(2026, 11, 21, tzinfo=UTC)).startswith(("Fri 20", "Sat 21"))
