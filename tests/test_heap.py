"""The daemon's C heap: however many threads, one arena; what a large moment took goes back to the system."""

import ctypes
import re
import subprocess
import sys

import pytest

ARENAS = """
import ctypes, sys, threading
from aggregator.daemon import heap

if "share" in sys.argv:
    heap.share()
ready = threading.Barrier(9)

def hold():
    kept = [bytearray(4000) for _ in range(50)]  # too large for Python's own arenas
    ready.wait(60)
    ready.wait(60)
    return kept

for _ in range(8):
    threading.Thread(target=hold, daemon=True).start()
ready.wait(60)
libc = ctypes.CDLL(None)
libc.fdopen.restype, libc.fdopen.argtypes = ctypes.c_void_p, (ctypes.c_int, ctypes.c_char_p)
libc.malloc_info.argtypes, libc.fflush.argtypes = (ctypes.c_int, ctypes.c_void_p), (ctypes.c_void_p,)
out = libc.fdopen(1, b"w")
libc.malloc_info(0, out)
libc.fflush(out)
ready.wait(60)
"""


LARGE_MOMENT = """
from pathlib import Path
from aggregator.daemon import heap

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 // 2**20

kept = [bytearray(4000) for _ in range(20_000)]
del kept[:-1]
before = resident()
heap.give_back()
print(before - resident())
"""
glibc = pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_info"), reason="not glibc")


@glibc
@pytest.mark.parametrize("words", [[], ["share"]])
def test_threads_share_one_arena(words: list[str]) -> None:
    done = subprocess.run([sys.executable, "-c", ARENAS, *words], capture_output=True, text=True, check=True)
    arenas = len(re.findall("<heap nr=", done.stdout))
    assert (arenas == 1) is bool(words), done.stdout


@glibc
def test_one_thing_kept_does_not_keep_the_rest() -> None:
    done = subprocess.run([sys.executable, "-c", LARGE_MOMENT], capture_output=True, text=True, check=True)
    assert int(done.stdout) > 40  # MiB of the 76 that were free
