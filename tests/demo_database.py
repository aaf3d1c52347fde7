"""The sample newspapers ─► a database of them, polled by the real application, the same on every day but for its dates.

Everything happens at noon (UTC) of the day it is made, or another: two rounds an hour apart, a paper that changes a
headline in between, one that is missing, and a mail at seven.
"""

import shutil
import socket
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

from aggregator import config
from aggregator.app import App
from examples.demo import NEWSPAPERS, feeds_yaml
from examples.server import serve

HOUR = timedelta(hours=1)
MORE = """\
  - url: {nowhere}
    title: Evening Nowhere
    tags: [city]
digest:
  to: reader@example.org
smtp:
  instead: folder
  path: mail
"""
CHANGED = ("eskmere-gazette.xml", "Eskmere library to open on Sundays", "Eskmere library to open on Saturdays")


def noon() -> datetime:
    return datetime.combine(datetime.now(UTC).date(), time(12), UTC)


def make(folder: Path, *, at: datetime | None = None) -> Path:
    """Into `folder`, which exists; returns the path of the database."""
    today = at or noon()
    papers, clock = folder / "papers", [today - HOUR]
    shutil.copytree(NEWSPAPERS, papers)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with serve(papers, now=today, port=port) as urls:
        text = feeds_yaml(urls) + MORE.format(nowhere=urls[CHANGED[0]].replace(CHANGED[0], "nowhere.xml"))
    text = text.replace("poll:\n", "poll:\n  host_gap: 0s\n  workers: 1\n")
    (folder / "feeds.yaml").write_text(text, encoding="utf-8")
    settings = config.load(folder / "feeds.yaml")
    with App(settings, now=lambda: clock[0], jitter=lambda: 0.5) as app:
        app.store.run("UPDATE settings SET value = '1' WHERE key = 'seed'")  # else random: keys the hashes
        _round(app, papers, port, today)
        list(app.outbox.work(settings.issues()))
        name, before, after = CHANGED
        (papers / name).write_text((papers / name).read_text("utf-8").replace(before, after), encoding="utf-8")
        clock[0] = today
        _round(app, papers, port, today)
        # what no two runs have alike
        app.store.run("UPDATE fetches SET seconds = 0.125, bytes = 100 * items")
    return settings.database


def _round(app: App, papers: Path, port: int, today: datetime) -> None:
    """One feed after the other, so that entries come in the same order every time."""
    with serve(papers, now=today, port=port):
        for feed in app.settings.feeds:
            assert len(list(app.poll(app.lease(urls=[feed.url], force=True)))) == 1
        app.mend()
