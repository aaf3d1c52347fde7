"""Untold stories → one issue: what is in it, in which order, under which heading. Pure.

The score of a story is in units of "as good as doubling its independent sources": log2(1 + sources) + priority / 2 +
boosts + freshness + rarity. The places of the mail are then given one by one: every story already placed from the same
outlet, or with much the same headline, makes the next one like it count for less, so that neither one outlet nor one
event fills the mail, and what goes on does not crowd out what is new. A feed's only post of the month counts like a
story of four sources: it is not buried under those that write all day.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from aggregator.digest.novelty import News, common_words, content_words, news
from aggregator.digest.rules import boost, concerns, representative, wanted
from aggregator.model import Counts, DigestItem, EventKind, FeedEvent, Member, Story, Untold
from aggregator.settings import DigestSettings

FULL_PAGE = 2000  # stories beside those in the mail; what is beyond stays untold and has its chance the next day
FRESH_HALF_LIFE = timedelta(hours=12)
SAME_OUTLET = 0.85  # each story already placed from the outlet multiplies the next one's score by this, less if the
# next one has other sources, too: of two sources by the square root, of three by the third …
SAME_EVENT = 0.6  # … and each one with much the same headline by this
UPDATES = 0.25  # of the places, at the most
RARITY = 1.5  # for the only post in `RARITY_WINDOW`; the logarithm of their number takes from it …
RARITY_WINDOW = timedelta(days=30)
OFTEN = 20  # … until nothing is left at so many


@dataclass(frozen=True, slots=True)
class Pick:
    """One story of an issue."""

    story: Story
    lead: Member  # the member that is shown
    score: float
    section: str  # a tag, or empty
    news: News | None = None  # an update: only this is told


@dataclass(frozen=True, slots=True)
class Section:
    tag: str
    picks: tuple[Pick, ...]


@dataclass(frozen=True, slots=True)
class Issue:
    """One day's mail as values. `picks` stand in the mail, `rest` only on the full page; both best first."""

    name: str
    title: str
    day: date  # in the digest's zone
    since: datetime  # what came in after this moment
    now: datetime
    counts: Counts
    picks: tuple[Pick, ...] = ()
    rest: tuple[Pick, ...] = ()
    leads: int = 7  # how many new stories are shown with a lead
    notices: tuple[FeedEvent, ...] = ()
    last_event: int = 0  # the highest id of those known by now
    missed: tuple[date, ...] = ()  # days whose mail never arrived: this one covers them

    @property
    def top(self) -> tuple[Pick, ...]:
        return tuple(pick for pick in self.picks if not pick.news)[: self.leads]

    @property
    def updates(self) -> tuple[Pick, ...]:
        return tuple(pick for pick in self.picks if pick.news)

    @property
    def sections(self) -> tuple[Section, ...]:
        """The new stories below the top by tag; the tag with the best story first, stories without company last."""
        below = [pick for pick in self.picks if not pick.news][self.leads :]
        company = Counter(pick.section for pick in below)
        return grouped(pick if company[pick.section] > 1 else replace(pick, section="") for pick in below)

    @property
    def everything(self) -> tuple[Pick, ...]:
        return self.picks + self.rest

    @property
    def trimmed(self) -> int:
        """Stories told only on the full page."""
        return len(self.rest)

    @property
    def items(self) -> tuple[DigestItem, ...]:
        """What the ledger remembers as told."""
        return tuple(
            DigestItem(pick.story.id, pick.news is not None, max(m.entry_id for m in pick.story.members))
            for pick in self.everything
        )

    @property
    def empty(self) -> bool:
        return not self.picks and not self.notices

    def shortened(self, stories: int) -> "Issue":
        """With only the best so many stories in the mail itself."""
        return replace(self, picks=self.picks[:stories], rest=self.picks[stories:] + self.rest)


@dataclass(frozen=True, slots=True)
class Feeds:
    """What is known of the feeds beside their stories."""

    posts: Mapping[int, int] = field(default_factory=dict)  # published in `RARITY_WINDOW`, up to `OFTEN`, by feed id
    events: Sequence[FeedEvent] = ()  # not told yet, oldest first
    last_event: int = 0  # the highest id told
    before: Sequence[DigestSettings] = ()  # other digests of the same reader: what happens to their feeds is told there


NOTHING_OF_FEEDS = Feeds()


def select(
    untold: Iterable[Untold],
    digest: DigestSettings,
    *,
    day: date,
    now: datetime,
    since: datetime,
    counts: Counts,
    feeds: Feeds = NOTHING_OF_FEEDS,
    missed: Sequence[date] = (),
) -> Issue:
    """The issue of `day`."""
    candidates = [item for item in untold if item.story.members and wanted(item.story, digest)]
    common = common_words(item.story.members for item in candidates)
    picks = [pick for item in candidates if (pick := _pick(item, digest, since, common))]
    scored = [replace(pick, score=_score(pick, digest, feeds.posts, now)) for pick in picks]
    placed, rest = _place(sorted(scored, key=_order), digest.limit)
    return Issue(
        name=digest.name,
        title=digest.title,
        day=day,
        since=since,
        now=now,
        counts=counts,
        picks=tuple(placed),
        rest=tuple(rest[:FULL_PAGE]),
        leads=digest.top,
        notices=latest_of_each_feed([event for event in feeds.events if _tells(digest, event, feeds.before)]),
        last_event=max((event.id for event in feeds.events), default=feeds.last_event),
        missed=tuple(missed),
    )


def grouped(picks: Iterable[Pick]) -> tuple[Section, ...]:
    """By section, in the order of each section's first story; the nameless one last."""
    sections: dict[str, list[Pick]] = {}
    for pick in picks:
        sections.setdefault(pick.section, []).append(pick)
    ordered = sorted(sections.items(), key=lambda section: section[0] == "")
    return tuple(Section(tag, tuple(members)) for tag, members in ordered)


def _tells(digest: DigestSettings, event: FeedEvent, before: Iterable[DigestSettings]) -> bool:
    return digest.notices and concerns(digest, event) and not any(concerns(other, event) for other in before)


def latest_of_each_feed(events: Sequence[FeedEvent]) -> tuple[FeedEvent, ...]:
    """What a feed came to, not its whole way there; one that broke and recovered unseen is no news."""
    by_feed: dict[int, list[FeedEvent]] = {}
    for event in events:
        by_feed.setdefault(event.feed_id, []).append(event)
    return tuple(
        history[-1]
        for history in by_feed.values()
        if not (history[-1].kind is EventKind.RECOVERED and any(e.kind is EventKind.BROKEN for e in history))
    )


def _pick(item: Untold, digest: DigestSettings, since: datetime, common: frozenset[str]) -> Pick | None:
    """A new story, or one with something new in it; None for an echo of what was told.

    What was no news when the last mail was made does not become news by waiting.
    """
    story = item.story
    section = next((tag for tag in story.tags if not digest.tags or tag in digest.tags), "")
    if not item.told:
        return Pick(story, representative(story), 0.0, section)
    told = [member for member in story.members if member.entry_id in item.told]
    fresh = [member for member in story.members if member.entry_id not in item.told and member.seen > since]
    found = news(told, fresh, common)
    return Pick(story, found.member, 0.0, section, found) if found else None


def _score(pick: Pick, digest: DigestSettings, posts: Mapping[int, int], now: datetime) -> float:
    """See the module's docstring."""
    members = pick.story.members
    age = max(timedelta(0), now - max(member.moment for member in members))
    freshness = math.exp2(-(age / FRESH_HALF_LIFE))
    rarity = max(_rarity(posts.get(member.feed_id, OFTEN)) for member in members)
    priority = max(member.priority for member in members) / 2
    return math.log2(1 + _sources(pick)) + priority + boost(pick.story, digest) + freshness / 2 + rarity


def _sources(pick: Pick) -> int:
    return pick.news.sources if pick.news else max(1, pick.story.independent)


def _rarity(posts: int) -> float:
    return RARITY * max(0.0, 1 - math.log(max(1, posts)) / math.log(OFTEN))


def _order(pick: Pick) -> tuple[float, int]:
    return (-pick.score, pick.story.id)


def _place(ranked: list[Pick], places: int) -> tuple[list[Pick], list[Pick]]:
    """Fill the places one by one, each time with the best after discounts; the rest stays as ranked.

    Costs places × stories; a negative score (boosted down) is left as it is, being last anyway.
    """
    words = {pick.story.id: content_words(pick.lead.title) for pick in ranked}
    discount = dict.fromkeys(range(len(ranked)), 1.0)  # of those still to be placed, in ranked order
    placed: list[Pick] = []
    full: list[int] = []  # updates for which there are no places left
    while discount and len(placed) < places:
        best = ranked[max(discount, key=lambda i: min(ranked[i].score, ranked[i].score * discount[i]))]
        placed.append(best)
        discount = {
            i: worth * _crowding(best, ranked[i], words) for i, worth in discount.items() if ranked[i] is not best
        }
        if best.news and sum(pick.news is not None for pick in placed) >= UPDATES * places:
            full = [i for i in discount if ranked[i].news]
            discount = {i: worth for i, worth in discount.items() if not ranked[i].news}
    return placed, [ranked[i] for i in sorted([*discount, *full])]


def _crowding(placed: Pick, other: Pick, words: Mapping[int, frozenset[str]]) -> float:
    outlet = SAME_OUTLET ** (1 / _sources(other)) if placed.lead.feed_id == other.lead.feed_id else 1.0
    mine, theirs = words[other.story.id], words[placed.story.id]
    alike = len(mine & theirs) >= max(2, 0.5 * min(len(mine), len(theirs)))
    return outlet * (SAME_EVENT if alike else 1.0)
