"""kill -9 of the real daemon around sending: no mail is lost, and none comes twice but in the one window."""

import json
import random
import signal
import sqlite3
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.daemon_process import Running, aggregator, daemon
from tests.digest_server import MailServer, mail_server

YOU = "reader@example.org"
ARTICLE = {"id": "1", "title": "Ferry aground off Orla", "url": "https://n.example.org/1", "source": "Harbour Times"}


def test_the_daemon_is_killed_around_sending(tmp_path: Path) -> None:
    kill_the_daemon(tmp_path, 4)


def kill_the_daemon(folder: Path, kills: int) -> int:
    """So many daemons one after the other, each with a mail to make and perhaps those of its dead forerunners to send,
    each killed at a random moment, every other one while it talks to the mail server or soon after; the last one may
    finish. Returns how many mails came twice.
    """
    chance = random.Random(kills)
    (folder / "article.jsonl").write_text(json.dumps(ARTICLE))
    with mail_server() as server:
        server.delay = 0.2
        _configure(folder, server.port, 1)
        assert aggregator(folder, "ingest", "article.jsonl").returncode == 0
        with daemon(folder) as running:
            usual = _until_sent(running, 1)
            running.stop()
        windows: Counter[bytes] = Counter()  # mail ─► how often it was taken and not marked
        for kill in range(kills):
            _configure(folder, server.port, kill + 2)
            with daemon(folder) as running:
                running.wait_for("started")
                if kill % 2:
                    time.sleep(chance.uniform(0, 1.2 * usual))
                else:
                    _until(lambda: bool(server.open))
                    time.sleep(chance.uniform(0, 1.5 * server.delay))
                running.send(signal.SIGKILL)
                running.process.wait()
            server.settle()
            before, got = windows.total(), Counter(_got(server))
            windows |= Counter({mail: got[mail] for state, mail in _ledger(folder) if state == "pending"})
            assert windows.total() - before <= 1, "one kill made two doubles"
        with daemon(folder) as running:
            _until_sent(running, kills + 1)
            running.stop()
    ledger = _ledger(folder)
    assert [state for state, _ in ledger] == ["sent"] * (kills + 1)
    assert Counter(_got(server)) == {mail: 1 + windows[mail] for _, mail in ledger}
    return windows.total()


def _configure(folder: Path, port: int, digests: int) -> None:
    """So many digests, all due; JSON is YAML."""
    at = (datetime.now(UTC) - timedelta(minutes=2)).strftime("%H:%M")
    settings = {
        "database": "news.db",
        "poll": {"workers": 1, "reserve_mb": 0},
        "digests": [{"name": f"mail-{number}", "at": at, "to": [YOU]} for number in range(digests)],
        "smtp": {"host": "127.0.0.1", "port": port, "security": "none", "sender": "digest@example.org"},
    }
    (folder / "feeds.yaml").write_text(json.dumps(settings), encoding="utf-8")


def _until_sent(running: Running, mails: int) -> float:
    """Seconds from its start until the ledger has so many mails and all are sent."""
    running.wait_for("started")
    began = time.monotonic()
    _until(lambda: [state for state, _ in _ledger(running.folder)] == ["sent"] * mails)
    return time.monotonic() - began


def _until(true: Callable[[], bool]) -> None:
    ends = time.monotonic() + 120
    while not true():
        assert time.monotonic() < ends
        time.sleep(0.005)


def _ledger(folder: Path) -> list[tuple[str, bytes]]:
    with closing(sqlite3.connect(folder / "news.db")) as db:
        return list(db.execute("SELECT state, rendered FROM digests JOIN digest_mails ON digest_id = id ORDER BY id"))


def _got(server: MailServer) -> list[bytes]:
    return [message for _, _, message in server.received]
