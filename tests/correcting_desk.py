"""A small stream of reports on made-up events, filed by the real pipeline."""

from collections.abc import Iterable
from datetime import timedelta

from aggregator import filing
from aggregator.model import Item
from aggregator.parse.articles import Article
from aggregator.pipeline import Grown
from aggregator.settings import ClusterSettings
from storage import Database
from tests.storage_values import MINUTE, NOON

SETTINGS = ClusterSettings()
FERRY = (
    ("Ferry runs aground off Port Calder", "The ferry Maren with 214 passengers aboard hit rocks off Port Calder."),
    (
        "Passengers rescued as ferry Maren hits rocks",
        "Lifeboats took 214 passengers off the ferry Maren at Port Calder.",
    ),
    ("Port Calder ferry Maren: all 214 passengers safe", "All passengers of the ferry Maren, on rocks, are safe."),
)
CABLE = (
    ("Council backs cable car to the Kroneck", "Councillors voted 14 to 9 for the cable car up the Kroneck mountain."),
    ("Kroneck cable car approved by councillors", "The cable car to the Kroneck won the council vote by 14 to 9."),
    ("Cable car vote: Kroneck gets its line", "By 14 to 9 the council approved the Kroneck cable car line."),
)
BREAD = (
    ("Bakers strike over night shifts in Tolmin", "Bakers in Tolmin walked out on Monday over pay for night shifts."),
    ("Tolmin without bread as bakers walk out", "A strike of bakers over night shifts left Tolmin without bread."),
)
STARS = "Aries will find a letter today. Taurus should rest. Gemini meets an old friend near water. Cancer saves money."
BRIEFINGS = (
    ("Horoscope today: daily predictions for June 23, 2026", STARS),
    ("Horoscope today: daily predictions for June 27, 2026", STARS.replace("letter", "coin")),
)


def article(number: int, report: tuple[str, str], *, minutes: int | None = None) -> Article:
    title, text = report
    moment = NOON + (number if minutes is None else minutes) * MINUTE
    item = Item(guid=f"guid {number}", link=f"https://paper{number}.example/{number}", title=title, content=text,
                published=moment, lang="en")  # fmt: skip
    return Article(number, str(number), f"Paper {number}", item, publisher=f"paper{number}.example")


def file(store: Database, reports: Iterable[tuple[str, str]], *, first: int = 1) -> None:
    """One report a minute, each by a paper of its own; entry ids follow the order."""
    articles = [article(number, report) for number, report in enumerate(reports, start=first)]
    list(filing.ingest(articles, store, settings=SETTINGS, now=NOON + timedelta(hours=1)))


def grown(store: Database) -> Grown:
    """As if every story had just taken in an entry."""
    return Grown(set(groups(store)))


def groups(store: Database) -> dict[int, list[int]]:
    """story id → its entries"""
    found: dict[int, list[int]] = {}
    for standing in store.standings():
        found.setdefault(standing.story_id, []).append(standing.entry_id)
    return found
