"""Shared fixtures. The reference data beside the project is optional: tests that need it skip, saying so."""

import os
import shutil
from pathlib import Path

import pytest

SHARED = Path(os.environ.get("AGGREGATOR_SHARED", Path(__file__).parents[1].parent / "shared"))


@pytest.fixture(scope="session")
def shared() -> Path:
    if not (SHARED / "corpora").is_dir():
        pytest.skip(f"reference data not found at {SHARED} (set AGGREGATOR_SHARED)")
    return SHARED


@pytest.fixture(scope="session")
def _demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from tests import demo_database  # noqa: PLC0415 – loads everything that polling needs

    return demo_database.make(tmp_path_factory.mktemp("demo"))


@pytest.fixture
def demo_database(_demo: Path, tmp_path: Path) -> Path:
    """The path of a fresh copy of the sample newspapers' database; its feeds.yaml lies beside it."""
    for name in (_demo.name, "feeds.yaml"):
        shutil.copy(_demo.with_name(name), tmp_path / name)
    return tmp_path / _demo.name
