"""`aggregator poll` among broken feeds: each is named in one line, exit codes are as documented, the rest is well.

The real command as a process, real HTTP on loopback, real worker processes.
"""

import json
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from aiohttp import web

from tests.parse_faults import FAULTS
from tests.replay.loopback import Loopback, address
from tests.replay.stream import Piece, rss

_NOW = datetime.now(UTC).replace(microsecond=0)


def _news(name: str) -> bytes:
    words = f"The {name} reports that the harbour of Karveldova reopened after the flood had closed it for nine days."
    pieces = [
        Piece(
            f"{name}-{number}",
            f"Report {number} of {name}",
            words,
            "",
            f"https://{name}.example/{number}",
            "en",
            at,
            at,
        )
        for number in range(3)
        for at in [_NOW - timedelta(hours=number)]
    ]
    return rss(name, pieces, shown=lambda moment: moment)


_HANGS = FAULTS["many_categories"]()  # each is looked for among all before it
_LIMPS = _news("limps").replace(b"flood had", b"flood & storm had").replace(b"</channel></rss>", b"")
_PAGE = b"<!DOCTYPE html><html><head><title>Hello</title></head><body><p>We have a new website.</p></body></html>"
_BODIES = {  # host ─► status and body
    "well": (200, _news("well")),
    "also-well": (200, _news("also-well")),
    "limps": (200, _LIMPS),
    "malformed": (200, b"<?xml version='1.0'?><<<item>&&& title"),
    "empty": (200, b""),
    "page": (200, _PAGE),
    "missing": (404, _PAGE),
    "hangs": (200, _HANGS),
}
_MARKS = {  # what the line about it must say
    "malformed": "not a feed",
    "empty": "empty document",
    "page": "HTML page",
    "missing": "404",
    "refused": "refuse",
    "hangs": "took more than 8 s",
}


@dataclass(frozen=True)
class World:
    """Feeds on the air and a configuration that reads those it is asked to."""

    folder: Path
    urls: dict[str, str]

    def poll(self, *names: str, json_too: bool = False) -> "subprocess.CompletedProcess[str]":
        """One `aggregator poll` over a feeds.yaml with these feeds."""
        config = self.folder / "feeds.yaml"
        lines = [f"database: {json.dumps(str(self.database))}", "poll:", "  allow_networks: [127.0.0.0/8]"]
        lines += [
            "  parse_timeout: 8s",
            "feeds:",
            *(f"  - {{url: '{self.urls[name]}', title: {name}}}" for name in names),
        ]
        config.write_text("\n".join(lines), encoding="utf-8")
        command = [
            sys.executable,
            "-m",
            "aggregator",
            "--config",
            str(config),
            "poll",
            *(["--json"] if json_too else []),
        ]
        return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)

    @property
    def database(self) -> Path:
        return self.folder / "faults.db"

    def stored(self) -> dict[str, int]:
        with closing(sqlite3.connect(self.database)) as db:
            return dict(
                db.execute("SELECT feeds.title, count(*) FROM entries JOIN feeds ON feeds.id = feed_id GROUP BY 1")
            )


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    hosts = {address(number): name for number, name in enumerate(_BODIES)}

    async def answer(request: web.BaseRequest) -> web.Response:
        assert request.transport is not None
        status, body = _BODIES[hosts[request.transport.get_extra_info("sockname")[0]]]
        return web.Response(status=status, body=body, content_type="application/rss+xml")

    with Loopback(answer, list(hosts)) as loopback, socket.socket() as nobody:
        nobody.bind((address(len(hosts)), 0))  # bound, not listening: connections are refused
        urls = {name: loopback.url(host, "feed.xml") for host, name in hosts.items()}
        urls["refused"] = "http://{}:{}/feed.xml".format(*nobody.getsockname())
        yield World(tmp_path, urls)


def test_every_broken_feed_is_named_in_one_line_and_the_others_come_in(world: World) -> None:
    done = world.poll("well", *_MARKS, "limps", "also-well")
    assert done.returncode == 0, done.stderr
    lines = done.stderr.splitlines()
    assert len(lines) == len(_MARKS) + 1, done.stderr
    assert [line for line in lines if line.startswith("limps: malformed, but read: line ")]
    for name, mark in _MARKS.items():
        told = [line for line in lines if line.startswith(f"{name}:")]
        assert len(told) == 1, done.stderr
        assert mark in told[0]
        assert "next try" in told[0]
    assert world.stored() == {"well": 3, "also-well": 3, "limps": 3}  # what can be read is read
    assert "6 failed" in done.stdout
    assert "9 new" in done.stdout


def test_when_every_feed_fails_the_exit_code_says_so(world: World) -> None:
    done = world.poll("missing", "refused")
    assert done.returncode == 69
    assert "every feed asked failed" in done.stderr
    assert "Traceback" not in done.stderr


def test_programs_are_told_the_same_and_a_second_poll_waits_for_the_retries(world: World) -> None:
    done = world.poll("well", "empty", "missing", json_too=True)
    assert done.returncode == 0, done.stderr
    told = {one.title: one for one in json.loads(done.stdout, object_hook=lambda fields: SimpleNamespace(**fields))}
    assert (told["well"].new, told["well"].error) == (3, "")
    assert told["missing"].status == 404
    assert told["empty"].new == 0
    assert told["empty"].error
    again = world.poll("well", "empty", "missing")
    assert (again.returncode, again.stderr) == (0, "")
    assert "due" in again.stdout
