"""What the fork server has loaded, its workers need not load and hold for themselves."""

import gc
import subprocess
import sys
from pathlib import Path

from aggregator.parse.pool import Workers
from aggregator.text import language


def _held(_: int) -> tuple[bool, bool]:
    """In a worker: whether the language model is there before the first document, and its pages stay shared."""
    return language._identifier.cache_info().currsize == 1, gc.get_freeze_count() > 10_000


def ask() -> None:
    with Workers(_held, processes=1, seconds=60, memory_mb=512, preload="aggregator.warmed") as workers:
        print(*(result for _, result in workers.run([0])))


def test_a_worker_inherits_the_language_model_and_leaves_it_where_it_is() -> None:
    """In a process of its own: there is one fork server in each, and other tests have started this one's."""
    asked = [sys.executable, "-c", "from tests.test_warmed import ask; ask()"]
    said = subprocess.run(asked, cwd=Path(__file__).parents[1], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "(True, True)"
