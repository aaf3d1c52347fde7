"""`aggregator run` as a real process: every signal in every phase, what it says, what it leaves behind."""

import json
import signal
import socket
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from urllib.request import urlopen

import pytest

from aggregator.app import App
from aggregator.cli import main
from aggregator.daemon import journal
from aggregator.settings import Settings
from tests.daemon_process import Running, aggregator, daemon
from tests.daemon_site import Site, configure, mailing, news, rows
from tests.digest_server import HANG, mail_server
from tests.parse_faults import FAULTS

HANGS = FAULTS["many_namespaces"]()


@pytest.fixture
def site() -> Iterator[Site]:
    made = Site()
    with made.served:
        yield made


def clean_end(running: Running, number: int = signal.SIGTERM) -> None:
    code, took = running.stop(number)
    assert (code, took < 15) == (0, True), running.lines
    assert not (running.folder / "news.db.pid").exists()
    assert rows(running.folder, "SELECT 1 FROM feeds WHERE leased_until IS NOT NULL") == []


# ---------------------------------------------------------------- signals in each phase


def test_idle_it_hears_every_signal_and_others_are_told_that_it_runs(tmp_path: Path, site: Site) -> None:
    configure(tmp_path, site, http={"port": 0})
    with daemon(tmp_path) as running:
        running.wait_for("3 new entries")
        assert running.wait_for("polled")["event"] == "round"
        running.send(signal.SIGUSR1)  # not due for half an hour, asked all the same
        assert "1 unchanged" in running.wait_for("polled", times=2)["message"]

        good = (tmp_path / "feeds.yaml").read_text()
        (tmp_path / "feeds.yaml").write_text("fields: 7\n")
        running.send(signal.SIGHUP)
        kept = running.wait_for("configuration kept as it was")
        assert "unknown key `fields`" in kept["message"]
        (tmp_path / "feeds.yaml").write_text(good.replace("news.db", "other.db"))
        running.send(signal.SIGHUP)
        assert "needs a restart" in running.wait_for("configuration kept as it was", times=2)["message"]
        (tmp_path / "feeds.yaml").write_text(good.replace('"Well"', '"Better"'))
        running.send(signal.SIGHUP)
        running.wait_for("configuration read anew")
        assert rows(tmp_path, "SELECT title FROM feeds") == [("Better",)]

        second = aggregator(tmp_path, "run")
        assert second.returncode == 75
        assert f"`aggregator run` (pid {running.pid}) works on it" in second.stderr
        assert aggregator(tmp_path, "digest", "--send").returncode == 75
        status = aggregator(tmp_path, "status", "--json")
        assert (status.returncode, json.loads(status.stdout)["running"]["pid"]) == (0, running.pid), status.stdout
        port = running.wait_for("http: listening", times=2)["message"].rpartition(":")[2]  # anew with the settings
        assert b"aggregator_feeds" in urlopen(f"http://127.0.0.1:{port}/metrics").read()
        clean_end(running, signal.SIGINT)
    assert running.lines[-1]["message"] == "stopped"


def test_while_a_slow_server_is_asked_a_stop_does_not_wait_for_it(tmp_path: Path, site: Site) -> None:
    site.gate.clear()
    configure(tmp_path, site)
    with daemon(tmp_path) as running:
        assert site.asked.wait(60)
        running.send(signal.SIGHUP)  # has to wait for the round, and must not disturb it
        running.send(signal.SIGUSR1)
        clean_end(running)
    site.gate.set()
    assert rows(tmp_path, "SELECT checked_at, failures FROM feeds") == [(None, 0)]  # not asked, not blamed


def test_while_a_document_is_parsed_a_stop_waits_no_longer_than_promised(tmp_path: Path, site: Site) -> None:
    site.body = HANGS
    configure(tmp_path, site, poll={"parse_timeout": "5m"})
    with daemon(tmp_path) as running:
        assert site.asked.wait(60)
        ends = time.monotonic() + 60
        while not _busy(running.pid) and time.monotonic() < ends:
            time.sleep(0.05)
        code, took = running.stop()
        assert code == 0
        assert took < 15
    with daemon(tmp_path) as again:  # the killed round's lease does not stand in the way
        again.wait_for("started")
        site.asked.clear()
        assert site.asked.wait(60)
    assert rows(tmp_path, "SELECT failures FROM feeds") == [(0,)]


def _busy(pid: int) -> bool:
    from tests.processes import cpu_seconds, family  # noqa: PLC0415

    return any(cpu_seconds(child) > 1.5 for child in family(pid)[1:])


def test_while_a_mail_is_sent_a_stop_lets_it_finish(tmp_path: Path, site: Site) -> None:
    with mail_server() as server:
        server.delay = 1.5
        configure(tmp_path, site, **mailing(server.port))
        with daemon(tmp_path) as running:
            running.wait_for("3 new entries")
            _until(lambda: bool(server.open))
            clean_end(running)
        assert rows(tmp_path, "SELECT state, attempts FROM digests") == [("sent", 1)]
        done = aggregator(tmp_path, "digest", "--send")
        assert (done.returncode, done.stdout) == (0, "nothing is due\n")
        assert len(server.received) == 1


@pytest.mark.parametrize(("second", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_second_signal_leaves_at_once(second: int, status: int, tmp_path: Path, site: Site) -> None:
    with mail_server({"MAIL": HANG}) as server:
        configure(tmp_path, site, **mailing(server.port))
        with daemon(tmp_path) as running:
            running.wait_for("3 new entries")
            _until(lambda: bool(server.open))
            running.send(signal.SIGTERM)
            running.wait_for("stopping on SIGTERM")
            code, took = running.stop(second)
        assert code == status
        assert took < 5
    assert rows(tmp_path, "SELECT state FROM digests") == [("pending",)]  # goes out with the next start
    looked = aggregator(tmp_path, "status")
    assert looked.returncode == 1
    assert "ended without a word" in looked.stdout


def _until(true: Callable[[], bool]) -> None:
    ends = time.monotonic() + 60
    while not true():
        assert time.monotonic() < ends
        time.sleep(0.02)


# ---------------------------------------------------------------- trouble


def test_trouble_of_a_feed_is_told_when_it_begins_and_of_the_disk_until_it_ends(tmp_path: Path, site: Site) -> None:
    site.status = 500
    configure(tmp_path, site)
    with daemon(tmp_path) as running:
        line = running.wait_for("500")
        assert "next try" in line["message"]
        assert line["level"] == "info"
        configure(tmp_path, site, poll={"reserve_mb": 10**9})
        running.send(signal.SIGHUP)
        running.wait_for("read anew")  # of two signals at once the kernel has the later one handled first
        running.send(signal.SIGUSR1)
        running.wait_for("polling rests")
        status = aggregator(tmp_path, "status")
        assert status.returncode == 1
        assert "polling rests" in status.stdout  # reading goes on
        site.status = 200
        configure(tmp_path, site)
        running.send(signal.SIGHUP)
        running.wait_for("read anew", times=2)
        running.send(signal.SIGUSR1)
        running.wait_for("polling again")
        running.wait_for("3 new entries")
        clean_end(running)
    told = [line["message"] for line in running.lines]
    assert len([line for line in told if "polling rests" in line]) == 1
    assert len([line for line in told if "500" in line]) == 1
    assert not any("Traceback" in json.dumps(line) for line in running.lines)


def test_a_round_that_cannot_be_stored_is_one_line_and_the_daemon_goes_on(tmp_path: Path, site: Site) -> None:
    configure(tmp_path, site)
    with daemon(tmp_path) as running:
        running.wait_for("polled")
        with closing(sqlite3.connect(tmp_path / "news.db", isolation_level=None)) as other:
            other.execute("ALTER TABLE fetches RENAME TO away")  # as if a mistake of ours
            site.body = news(4)
            running.send(signal.SIGUSR1)
            line = running.wait_for("poll_now: OperationalError")
            assert "trace" not in line
            other.execute("ALTER TABLE away RENAME TO fetches")
        running.send(signal.SIGUSR1)
        running.wait_for("1 new entry")
        clean_end(running)


# ---------------------------------------------------------------- start


def _newer(folder: Path) -> None:
    with App(Settings(database=folder / "news.db")):
        pass
    with closing(sqlite3.connect(folder / "news.db", isolation_level=None)) as db:
        db.execute(
            "UPDATE _sqlite_migrations SET name = 'm999' WHERE rowid = (SELECT max(rowid) FROM _sqlite_migrations)"
        )


def _damaged(folder: Path) -> None:
    (folder / "news.db").write_bytes(b"SQLite format 3\0" + b"x" * 8000)


def _wrong(folder: Path) -> None:
    (folder / "feeds.yaml").write_text("poll: {every: often}\n")


def _mute(folder: Path) -> None:
    configure(folder, digest={"to": ["you@example.org"]}, smtp={"sender": "me@example.org"})


def _no_folder(folder: Path) -> None:
    configure(folder, database="nowhere/else/news.db")


def _no_password(folder: Path) -> None:
    configure(folder, **mailing(25, username="me", password_env="AGGREGATOR_NO_SUCH"))  # noqa: S106 – a name


def _port_taken(folder: Path) -> None:
    configure(folder, http={"port": 1, "host": "192.0.2.1"})


STARTS = [
    (_wrong, 78, "feeds.yaml:1"),
    (_newer, 78, "newer aggregator"),
    (_damaged, 65, "news.db"),
    (_mute, 78, "smtp.host"),
    (_no_password, 78, "AGGREGATOR_NO_SUCH"),
    (_no_folder, 78, "nowhere"),
    (_port_taken, 69, "cannot listen on 192.0.2.1:1"),
]


@pytest.mark.parametrize(("spoil", "code", "named"), STARTS, ids=lambda value: getattr(value, "__name__", None))
def test_what_hinders_a_start_is_one_line_and_a_code(
    spoil: Callable[[Path], None], code: int, named: str, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    configure(tmp_path)
    spoil(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["aggregator", "run"])
    monkeypatch.setattr(journal, "configure_log", lambda **_: None)
    with pytest.raises(SystemExit) as stop:
        main()
    (line,) = capsys.readouterr().err.splitlines()
    assert (stop.value.code, line.split(": ")[0]) == (code, "aggregator"), line
    assert named in line


def test_a_full_disk_has_a_code_of_its_own(tmp_path: Path) -> None:
    configure(tmp_path)
    done = aggregator(tmp_path, "--db", "/dev/full", "poll")
    assert done.returncode == 74
    assert "the disk is full" in done.stderr


def test_the_service_manager_hears_of_it(tmp_path: Path) -> None:
    configure(tmp_path)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(60)
        environ = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "400000"}
        with daemon(tmp_path, environ=environ) as running:
            assert manager.recv(999).startswith(b"READY=1\nSTATUS=0 feeds")
            assert manager.recv(999) == b"WATCHDOG=1"
            running.send(signal.SIGHUP)
            while b"RELOADING=1\nMONOTONIC_USEC=" not in (said := manager.recv(999)):
                assert said == b"WATCHDOG=1"
            while b"READY=1" not in (said := manager.recv(999)):
                assert said == b"WATCHDOG=1"
            clean_end(running)
            while b"STOPPING=1" not in (said := manager.recv(999)):
                assert said == b"WATCHDOG=1"
