"""What the fork server has loaded, its workers need not load and hold for themselves."""

import gc

from aggregator.parse.pool import Workers
from aggregator.text import language


def _held(_: int) -> tuple[bool, bool]:
    """In a worker: whether the language model is there before the first document, and its pages stay shared."""
    return language._identifier.cache_info().currsize == 1, gc.get_freeze_count() > 10_000


def test_a_worker_inherits_the_language_model_and_leaves_it_where_it_is() -> None:
    with Workers(_held, processes=1, seconds=60, memory_mb=512, preload="aggregator.warmed") as workers:
        assert list(workers.run([0])) == [(0, (True, True))]
