"""One line for the service manager, as sd_notify(3) has it: a datagram to the socket it named. Nothing without one."""

import os
import socket
import time
from collections.abc import Mapping
from contextlib import suppress


def notify(*states: str, environ: Mapping[str, str] = os.environ) -> None:
    """``notify("READY=1", "STATUS=42 feeds")``. What the manager does not hear is no fault of ours."""
    address = environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):  # abstract, see unix(7)
        address = "\0" + address[1:]
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as way:
        way.sendto("\n".join(states).encode(), address)


def reloading() -> None:
    """Until the next READY=1; the moment is what Type=notify-reload wants to see."""
    notify("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")


def watchdog(environ: Mapping[str, str] = os.environ) -> float | None:
    """How many seconds may pass between two WATCHDOG=1: half of what the manager allows. None: it does not watch us."""
    if environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    with suppress(ValueError):
        allowed = int(environ.get("WATCHDOG_USEC", ""))
        return allowed / 2e6 if allowed > 0 else None
    return None
