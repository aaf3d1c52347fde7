"""``python -m tests.soak --minutes 60``: the daemon under the replay with faults, for a long time, and how it held.

A tenth of the hosts is faulty, another tenth every five minutes; SIGHUP every minute, half of them with a broken file;
a writer holds the database for twenty seconds every three minutes; SMTP is down half the time; a digest is due every
few minutes. At the end everything that was served whole must be stored once, and every mail taken once.
"""

import argparse
import os
import random
import signal
import sqlite3
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import astuple, dataclass, fields
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from pathlib import Path
from tempfile import mkdtemp

from tests.conftest import SHARED
from tests.daemon_process import Running, aggregator, daemon
from tests.digest_server import MailServer, mail_server
from tests.processes import footprint
from tests.replay import ManualClock, Replay, RunningClock, Stream, draw
from tests.replay.aftermath import read
from tests.replay.invent import invented

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Sample:
    """One line of the table."""

    minute: float
    main_mib: float
    all_mib: float
    files: int
    threads: int
    wal_mib: float
    entries: int
    stories: int
    failing: int
    sent: int
    waiting: int
    errors: int


@dataclass
class Soak:
    """What the parts share."""

    folder: Path
    replay: Replay
    mails: MailServer
    running: Running
    began: float

    @property
    def database(self) -> Path:
        return self.folder / "soak.db"

    def sample(self) -> Sample:
        pid = self.running.pid
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as db:

            def count(query: str) -> int:
                return int(db.execute(query).fetchone()[0])

            return Sample(
                minute=round((time.monotonic() - self.began) / 60, 1),
                main_mib=round(_own(pid) / 2**20),
                all_mib=round(footprint(pid) / 2**20),
                files=len(list(Path(f"/proc/{pid}/fd").iterdir())),
                threads=len(list(Path(f"/proc/{pid}/task").iterdir())),
                wal_mib=round(self.database.with_name("soak.db-wal").stat().st_size / 2**20, 1),
                entries=count("SELECT count(*) FROM entries"),
                stories=count("SELECT count(*) FROM stories WHERE entries"),
                failing=count("SELECT count(*) FROM feeds WHERE status <> 'active'"),
                sent=count("SELECT count(*) FROM digests WHERE state = 'sent'"),
                waiting=count("SELECT count(*) FROM digests WHERE state = 'pending'"),
                errors=sum(line["level"] == "error" for line in self.running.lines),
            )


def _own(pid: int) -> int:
    """Bytes of the process alone."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


# ---------------------------------------------------------------- what befalls it


def disturb(soak: Soak, over: threading.Event) -> list[threading.Thread]:
    """Everything that goes wrong, each in a thread of its own until it is over."""
    good = (soak.folder / "feeds.yaml").read_text(encoding="utf-8")
    seeds = iter(range(1, 10**6))
    turns = iter(range(10**6))

    def hosts() -> None:
        soak.replay.faults = draw(soak.replay.stream.by_source, share=0.1, seed=next(seeds))

    def reload() -> None:
        broken = next(turns) % 2 == 0
        (soak.folder / "feeds.yaml").write_text("poll: {every: never}\n" if broken else good, encoding="utf-8")
        soak.running.send(signal.SIGHUP)

    def hold() -> None:
        with closing(sqlite3.connect(soak.database, isolation_level=None, timeout=60)) as db:
            db.execute("BEGIN IMMEDIATE")
            over.wait(20)
            db.execute("ROLLBACK")

    def smtp() -> None:
        soak.mails.faults = {} if soak.mails.faults else {"connect": "421 come back later"}

    def every(seconds: float, act: Callable[[], None]) -> threading.Thread:
        def again() -> None:
            while not over.wait(seconds):
                act()

        thread = threading.Thread(target=again, name=act.__name__, daemon=True)
        thread.start()
        return thread

    return [every(300, hosts), every(60, reload), every(180, hold), every(150, smtp)]


# ---------------------------------------------------------------- the course of it


def configuration(replay: Replay, port: int, *, pace: int, minutes: float, step: int) -> str:
    """Digests due every `step` minutes from now on, each with a name of its own."""
    now = datetime.now(UTC)
    moments = [now + timedelta(minutes=step * number) for number in range(int(minutes // step) + 1)]
    digests = "\n".join(
        f"  - {{name: d{number:02}, at: '{moment:%H:%M}', to: [you@example.org], limit: 500}}"
        for number, moment in enumerate(moments)
    )
    text = replay.feeds_yaml(
        database=Path("soak.db"), poll={"every": f"{pace}s", "fastest": f"{pace}s", "parse_timeout": "60s"}
    )
    return (
        f"{text}digests:\n{digests}\nsmtp: {{host: 127.0.0.1, port: {port}, security: none, sender: me@example.org}}\n"
    )


@contextmanager
def set_up(stream: Stream, options: argparse.Namespace, folder: Path) -> Iterator[Soak]:
    clock = RunningClock(stream.start + DAY, options.speed)
    with mail_server() as mails, Replay(stream, clock=clock, window=60, faults=draw(stream.by_source)) as replay:
        pace = max(1, round(3600 / options.speed))
        text = configuration(replay, mails.port, pace=pace, minutes=options.minutes, step=options.digest_every)
        (folder / "feeds.yaml").write_text(text, encoding="utf-8")
        with daemon(folder) as running:
            running.wait_for("started")
            yield Soak(folder, replay, mails, running, time.monotonic())


def watch(soak: Soak, options: argparse.Namespace) -> list[Sample]:
    over, samples = threading.Event(), []
    threads = disturb(soak, over)
    good = (soak.folder / "feeds.yaml").read_text(encoding="utf-8")
    print(" ".join(f"{field.name:>8}" for field in fields(Sample)), flush=True)
    for number in range(1, int(options.minutes * 60 / options.every) + 1):
        time.sleep(max(0.0, soak.began + number * options.every - time.monotonic()))
        samples.append(soak.sample())
        print(" ".join(f"{value:>8}" for value in astuple(samples[-1])), flush=True)
    over.set()
    for thread in threads:
        thread.join(60)
    (soak.folder / "feeds.yaml").write_text(good, encoding="utf-8")
    return samples


def verdict(soak: Soak) -> list[str]:
    """What is wrong after all of it; empty is well. Time stands still, the faults are over, one last round."""
    soak.replay.clock, soak.replay.faults = ManualClock(soak.replay.clock.now), {}
    soak.mails.faults = {}
    code, took = soak.running.stop()
    found = [] if code == 0 and took < 15 else [f"stop: exit {code} after {took:.0f} s"]
    for _ in range(3):  # a document may have met its time limit on a loaded machine: that is asked again, not lost
        if "failed" not in aggregator(soak.folder, "poll", "--force").stdout:
            break
    left = read(soak.database, soak.replay.urls)
    lost = soak.replay.log.served - set(left.stored)
    doubles = [key for key, times in Counter(left.stored).items() if times > 1]
    taken = Counter(str(message_from_bytes(mail)["Message-ID"]) for _, _, mail in soak.mails.received)
    twice = [name for name, times in taken.items() if times > 1]
    found += [f"{len(lost)} items lost, such as {next(iter(lost))}"] if lost else []
    found += [f"{len(doubles)} items stored twice"] if doubles else []
    found += [f"{len(twice)} mails sent twice"] if twice else []
    with closing(sqlite3.connect(soak.database)) as db:
        sent = db.execute("SELECT count(*) FROM digests WHERE state = 'sent'").fetchone()[0]
    found += [f"{sent} mails marked sent, {len(taken)} taken"] if sent != len(taken) else []
    found += [] if left.integrity == "ok" and not left.miscounted and not left.unplaced else [f"database: {left}"]
    told = Counter(line["level"] for line in soak.running.lines)
    print(f"\n{len(soak.replay.log.served):,} items served; {len(left.stored):,} entries in {left.stories:,} stories")
    print(f"{soak.replay.log.tally()}; {len(taken)} mails; stop took {took:.1f} s; lines of the log: {dict(told)}")
    return found


def markdown(samples: list[Sample]) -> str:
    names = [field.name.replace("_", " ") for field in fields(Sample)]
    lines = [f"| {' | '.join(names)} |", f"|{'---|' * len(names)}"]
    lines += [f"| {' | '.join(f'{value:,}' for value in astuple(sample))} |" for sample in samples]
    return "\n".join(lines)


def plot(samples: list[Sample]) -> str:
    """Small curves as SVG, each from zero to its own maximum."""
    shown = {"main_mib": "memory of the main process, MiB", "all_mib": "memory of all processes, MiB",
             "files": "open files", "wal_mib": "write-ahead log, MiB", "entries": "entries",
             "sent": "mails sent"}  # fmt: skip
    last = samples[-1].minute or 1
    parts = []
    for row, (name, title) in enumerate(shown.items()):
        values = [float(getattr(sample, name)) for sample in samples]
        top, bottom = max([*values, 1.0]), 90 * row + 80
        points = " ".join(
            f"{40 + 540 * s.minute / last:.1f},{bottom - 50 * v / top:.1f}"
            for s, v in zip(samples, values, strict=True)
        )
        parts.append(
            f'<text x="40" y="{bottom - 58}">{title} (up to {top:,.0f})</text>'
            f'<path d="M40 {bottom}H580" stroke="#999"/>'
            f'<polyline points="{points}" fill="none" stroke="#06c" stroke-width="2"/>'
        )
    caption = f'<text x="40" y="{90 * len(shown) + 12}">0 to {last:.0f} minutes</text>'
    size = f'width="600" height="{90 * len(shown) + 20}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="12">'
    return f'{head}<rect width="100%" height="100%" fill="#fff"/>{"".join(parts)}{caption}</svg>\n'


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--file", type=Path, default=SHARED / "corpora" / "rss_two_weeks.jsonl", help="the stream")
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--every", type=float, default=300, help="seconds between two lines of the table (300)")
    parser.add_argument("--speed", type=float, default=200, help="seconds of the stream a second (200)")
    parser.add_argument("--digest-every", type=int, default=4, help="minutes (4)")
    parser.add_argument("--markdown", type=Path, help="write the table here")
    parser.add_argument("--plot", type=Path, help="write the curves here, as SVG")
    options = parser.parse_args()
    random.seed(0)
    stream = Stream.read(options.file) if options.file.is_file() else invented(outlets=40, days=12, events=2000)
    folder = Path(mkdtemp(prefix="soak-"))
    with set_up(stream, options, folder) as soak:
        samples = watch(soak, options)
        wrong = verdict(soak)
    if options.markdown:
        options.markdown.write_text(markdown(samples) + "\n", encoding="utf-8")
    if options.plot:
        options.plot.write_text(plot(samples), encoding="utf-8")
    print("\n".join(wrong) or "nothing lost, nothing twice", flush=True)
    print(f"log and database: {folder}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
