"""The C heap of a process that lives for months: one arena for all threads. glibc only.

glibc gives threads arenas of their own. What a digest, a lookup or a closed database leaves free in one is of no use
to the others, so the process grows with every thread that ever had a large moment (mallopt(3), M_ARENA_MAX).
"""

import ctypes

_M_ARENA_MAX = -8  # malloc.h


def share() -> None:
    """One arena from now on; what other threads have already stays theirs. Without glibc nothing happens."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, 1)
