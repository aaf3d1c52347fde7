"""``python -m tests.replay.mails FOLDER``: the mails a fortnight left (with --keep) ─► what a reader got, and if twice.

Reads the .eml files as a mail program does and the database with SQL of its own; prints each mail's size, its stories
and the share of the day's stories of several publishers that stand in it, lists the updates, and fails (exit 1) where
a mail is too large or a story was told twice other than as an update.
"""

import argparse
import sqlite3
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from pathlib import Path
from xml.etree.ElementTree import Element

import html5lib
from rich.console import Console
from rich.table import Table

LARGEST = 95 * 1024  # bytes of the HTML part as it travels; Gmail clips at 102 KB
_MEMBERS = """
SELECT e.story_id, ifnull(nullif(e.canonical_url, ''), e.url), e.publisher, e.copy_of IS NULL, e.seen
FROM entries e ORDER BY e.id
"""
_TOLD_TWICE = """
SELECT title FROM digest_items JOIN digests d ON d.id = digest_id
WHERE NOT is_update AND state = 'sent' GROUP BY name, recipient, story_id HAVING count(*) > 1
"""


@dataclass(frozen=True, slots=True)
class Shown:
    """One story of a mail."""

    kind: str  # story (with a lead), update, item (a line)
    title: str
    url: str
    before: str  # of an update: what was told


@dataclass(frozen=True, slots=True)
class Mail:
    day: datetime
    html_bytes: int  # as they travel
    whole: int  # bytes, with the attached page
    shown: tuple[Shown, ...]
    page: tuple[Shown, ...]  # on the attached page: everything again

    @property
    def updates(self) -> list[Shown]:
        return [one for one in self.shown if one.kind == "update"]


def read(data: bytes) -> Mail:
    message = message_from_bytes(data, policy=policy.default)
    assert isinstance(message, EmailMessage)
    html = message.get_body(("html",))
    assert html is not None
    pages = [part.get_content() for part in message.iter_attachments()]
    return Mail(
        day=parsedate_to_datetime(message["Date"]),
        html_bytes=len(html.get_payload().encode()),
        whole=len(data),
        shown=tuple(_stories(html.get_content())),
        page=tuple(_stories(pages[0])) if pages else (),
    )


def _stories(html: str) -> Iterator[Shown]:
    section = ""
    for element in html5lib.parse(html, namespaceHTMLElements=False).iter():
        kind = element.get("class", "")
        title = element.find("bdi" if kind == "item" else "h3")
        if element.tag == "h2":
            section = _text(element)
        elif kind in ("story", "update", "item") and section != "Feeds that need attention":
            kind = "update" if section == "Updates" else kind
            yield Shown(kind, _text(title), _link(title), _text(element.find("p[@class='before']/bdi")))


def _text(element: Element | None) -> str:
    return "" if element is None else " ".join("".join(element.itertext()).split())


def _link(element: Element | None) -> str:
    link = None if element is None else element.find("a")
    return "" if link is None else link.get("href", "")


@dataclass(frozen=True, slots=True)
class Day:
    """The stories that a mail was the first to tell, of several publishers by then, and those that stand in it."""

    several: int
    shown: int

    def __str__(self) -> str:
        return f"{self.shown} of {self.several} ({self.shown / max(1, self.several):.0%})"


def days(database: Path, mails: Sequence[Mail]) -> list[Day]:
    """As the stories are at the end: some have grown together since."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as db:
        members = db.execute(_MEMBERS).fetchall()
    found, told = [], set[int]()
    for mail in mails:
        by_then = mail.day.astimezone(UTC).isoformat(timespec="microseconds")[:26] + "Z"
        publishers: dict[int, set[str]] = {}
        links: dict[int, set[str]] = {}
        for story, link, publisher, original, seen in members:
            if story not in told and seen <= by_then:
                links.setdefault(story, set()).add(link)
                publishers.setdefault(story, set()).update([publisher] if original else [])
        several = {story for story, names in publishers.items() if len(names) >= 2}
        urls = {one.url for one in mail.shown}
        found.append(Day(len(several), sum(not links[story].isdisjoint(urls) for story in several)))
        told |= links.keys()
    return found


def complaints(database: Path, mails: Sequence[Mail]) -> list[str]:
    """Everything that must not be; empty when all is well."""
    told = [f"{mail.day:%d %b}: {mail.html_bytes:,} bytes of HTML" for mail in mails if mail.html_bytes > LARGEST]
    told += [f"new in two mails: {url}" for url in _twice(one for mail in mails for one in mail.shown)]
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as db:
        return told + [f"new twice in the ledger: {title}" for (title,) in db.execute(_TOLD_TWICE)]


def rewritten(mails: Sequence[Mail]) -> list[str]:
    """New on the attached pages of two days: the same address under another guid, with another headline and text."""
    return _twice(one for mail in mails for one in mail.page)


def _twice(shown: Iterable[Shown]) -> list[str]:
    seen = Counter(one.url for one in shown if one.kind != "update" and one.url)
    return [url for url, times in seen.items() if times > 1]


def table(mails: Sequence[Mail], found: Sequence[Day]) -> Table:
    several = "of several publishers, in the mail"
    shown = Table("mail", "HTML", "whole", "stories", "of them updates", "on the page", several, box=None)
    for mail, day in zip(mails, found, strict=True):
        sizes = f"{mail.html_bytes / 1024:.0f} KB", f"{mail.whole / 1024:.0f} KB"
        counts = f"{len(mail.shown)}", f"{len(mail.updates)}", f"{len(mail.page)}"
        shown.add_row(f"{mail.day:%a %d %b}", *sizes, *counts, str(day))
    stories, updates = sum(len(mail.shown) for mail in mails), sum(len(mail.updates) for mail in mails)
    every = Day(sum(day.several for day in found), sum(day.shown for day in found))
    shown.add_row("", "", "", f"{stories}", f"{updates}", "", str(every))
    return shown


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.replay.mails", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("folder", type=Path, help="with replay.db and mails/, as left by --keep")
    folder: Path = parser.parse_args().folder
    mails = [read(path.read_bytes()) for path in sorted((folder / "mails").glob("*.eml"))]
    database = folder / "replay.db"
    console = Console(width=120)
    console.print(table(mails, days(database, mails)))
    for mail in mails:
        for update in mail.updates:
            print(f"{mail.day:%d %b}  {update.title}\n        told: {update.before}")
    print(
        f"{len(rewritten(mails))} of {sum(len(mail.page) for mail in mails):,} addresses stand on the pages of two days"
    )
    wrong = complaints(database, mails)
    print("\n".join(wrong) or f"no story twice in {len(mails)} mails but as an update")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
