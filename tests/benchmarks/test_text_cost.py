"""What cleaning costs per entry: CPU time, printed, never asserted."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from aggregator import text
from aggregator.model import Document, Feed, Item

NOW = datetime(2026, 11, 20, tzinfo=UTC)
pytestmark = pytest.mark.bench

EXCERPT = (
    "The ferry ran aground on the rocks outside the harbour early this morning after losing power in both engines, the "
    "coastguard said. All passengers were taken off by lifeboats and two fishing boats within three hours. Eleven "
    "people were treated for bruises and one was taken to hospital."
)


def cost(items: tuple[Item, ...], lang: str) -> float:
    """Microseconds of CPU per entry, best of three."""

    def once() -> float:
        document = Document(title="Harbour Post", items=items, lang=lang, site_url="https://harbour.example/")
        start = time.process_time()
        text.entries(document, final_url="", feed=Feed(url="x"), now=NOW)
        return (time.process_time() - start) / len(items) * 1e6

    return min(once() for _ in range(4))


SHAPES: dict[str, Callable[[int], str]] = {
    "plain excerpt": lambda n: f"{EXCERPT} {n}",
    "excerpt in paragraphs": lambda n: f"<p>{EXCERPT}</p><p>{n} <a href='/x'>more</a></p>",
    "full text, 40 paragraphs": lambda n: f"<p>{EXCERPT} <a href='/{n}'>x</a></p>\n" * 40,
}


@pytest.mark.parametrize("shape", SHAPES)
def test_invented_entries(shape: str) -> None:
    items = tuple(
        Item(
            guid=str(n),
            link=f"https://harbour.example/{n}?utm_source=rss",
            title=f"A ferry {n}",
            summary=SHAPES[shape](n),
        )
        for n in range(300)
    )
    print(f"\n{shape}: {cost(items, 'en'):.0f} us an entry")


@pytest.mark.parametrize("lang", ["en", ""])
def test_real_entries(shared: Path, lang: str) -> None:
    with (shared / "corpora" / "rss_two_weeks.jsonl").open() as lines:
        rows = [json.loads(line) for _, line in zip(range(3000), lines, strict=False)]
    items = tuple(Item(guid=row["id"], link=row["url"], title=row["title"], summary=row["text"] or "") for row in rows)
    print(f"\n3,000 real excerpts, language {lang or 'not named'}: {cost(items, lang):.0f} us an entry")
