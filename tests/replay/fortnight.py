"""``python -m tests.replay.fortnight``: two weeks of real items through the whole program, undisturbed and with kills.

Polls every two hours of the stream's time, as it was collected, and mails a digest every morning to a real SMTP server;
prints what came in, what it became and what it cost, and fails (exit 1) where something served is not stored once, a
mail is missing or came twice, or the database is not well. A few minutes a run. With --keep the databases and the mails
stay: `tests.replay.mails` reads them.
"""

import argparse
import sys
import tempfile
from dataclasses import dataclass
from datetime import timedelta
from email import message_from_bytes
from email.utils import parsedate_to_datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.conftest import SHARED
from tests.digest_server import mail_server
from tests.replay import Fault, Replay, Stream, draw
from tests.replay.aftermath import Aftermath, read
from tests.replay.driver import Drive, Report
from tests.replay.log import Log

YOU = "reader@example.org"
DIGEST = {"at": "08:00", "timezone": "Europe/Berlin", "locale": "en_GB", "title": "The Morning", "to": YOU}
_REGIONS = {  # the tags of the feeds: a reader has some
    "Asia": "CNA|SCMP|NHK World|RFA English",
    "India": "Times of India|The Hindu",
    "Australia": "ABC Australia",
    "Africa": "Premium Times NG|Egypt Independent",
    "Americas": "Rio Times|teleSUR|Buenos Aires Times|Mercopress",
    "Europe": "Euronews|RFI English|France 24|Deutsche Welle",
}
_TAGS = {source: region for region, sources in _REGIONS.items() for source in sources.split("|")}
_GENTLE = (Fault.STUBBORN, Fault.MALFORMED, Fault.CUT, Fault.ERROR, Fault.PAGE)


@dataclass(frozen=True)
class Fortnight:
    """One run: what the server saw, what the driver saw, what is in the database."""

    log: Log
    report: Report
    after: Aftermath
    mails: list[bytes]  # as the mail server took them

    @property
    def complaints(self) -> list[str]:
        """Everything that must not be; empty when all is well."""
        stored, served = set(self.after.stored), self.log.served
        found = {
            "served but not stored": len(served - stored),
            "stored but never served": len(stored - served - self.log.spoilt),
            "stored twice": len(self.after.stored) - len(stored),
            "entries without a placement": self.after.unplaced,
            "stories with a wrong count": self.after.miscounted,
            "mails unlike those in the ledger": len(set(self.mails) ^ set(self.after.mailed)),
            "mails twice without a kill": max(0, len(self.mails) - len(set(self.mails)) - self.report.kills),
        }
        told = [f"{number:,} {what}" for what, number in found.items() if number]
        return told + ([] if self.after.integrity == "ok" else [self.after.integrity])


def run(stream: Stream, folder: Path, *, kills: int = 0, faulty: float = 0.0, seed: int = 0) -> Fortnight:
    """Into `folder`/replay.db, which must not exist yet, and `folder`/mails. The poller complains in poller.log."""
    config, database = folder / "feeds.yaml", folder / "replay.db"
    faults = draw(stream.by_source, share=faulty, kinds=_GENTLE, seed=seed)
    with Replay(stream, faults=faults) as replay, mail_server() as post:
        smtp = {"host": "127.0.0.1", "port": post.port, "security": "none", "sender": "digest@example.org"}
        text = replay.feeds_yaml(database=database, tags=_TAGS, sections={"digest": DIGEST, "smtp": smtp})
        config.write_text(text, encoding="utf-8")
        start = stream.start.replace(minute=0, second=0, microsecond=0)  # so that a round falls on the digest's time
        report = Drive(replay, config, kills=kills, seed=seed, start=start).run()
        mails = [message for _, _, message in post.received]
        _keep(mails, folder / "mails")
        return Fortnight(replay.log, report, read(database, replay.urls), mails)


def _keep(mails: list[bytes], folder: Path) -> None:
    folder.mkdir()
    for mail in mails:
        day = parsedate_to_datetime(message_from_bytes(mail)["Date"]).date()
        (folder / f"{day}.eml").write_bytes(mail)


def table(runs: dict[str, Fortnight], stream: Stream) -> Table:
    shown = Table("", *runs, title=f"{len(stream.pieces):,} items of {len(stream.by_source)} feeds", box=None)
    rows: dict[str, list[str]] = {}
    for one in runs.values():
        for name, value in _figures(one, stream).items():
            rows.setdefault(name, []).append(value)
    for name, values in rows.items():
        shown.add_row(name, *values)
    return shown


def _figures(one: Fortnight, stream: Stream) -> dict[str, str]:
    report, after, tally = one.report, one.after, one.log.tally()
    return {
        "rounds": f"{report.rounds}",
        "kills (in mid-round; workers left behind)": f"{report.kills} ({report.kills_at_work}; {report.orphans})",
        "requests (304)": f"{tally.requests:,} ({tally.not_modified:,})",
        "distinct (feed, guid) served": f"{len(one.log.served):,}",
        "entries stored": f"{len(after.stored):,}",
        "rolled out of sight before a poll": f"{len(stream.pieces) - len(one.log.served | one.log.spoilt):,}",
        "copy groups (copies)": f"{after.copy_groups:,} ({after.copies:,})",
        "stories (told by two feeds or more)": f"{after.stories:,} ({after.shared_stories:,})",
        "mails": f"{len(one.mails)}",
        "feeds in error at some time": f"{len(report.errors)}",
        "wall": f"{report.wall:.0f} s",
        "CPU": f"{report.cpu:.0f} s, {report.cpu / max(1, len(after.stored)) * 1000:.1f} ms an entry",
        "peak memory, all processes": f"{report.peak_memory / 2**20:.0f} MiB",
        "database": f"{after.size / 2**20:.0f} MiB",
        "PRAGMA integrity_check": after.integrity,
        "wrong": "; ".join(one.complaints) or "nothing",
    }


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.replay.fortnight", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--file", type=Path, default=SHARED / "corpora" / "rss_two_weeks.jsonl")
    parser.add_argument("--days", type=float, help="only the first so many days")
    parser.add_argument("--kills", type=int, nargs="*", default=[0, 20], help="one run for each number (0 20)")
    parser.add_argument("--faulty", type=float, default=0, help="share of hosts that misbehave, 0 to 1 (0)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="keep the databases and mails in this folder")
    options = parser.parse_args()
    if not options.file.is_file():
        parser.error(f"no such file: {options.file} (--file, or AGGREGATOR_SHARED for the reference data)")
    stream = Stream.read(options.file)
    if options.days:
        until = stream.start + timedelta(days=options.days)
        stream = Stream(piece for piece in stream.pieces if piece.collected <= until)
    runs: dict[str, Fortnight] = {}
    with tempfile.TemporaryDirectory() as scratch:
        for kills in options.kills:
            folder = (options.keep or Path(scratch)) / f"kills-{kills}"
            folder.mkdir(parents=True)
            runs[f"{kills} kills"] = run(stream, folder, kills=kills, faulty=options.faulty, seed=options.seed)
    Console(width=120).print(table(runs, stream))
    same = len({frozenset(one.after.stored) for one in runs.values()}) == 1
    print("the same entries in every run" if same else "the runs stored different entries")
    return 1 if any(one.complaints for one in runs.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
