"""The C heap of a process that lives for months: one arena for all threads, and what is free goes back. glibc only.

glibc gives threads arenas of their own: what a digest, a lookup or a closed database leaves free in one is of no use to
the others. And it returns only what lies at the end of an arena: one small thing kept after a large moment keeps all
of it (mallopt(3), M_ARENA_MAX; malloc_trim(3)).
"""

import ctypes

_M_ARENA_MAX = -8  # malloc.h


def share() -> None:
    """One arena from now on; what other threads have already stays theirs."""
    _call("mallopt", _M_ARENA_MAX, 1)


def give_back() -> None:
    """To the system, all that is free. Milliseconds."""
    _call("malloc_trim", 0)


def _call(name: str, *arguments: int) -> None:
    """Nothing where the C library has no such function."""
    function = getattr(ctypes.CDLL(None), name, None)
    if function is not None:
        function(*arguments)
