"""Shared fixtures. The reference data beside the project is optional: tests that need it skip, saying so."""

import os
from pathlib import Path

import pytest

SHARED = Path(os.environ.get("AGGREGATOR_SHARED", Path(__file__).parents[1].parent / "shared"))


@pytest.fixture(scope="session")
def shared() -> Path:
    if not (SHARED / "corpora").is_dir():
        pytest.skip(f"reference data not found at {SHARED} (set AGGREGATOR_SHARED)")
    return SHARED
