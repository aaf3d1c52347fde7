"""Invented stories for the digest's tests, and `python -m tests.digest_samples FOLDER` to look at them."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path

from aggregator.digest.compose import Composed, compose
from aggregator.digest.select import Feeds, Issue, select
from aggregator.model import Counts, EventKind, FeedEvent, Level, Member, Story, Untold
from aggregator.settings import DigestSettings

NOW = datetime(2026, 3, 14, 6, 0, tzinfo=UTC)
SINCE = NOW - timedelta(days=1)
OUTLETS = (
    "Harbour Times", "The Inland Post", "Küstenblatt", "Radio Meridian", "La Gaceta del Valle", "North Star Wire",
    "The Ledger", "Évènements", "Daily Compass", "Signal & Noise", "The Fen", "Upland Herald", "Wire Nine", "Morgenrot",
)  # fmt: skip


def member(entry_id: int, title: str, outlet: str = OUTLETS[0], **changes: object) -> Member:
    """One report; whatever matters to a test comes as a keyword."""
    feed_id = OUTLETS.index(outlet) + 1 if outlet in OUTLETS else 99
    base = Member(
        entry_id=entry_id,
        title=title,
        url=f"https://{feed_id}.example.org/{entry_id}",
        outlet=outlet,
        publisher=f"{feed_id}.example.org",
        feed_id=feed_id,
        lang="en",
        published=NOW - timedelta(hours=3, minutes=7 * entry_id % 60),
        seen=NOW - timedelta(hours=2),
        excerpt="",
        level=Level.STORY,
        score=1.0,
        reason="",
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def story(story_id: int, members: Sequence[Member], **changes: object) -> Story:
    """A story of these reports, the first being the one shown."""
    first = members[0]
    base = Story(
        id=story_id,
        title=first.title,
        first_seen=min(m.seen for m in members),
        last_seen=max(m.seen for m in members),
        entries=len(members),
        copies=sum(m.level is Level.COPY for m in members),
        outlets=tuple(dict.fromkeys(m.outlet for m in members)),
        independent=len({m.publisher for m in members if m.level is not Level.COPY}),
        tags=tuple(dict.fromkeys(tag for m in members for tag in m.tags)),
        lang=first.lang,
        representative=first.entry_id,
        url=first.url,
        excerpt=first.excerpt,
        members=tuple(members),
    )
    return replace(base, **changes)  # type: ignore[arg-type]


_HEADLINES: tuple[tuple[str, str, str, str, int], ...] = (
    ("world", "Ferry runs aground off Cape Orla, all 214 aboard brought to safety", "en",
     "The Meridian Star struck a sandbank shortly after midnight. Lifeboats from three harbours took everyone "
     "off before dawn, and two people were treated for cold.", 13),
    ("world", "Parliament of Velmark votes to reopen the northern border", "en",
     "After nine hours of debate, 71 of 120 members voted in favour. The first crossings are expected in May.", 8),
    ("world", "Lorn Valley evacuated as the dam shows new cracks", "en",
     "Some 3,400 residents left their homes overnight. Engineers lower the water by a metre a day.", 6),
    ("business", "Zentralbank von Velmark senkt den Leitzins überraschend auf 2,25 Prozent", "de",
     "Der Rat entschied einstimmig. Ökonomen hatten mit einer Pause gerechnet; die Börse in Orla schloss so hoch wie "
     "seit drei Jahren nicht.", 5),
    ("science", "Deep-sea survey maps a chain of forty unknown volcanoes", "en",
     "The cones rise up to 1,800 metres from the floor of the Western Basin. None has erupted in recorded time.", 5),
    ("technology", "海底ケーブル修理船が完成 北方航路で四月から運用へ", "ja",
     "全長百四十メートルの新造船が火曜日に引き渡された。年間およそ二十件の修理を担うという。", 4),
    ("world", "انطلاق محادثات المياه بين البلدين في أورلا", "ar",
     "بدأت صباح السبت جولة جديدة من المحادثات حول تقاسم مياه النهر. ومن المتوقع أن تستمر ثلاثة أيام.", 4),
    ("sport", "Orla Rovers win the cup in extra time", "en", "A late header decided the final before 31,000.", 4),
    ("science", "Storks return two weeks early to the Fen", "en", "Ringers counted 82 pairs by Friday.", 1),
    ("business", "Shipyard in Lorn wins order for six ferries", "en", "Delivery starts in 2028.", 3),
    ("business", "Coffee growers of the valley agree on a minimum price", "en", "", 2),
    ("business", "Velmark's rail operator orders night trains again", "en", "Two lines first.", 2),
    ("technology", "Open map project passes ten million contributors", "en", "", 2),
    ("technology", "A browser the size of a floppy disk", "en", "A hobbyist's project renders half the web.", 1),
    ("technology", "Why the old post office clock runs on 1970s software", "en", "", 1),
    ("science", "Glacier core dates a forgotten eruption to 1231", "en", "", 2),
    ("science", "Sea grass meadows store more carbon than thought, says a study of 900 bays", "en", "", 1),
    ("sport", "Marathon route changed after the landslide", "en", "", 2),
    ("sport", "Chess: Ilmarinen draws round nine and keeps the lead", "en", "", 1),
    ("", "Letters: in defence of the slow tram", "en", "", 1),
    ("", "The last lamplighter of Orla retires", "en", "He lit 212 lamps a night for 44 years.", 1),
)  # fmt: skip


def day() -> list[Untold]:
    """One day of news: many outlets and languages, copies, two updates."""
    ids = count(1)
    made = []
    for number, (tag, title, lang, excerpt, sources) in enumerate(_HEADLINES, 1):
        tags = (tag,) if tag else ()
        members = [
            member(next(ids), title, OUTLETS[(number + i) % len(OUTLETS)], lang=lang, excerpt=excerpt, tags=tags,
                   level=Level.COPY if i > 3 and i % 3 == 0 else Level.STORY)
            for i in range(sources)
        ]  # fmt: skip
        made.append(Untold(story(number, members)))
    return [*made, *updates(ids)]


def updates(ids: "count[int]") -> list[Untold]:
    """Two stories told the day before that went on."""
    strike = [
        member(next(ids), "Ferry crews of Orla call a strike for Saturday", OUTLETS[1], tags=("world",),
               excerpt="The union wants two more hands a shift."),
        member(next(ids), "Strike called off: ferry owners concede a third engineer aboard every night crossing",
               OUTLETS[1], tags=("world",),
               excerpt="Both sides signed at 4 am. The contract runs until 2029 and covers 1,150 sailors."),
    ]  # fmt: skip
    comet = [
        member(next(ids), "Comet visible to the naked eye from Sunday", OUTLETS[5], tags=("science",)),
        member(next(ids), "Astronomers measure water jets as the comet splits into three fragments", OUTLETS[5],
               tags=("science",), excerpt="Telescopes on four continents followed the break-up on Friday night."),
    ]  # fmt: skip
    return [Untold(story(100 + i, pair), frozenset([pair[0].entry_id])) for i, pair in enumerate((strike, comet))]


EVENTS = (
    FeedEvent(
        4, EventKind.BROKEN, NOW, "404 Not Found for three days; asked again every 24 hours", "Radio Meridian", 1
    ),
    FeedEvent(
        7, EventKind.MOVED, NOW, "to https://ledger.example.org/feed.xml; please change feeds.yaml", "The Ledger", 2
    ),
)
SETTINGS = DigestSettings(timezone="Europe/Berlin", locale="en_GB", title="The Orla Digest", to=("reader@example.org",))


KNOWN = Feeds(events=EVENTS)


def sample(
    digest: DigestSettings = SETTINGS,
    untold: Sequence[Untold] | None = None,
    *,
    feeds: Feeds = KNOWN,
    **changes: object,
) -> Issue:
    """The day as an issue."""
    issue = select(
        day() if untold is None else untold,
        digest,
        day=date(2026, 3, 14),
        now=NOW,
        since=SINCE,
        counts=Counts(entries=1184, feeds=212, stories=63),
        feeds=feeds,
    )
    return replace(issue, **changes)  # type: ignore[arg-type]


def main(folder: Path) -> None:
    pages: dict[str, Composed] = {
        "day": compose(sample(missed=(date(2026, 3, 12), date(2026, 3, 13))), SETTINGS),
        "short": compose(sample(replace(SETTINGS, limit=12)), replace(SETTINGS, limit=12)),
        "quiet": compose(sample(untold=[], notices=()), SETTINGS),
    }
    for name, page in pages.items():
        (folder / f"{name}.html").write_text(page.html)
        (folder / f"{name}.txt").write_text(page.text)
        print(name, page.subject, len(page.html), file=sys.stderr)
    (folder / "full.html").write_text(pages["short"].full_html)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
