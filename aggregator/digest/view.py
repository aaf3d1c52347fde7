"""Issue → plain values for the templates: clean texts, checked links, dates and times in the reader's zone and locale.

Pure. A template sees only what stands here; whatever a feed wrote has gone through `show`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_skeleton, format_time
from babel.numbers import format_decimal

from aggregator.digest import show
from aggregator.digest.select import Issue, Pick, Section, grouped
from aggregator.digest.words import Words
from aggregator.errors import ConfigError
from aggregator.model import EventKind, Level, Member
from aggregator.settings import DigestSettings

_WHY = "You get this mail because the digest “{name}” of your feed aggregator lists your address."
_MISSED = "No mail reached you for {days}: this one covers everything since {since}."
OUTLETS = 4  # named under a story; the others are counted
_KINDS = {
    EventKind.BROKEN: "does not answer",
    EventKind.RECOVERED: "is back",
    EventKind.MOVED: "has moved",
    EventKind.GONE: "is gone",
    EventKind.QUARANTINED: "is set aside",
}


class Clock:
    """Dates, times, numbers and our own words as one reader writes them."""

    def __init__(self, digest: DigestSettings) -> None:
        self._zone = ZoneInfo(digest.timezone)
        try:
            self._locale = Locale.parse(digest.locale.replace("-", "_"))
        except (UnknownLocaleError, ValueError):
            raise ConfigError(
                f"digest.locale: {digest.locale!r} is not known: write one such as en, en_GB, de"
            ) from None
        self.words = Words(self._locale)

    def day(self, day: date) -> str:
        return _plain(format_date(day, "full", self._locale))

    def short_day(self, day: date) -> str:
        return _plain(format_skeleton("MMMEd", day, locale=self._locale))

    def time(self, moment: datetime, now: datetime) -> str:
        """The time of day, with the weekday if it was not in the last 24 hours, the date if it was long ago."""
        local = moment.astimezone(self._zone)
        time = format_time(local, "short", tzinfo=self._zone, locale=self._locale)
        age = abs(now - moment)
        if age < timedelta(hours=24):
            return _plain(time)
        if age < timedelta(days=6):
            return _plain(f"{format_date(local.date(), 'EEE', self._locale)} {time}")
        return _plain(format_skeleton("MMMd", local.date(), locale=self._locale))

    def moment(self, moment: datetime) -> str:
        local = moment.astimezone(self._zone)
        time = format_time(local, "short", tzinfo=self._zone, locale=self._locale)
        return _plain(f"{format_skeleton('MMMd', local.date(), locale=self._locale)}, {time}")

    def number(self, number: int) -> str:
        return _plain(format_decimal(number, locale=self._locale))


@dataclass(frozen=True, slots=True)
class OutletView:
    name: str
    time: str
    url: str
    lang: str
    dir: str


@dataclass(frozen=True, slots=True)
class StoryView:
    title: str
    url: str
    lang: str
    dir: str
    lead: str  # one or two sentences; of an update: its newest one
    outlets: tuple[OutletView, ...]  # who reported, first come first
    more: int  # further outlets
    copies: int
    before: str  # of an update: the headline that was told, if another
    before_lang: str
    before_dir: str


@dataclass(frozen=True, slots=True)
class SectionView:
    heading: str
    stories: tuple[StoryView, ...]


@dataclass(frozen=True, slots=True)
class NoticeView:
    feed: str
    what: str
    detail: str


@dataclass(frozen=True, slots=True)
class IssueView:
    """Everything a template may use."""

    words: Words  # our own, in the reader's language: `{{ _("…") }}` in the templates
    title: str
    name: str
    date: str
    since: str
    status: str  # "1,184 entries from 212 feeds → 63 stories"
    missed: str  # a sentence, or empty
    preheader: str
    top: tuple[StoryView, ...]
    updates: tuple[StoryView, ...]
    sections: tuple[SectionView, ...]
    everything: tuple[SectionView, ...]  # for the full page
    notices: tuple[NoticeView, ...]
    trimmed: int
    full_url: str  # of the full page, if it is on the web
    attached: bool  # the full page is attached
    header: str
    footer: str
    why: str


def view(issue: Issue, digest: DigestSettings) -> IssueView:
    """Raises ConfigError for an unknown locale."""
    clock = Clock(digest)
    top, updates = _stories(issue.top, issue, clock), _stories(issue.updates, issue, clock)
    words = clock.words
    beside = words("Other stories") if any(section.tag for section in issue.sections) else words("More stories")
    new = sorted((pick for pick in issue.everything if not pick.news), key=lambda pick: pick.section.casefold())
    goes_on = tuple(pick for pick in issue.everything if pick.news)
    everything = [*([Section(words("Updates"), goes_on)] if goes_on else []), *grouped(new)]
    return IssueView(
        words=words,
        title=show.line(issue.title, 80),
        name=issue.name,
        date=clock.day(issue.day),
        since=clock.moment(issue.since),
        status=_status(issue, clock),
        missed=_missed(issue, clock),
        preheader=show.line(" · ".join(story.title for story in (top + updates)[1:4]), 140),
        top=top,
        updates=updates,
        sections=_sections(issue.sections, issue, clock, beside),
        everything=_sections(everything, issue, clock, words("Other stories")),
        notices=tuple(
            NoticeView(show.line(e.feed, 80) or f"Feed {e.feed_id}", words(_KINDS[e.kind]), show.line(e.detail, 200))
            for e in issue.notices
        ),
        trimmed=issue.trimmed,
        full_url=_full_url(issue, digest),
        attached=digest.rest == "attach" and bool(issue.rest),
        header=digest.header.strip(),
        footer=digest.footer.strip(),
        why=words(_WHY, name=issue.name),
    )


def headline(issue: Issue, digest: DigestSettings) -> str:
    """The subject: date, best headline, number of stories. At most 200 characters of one clean line."""
    clock = Clock(digest)
    date_ = clock.short_day(issue.day)
    if not issue.picks:
        quiet = clock.words("feeds need attention" if issue.notices else "all quiet")
        return show.line(f"{issue.title}, {date_}: {quiet}", 200)
    best = next(iter(issue.top + issue.updates + issue.picks))
    others = len(issue.everything) - 1
    return show.line(f"{date_}: {show.line(best.lead.title, 150)}", 180) + (
        f" (+{clock.number(others)})" if others else ""
    )


def languages(issue: Issue, own: str) -> tuple[str, ...]:
    """For Content-Language: that of our own words, then those of the stories in the mail by frequency."""
    spoken = [show.language(pick.lead.lang) for pick in issue.picks]
    found = sorted({lang for lang in spoken if lang} - {own}, key=lambda lang: (-spoken.count(lang), lang))
    return (own, *found)


def _status(issue: Issue, clock: Clock) -> str:
    words = clock.words
    return words(
        "{entries} from {feeds} → {stories}",
        entries=words("{n} entry", "{n} entries", issue.counts.entries),
        feeds=words("{n} feed", "{n} feeds", issue.counts.feeds),
        stories=words("{n} story", "{n} stories", len(issue.everything)),
    )


def _full_url(issue: Issue, digest: DigestSettings) -> str:
    if not digest.rest.startswith("https:"):
        return ""
    return digest.rest.replace("{name}", issue.name).replace("{date}", issue.day.isoformat())


def _missed(issue: Issue, clock: Clock) -> str:
    if not issue.missed:
        return ""
    days = ", ".join(clock.short_day(day) for day in issue.missed[-3:])
    before = len(issue.missed) - 3
    if before > 0:
        days = clock.words("{days} and {n} before", n=before, days=days)
    return clock.words(_MISSED, days=days, since=clock.moment(issue.since))


def _stories(picks: Iterable[Pick], issue: Issue, clock: Clock) -> tuple[StoryView, ...]:
    return tuple(_story(pick, issue, clock) for pick in picks)


def _sections(sections: Iterable[Section], issue: Issue, clock: Clock, nameless: str) -> tuple[SectionView, ...]:
    return tuple(
        SectionView(_heading(section.tag) or nameless, _stories(section.picks, issue, clock)) for section in sections
    )


def _heading(tag: str) -> str:
    clean = show.line(tag, 60)
    return clean[:1].upper() + clean[1:]


def _story(pick: Pick, issue: Issue, clock: Clock) -> StoryView:
    lead = pick.lead
    title = show.line(lead.title, 200) or clock.words("(untitled)")
    before = pick.news.before if pick.news else lead
    reporters = _reporters(pick.news.members if pick.news else pick.story.members, lead)
    return StoryView(
        title=title,
        url=show.link(lead.url),
        lang=show.language(lead.lang),
        dir=show.direction(lead.lang),
        lead=pick.news.quote if pick.news else show.lead(lead.excerpt, title),
        outlets=tuple(_outlet(member, issue, clock) for member in reporters[:OUTLETS]),
        more=max(0, len(reporters) - OUTLETS),
        copies=0 if pick.news else pick.story.copies,
        before=show.line(before.title, 120) if before.title != lead.title else "",
        before_lang=show.language(before.lang),
        before_dir=show.direction(before.lang),
    )


def _reporters(members: Sequence[Member], lead: Member) -> list[Member]:
    """One member an outlet, its first original; the one that is shown comes first. Copies are folded."""
    first: dict[int, Member] = {lead.feed_id: lead}
    for member in sorted(members, key=lambda member: member.moment):
        if member.level is not Level.COPY:
            first.setdefault(member.feed_id, member)
    return list(first.values())


def _outlet(member: Member, issue: Issue, clock: Clock) -> OutletView:
    return OutletView(
        name=show.line(member.outlet, 40) or show.line(member.publisher, 40) or clock.words("unknown"),
        time=clock.time(member.moment, issue.now),
        url=show.link(member.url),
        lang=show.language(member.lang),
        dir=show.direction(member.lang),
    )


def _plain(text: str) -> str:
    """Babel's narrow and no-break spaces as plain ones: some mail programs show a box for them."""
    return text.replace("\u202f", " ").replace("\u00a0", " ")
