"""FeedState + what came of a poll → the next FeedState: when again, why, and what the user must hear. Pure.

Bounds, for every answer: never before now plus what the server asked for (Retry-After up to a week, freshness up to a
day), never later than the longest of these, the user's `every:`, `poll.slowest` and a day, plus a tenth. Only a feed
that is gone (410) waits for ever. Jitter only adds.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from aggregator.fetch import redirects, rhythm
from aggregator.fetch.freshness import fresh_for, remembered, retry_after
from aggregator.fetch.rhythm import DAY, HOUR, Wait, words
from aggregator.model import (
    NEVER,
    EventKind,
    Feed,
    FeedEvent,
    FeedState,
    FeedStatus,
    Fetched,
    Hints,
    HostBlock,
    Outcome,
    WorkerFailure,
)
from aggregator.settings import HostSettings, PollSettings

DENIAL = 4 * HOUR  # first wait after 403 and 429
KILLS = 2  # in a row, of parser workers: quarantine
TROUBLE = (3, DAY)  # failures in a row and time without success after which the user is told
SPREAD = 10  # jitter adds up to one part in so many
_SKIP_SPREAD = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to be stored after a poll."""

    state: FeedState
    block: HostBlock | None = None
    events: tuple[FeedEvent, ...] = ()


def decide(  # noqa: PLR0913 – all that a decision depends on, by name
    feed: Feed,
    state: FeedState,
    fetched: Fetched,
    *,
    hints: Hints | None,
    published: Sequence[datetime],
    new: int,
    now: datetime,
    settings: PollSettings,
    jitter: float,
    failure: WorkerFailure | None = None,
    host: HostSettings = HostSettings(),  # noqa: B008 – frozen, without state
) -> Decision:
    """The state after this poll.

    `hints`, `published`: from the document, None and empty where none was parsed; `new`: entries never seen before;
    `jitter`: 0 ≤ j < 1; `failure`: the document came but could not be read. A POSTPONED feed stays as it is, still due.
    """
    if fetched.outcome is Outcome.POSTPONED:
        return Decision(state)
    poll = _Poll(feed, state, fetched, now, settings, jitter, host)
    if failure is None and fetched.outcome in (Outcome.CHANGED, Outcome.UNCHANGED):
        return poll.succeeded(hints, published, new)
    return poll.failed(failure)


@dataclass(frozen=True, slots=True)
class _Poll:
    feed: Feed
    before: FeedState
    fetched: Fetched
    now: datetime
    settings: PollSettings
    jitter: float
    host: HostSettings

    # ------------------------------------------------------------ all is well

    def succeeded(self, hints: Hints | None, published: Sequence[datetime], new: int) -> Decision:
        before, fetched, now = self.before, self.fetched, self.now
        etag, last_modified, stuck = remembered(before, fetched)
        move = redirects.observe(self.feed, before, fetched, now)
        state = replace(
            before,
            status=FeedStatus.ACTIVE,
            etag=etag,
            last_modified=last_modified,
            stuck_answers=stuck,
            body_hash=fetched.body_hash or before.body_hash,
            checked_at=now,
            succeeded_at=now,
            changed_at=now if new else before.changed_at,
            failures=0,
            kills=0,
            error="",
            moved_to=move.to,
            moved_since=move.since,
            moved_answers=move.answers,
            hints=before.hints if hints is None else hints,
            published=rhythm.history(published, before, new=new, now=now),
        )
        wait = self._asked(rhythm.interval(self.feed, state, self.settings, self.host))
        state = self._scheduled(state, wait)
        return Decision(state, None, self._good_news(state))

    def _asked(self, wait: Wait) -> Wait:
        """No earlier than the answer's freshness says."""
        fresh = fresh_for(self.fetched.headers, self.now)
        return wait if fresh is None or not fresh[0] else wait.at_least(*fresh)

    def _scheduled(self, state: FeedState, wait: Wait) -> FeedState:
        """Hints bind unless the user said how often; the server's own word binds always."""
        hints, skip = state.hints, self.feed.every is None
        if skip and hints.interval:
            wait = wait.at_least(min(hints.interval, DAY), f"the feed says every {words(hints.interval)}")
        if self.host.gap is not None:
            wait = replace(wait, why=(*wait.why, f"host gap {words(self.host.gap)}"))
        at = self.now + wait.time * (1 + self.jitter / SPREAD)
        if skip and (free := min(rhythm.allowed(at, hints), max(at, self.now + DAY))) > at:
            at = free + self.jitter * _SKIP_SPREAD
            wait = replace(wait, why=("the feed skips these hours", *wait.why))
        return replace(state, next_at=at, why="; ".join(wait.why))

    def _good_news(self, state: FeedState) -> tuple[FeedEvent, ...]:
        events = []
        if self.before.status in (FeedStatus.GONE, FeedStatus.QUARANTINED) or _told(self.before):
            events.append(self._event(EventKind.RECOVERED, "answers again"))
        target = redirects.confirmed(state)
        if target and not redirects.confirmed(self.before):
            events.append(self._event(EventKind.MOVED, target))
        return tuple(events)

    # ------------------------------------------------------------ trouble

    def failed(self, failure: WorkerFailure | None) -> Decision:
        before, now = self.before, self.now
        kills = before.kills + (failure is not None and failure.killed)
        error = failure.message if failure else self.fetched.error or str(self.fetched.outcome)
        state = replace(
            before,
            status=self._status(kills),
            checked_at=now,
            failures=before.failures + 1,
            kills=kills,
            error=error,
        )
        if state.status is FeedStatus.GONE:
            state = replace(
                state, next_at=NEVER, why="gone for good (410): never asked again unless you poll it by name"
            )
            return Decision(state, None, self._bad_news(state))
        wait, block = self._back_off(state)
        at = now + wait.time * (1 + self.jitter / SPREAD)
        state = replace(state, next_at=at, why="; ".join(wait.why))
        return Decision(state, block, self._bad_news(state))

    def _status(self, kills: int) -> FeedStatus:
        if self.fetched.outcome is Outcome.GONE:
            return FeedStatus.GONE
        return FeedStatus.QUARANTINED if kills >= KILLS else FeedStatus.FAILING

    def _back_off(self, state: FeedState) -> tuple[Wait, HostBlock | None]:
        """Doubling from one interval, from four hours where we are not wanted, up to a day; Retry-After says it all."""
        usual = rhythm.interval(self.feed, state, self.settings, self.host)
        asked = self._retry_after()
        if asked is not None:
            wait = usual.at_least(asked, f"Retry-After: {words(asked)}")
            return wait, self._block(asked, f"asked for {words(asked)} of rest (Retry-After)")
        refused = self.fetched.status in (403, 429)
        first = max(usual.time, DENIAL) if refused else usual.time
        doubled = first * 2 ** min(state.failures - 1, 10)
        if state.status is FeedStatus.QUARANTINED:
            doubled = DAY
        again = "" if state.failures == 1 else f" {state.failures} times in a row"
        wait = self._asked(Wait(max(usual.time, min(doubled, DAY)), (f"failed{again}: {state.error}",)))
        return wait, self._block(wait.time, "429 Too Many Requests") if self.fetched.status == 429 else None

    def _retry_after(self) -> timedelta | None:
        status = self.fetched.status or 0
        listens = status in (429, 503) or 300 <= status < 400
        return retry_after(self.fetched.headers, self.now) if listens else None

    def _block(self, time: timedelta, why: str) -> HostBlock | None:
        host = urlsplit(self.fetched.final_url or self.fetched.url).hostname
        return HostBlock(host, self.now + time, why) if host and time else None

    def _bad_news(self, state: FeedState) -> tuple[FeedEvent, ...]:
        before = self.before.status
        if state.status is FeedStatus.GONE:
            told = before is FeedStatus.GONE
            kind, detail = (
                EventKind.GONE,
                "says it is gone for good (410); its entries are kept, it is not polled any more",
            )
        elif state.status is FeedStatus.QUARANTINED:
            told = before is FeedStatus.QUARANTINED
            kind, detail = (
                EventKind.QUARANTINED,
                f"its document stopped the parser twice ({state.error}); tried once a day",
            )
        else:
            told = _told(self.before) or not _told(state)
            kind, detail = (
                EventKind.BROKEN,
                f"failed {state.failures} times in a row: {state.error}; retried with growing delay",
            )
        return () if told else (self._event(kind, detail),)

    def _event(self, kind: EventKind, detail: str) -> FeedEvent:
        return FeedEvent(self.feed.id, kind, self.now, detail)


def _told(state: FeedState) -> bool:
    """Whether this trouble has lasted long enough to be told (and so, one poll later, has been told)."""
    failures, time = TROUBLE
    if state.failures < failures or state.checked_at is None:
        return False
    return state.succeeded_at is None or state.checked_at - state.succeeded_at >= time
