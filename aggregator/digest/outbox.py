"""What is due → rendered once, stored, sent, marked. The act; every decision in it is made elsewhere.

The row is committed before the first attempt and marked after the server has taken the mail, so a crash at any moment
loses nothing, and repeats a mail, byte for byte, only if it falls between the server's 250 and our commit.
"""

import logging
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import takewhile

from aggregator.digest import due, message
from aggregator.digest.compose import Composed, compose
from aggregator.digest.due import Occasion, days_between
from aggregator.digest.message import Letter
from aggregator.digest.select import RARITY_WINDOW, Feeds, Issue, select
from aggregator.errors import AggregatorError, ConfigError, RefusedError, UnavailableError, UsageError
from aggregator.model import Digest, DigestState, FeedEvent
from aggregator.ports import Ledger, Library, Send
from aggregator.settings import DigestSettings, SmtpSettings

log = logging.getLogger(__name__)

FIRST_DELAY = timedelta(minutes=5)
LONGEST_DELAY = timedelta(hours=3)
GIVE_UP = timedelta(hours=24)
FIRST_ISSUE = timedelta(hours=24)  # what the very first mail covers
OVERLAP = timedelta(days=1)  # entries may be committed a little after the moment they were seen
LOOK_BACK = timedelta(days=31)
_LOUDNESS = {
    DigestState.SENT: logging.INFO,
    DigestState.PENDING: logging.WARNING,
    DigestState.FAILED: logging.ERROR,
}
ROWS = 200  # of the ledger, newest first: enough to see what became of the last mails


def retry_at(made: datetime, attempts: int, now: datetime) -> datetime | None:
    """When to try again after so many failed attempts: 5, 10, 20 … 180 minutes later, the last time after 24 h."""
    last = made + GIVE_UP
    if now >= last:
        return None
    delay = timedelta(seconds=math.ldexp(FIRST_DELAY.total_seconds(), min(attempts - 1, 10)))
    return min(last, now + min(LONGEST_DELAY, delay))


@dataclass(frozen=True)
class Outbox:
    """The digests of one installation: its ledger, its stories, its way out, its clock."""

    ledger: Ledger
    library: Library
    send: Send
    smtp: SmtpSettings
    now: Callable[[], datetime]

    # ---------------------------------------------------------------- the daily round

    def work(self, digests: Iterable[DigestSettings]) -> Iterator[Digest]:
        """Send what waits, make what is due, send that. Yields every row it touched, as it then stands.

        One digest that cannot be made (a broken template) is logged and does not stop the others.
        """
        yield from self.send_pending()
        every = list(digests)
        for occasion in list(due.due(every, self.now(), taken=self._taken)):
            try:
                row = self.issue(occasion, among=every)
            except AggregatorError as error:
                log.error("digest %s for %s: not made: %s", occasion.digest.name, occasion.day, error)
                continue
            yield self._attempt(row) if row.state is DigestState.PENDING else row

    def issue(self, occasion: Occasion, *, among: Sequence[DigestSettings] = ()) -> Digest:
        """Render and store the mail of one occasion, or a skipped row if there is nothing to tell."""
        digest, day, recipient = occasion.digest, occasion.day, occasion.recipient
        now = self.now()
        issue = self._select(digest, recipient, day, now, among)
        silent = issue.empty and not digest.all_quiet
        composed = compose(issue, digest)
        letter = self._letter(composed, digest, recipient)
        if not silent:
            self._supersede(digest.name, recipient, day, now)
        return self.ledger.add_digest(
            Digest(
                name=digest.name,
                local_date=day.isoformat(),
                recipient=recipient,
                message_id=letter.message_id,
                state=DigestState.SKIPPED if silent else DigestState.PENDING,
                rendered=b"" if silent else letter.data,
                created_at=now,
                items=composed.issue.items,
                last_event=issue.last_event,
                next_at=None if silent else now,
                last_answer="nothing new" if silent else "",
            )
        )

    def send_pending(self) -> Iterator[Digest]:
        """Try every stored mail whose next attempt is due."""
        for row in self.ledger.pending(self.now()):
            yield self._attempt(row)

    def _attempt(self, row: Digest) -> Digest:
        """Send, then mark."""
        state, next_at = DigestState.SENT, None
        try:
            answer = self.send(row.rendered, sender=message.sender_of(self.smtp).address, recipient=row.recipient)
        except RefusedError as error:
            state, answer = DigestState.FAILED, str(error)
        except (UnavailableError, ConfigError) as error:
            next_at = retry_at(row.created_at, row.attempts + 1, self.now())
            state, answer = (DigestState.PENDING if next_at else DigestState.FAILED), str(error)
        self.ledger.record_attempt(row.id, state, at=self.now(), answer=answer, next_at=next_at)
        after = self.ledger.digest(row.name, row.local_date, row.recipient) or row
        log.log(_LOUDNESS[state], "%s", told(after))
        return after

    def _supersede(self, name: str, recipient: str, day: date, now: datetime) -> None:
        """Earlier mails still waiting are given up: the new one tells all they would have told."""
        for row in self._of(name, recipient):
            if row.state is DigestState.PENDING:
                answer = f"given up, covered by the mail of {day}; last answer: {row.last_answer or 'none'}"
                self.ledger.record_attempt(row.id, DigestState.FAILED, at=now, answer=answer, next_at=None)

    # ---------------------------------------------------------------- what a mail covers

    def preview(
        self,
        digest: DigestSettings,
        *,
        recipient: str = "",
        day: date | None = None,
        among: Sequence[DigestSettings] = (),
    ) -> Composed:
        """The issue as it would go out now. `among` all digests, if there are several. Stores nothing."""
        now = self.now()
        who = recipient or next(iter(digest.to), "")
        return compose(self._select(digest, who, day or due.today(digest, now), now, among), digest)

    def test(self, digest: DigestSettings, *, to: str, among: Sequence[DigestSettings] = ()) -> str:
        """Send today's issue, marked as a test, to an address; the ledger does not know. Returns the answer.

        Raises UnavailableError or RefusedError.
        """
        letter = self._letter(self.preview(digest, among=among), digest, to, test=True)
        return self.send(letter.data, sender=message.sender_of(self.smtp).address, recipient=to)

    def eml(self, digest: DigestSettings, *, recipient: str = "", among: Sequence[DigestSettings] = ()) -> bytes:
        """The mail as it would go out now, as bytes. Stores nothing."""
        who = recipient or next(iter(digest.to), "") or message.sender_of(self.smtp).address
        return self._letter(self.preview(digest, recipient=who, among=among), digest, who).data

    def _letter(self, composed: Composed, digest: DigestSettings, recipient: str, *, test: bool = False) -> Letter:
        return message.write(composed, digest, sender=message.sender_of(self.smtp), recipient=recipient, test=test)

    def _select(
        self, digest: DigestSettings, recipient: str, day: date, now: datetime, among: Sequence[DigestSettings]
    ) -> Issue:
        accepted = self.ledger.last_sent(digest.name, recipient)
        since = max(self._since(digest.name, recipient, accepted, now), now - LOOK_BACK)
        untold = self.library.untold(digest.name, recipient, since=since - OVERLAP if accepted else since)
        return select(
            untold,
            digest,
            day=day,
            now=now,
            since=since,
            counts=self.library.counts(since=since),
            feeds=Feeds(
                posts=self.library.posts(since=now - RARITY_WINDOW),
                events=self._events(accepted, since),
                last_event=accepted.last_event if accepted else 0,
                before=_before(digest, recipient, among),
            ),
            missed=self._missed(digest.name, recipient, accepted, day),
        )

    def _events(self, accepted: Digest | None, since: datetime) -> list[FeedEvent]:
        """Those after the last accepted mail; to a new reader nothing of old times."""
        if accepted:
            return self.library.events(after=accepted.last_event)
        return [event for event in self.library.events(after=0) if event.at >= since]

    def _since(self, name: str, recipient: str, accepted: Digest | None, now: datetime) -> datetime:
        """The last accepted mail; before the first one: a day before the first that was tried."""
        if accepted:
            return accepted.created_at
        tried = [row.created_at for row in self._of(name, recipient)]
        return min([now, *tried]) - FIRST_ISSUE

    def _missed(self, name: str, recipient: str, accepted: Digest | None, day: date) -> list[date]:
        """The days since the last accepted mail without one, though there was or may have been something to tell."""
        if not accepted:
            return []
        rows = {
            between: self.ledger.digest(name, between.isoformat(), recipient)
            for between in days_between(date.fromisoformat(accepted.local_date), day, at_most=LOOK_BACK.days)
        }
        return [between for between, row in rows.items() if row is None or row.state is not DigestState.SKIPPED]

    def _taken(self, name: str, local_date: str, recipient: str) -> bool:
        return self.ledger.digest(name, local_date, recipient) is not None

    # ---------------------------------------------------------------- looking back

    def past(self, digest: DigestSettings, day: date, *, recipient: str = "") -> Digest:
        """The mail of a day as it was, byte for byte. Raises UsageError if there was none."""
        who = recipient or next(iter(digest.to), "")
        row = self.ledger.digest(digest.name, day.isoformat(), who)
        if row is None or not row.rendered:
            why = "nothing was new that day" if row else "no such row in the ledger: see `aggregator digest list`"
            raise UsageError(f"no mail of {digest.name} for {day} to {who or 'anyone'}: {why}")
        return row

    def retry(self, row: Digest) -> Digest:
        """Try a failed or waiting mail again now. Raises UsageError if it went out, or a later one covered it."""
        if row.state not in (DigestState.FAILED, DigestState.PENDING):
            raise UsageError(f"the mail of {row.local_date} to {row.recipient} is {row.state}: nothing to retry")
        later = [r for r in self._of(row.name, row.recipient) if r.id > row.id and r.state is not DigestState.SKIPPED]
        if later:
            raise UsageError(f"the mail of {row.local_date} was covered by that of {later[0].local_date}: retry that")
        return self._attempt(row)

    def alarms(self) -> list[Digest]:
        """Mails given up whose stories have reached their reader by no later one; newest first."""
        return due.alarms(self.ledger.digests(limit=ROWS))

    def _of(self, name: str, recipient: str) -> list[Digest]:
        return [row for row in self.ledger.digests(limit=ROWS) if (row.name, row.recipient) == (name, recipient)]


def _before(digest: DigestSettings, recipient: str, among: Sequence[DigestSettings]) -> list[DigestSettings]:
    """The reader's digests that come before this one in feeds.yaml and tell of feeds."""
    first = takewhile(lambda other: other.name != digest.name, among)
    return [other for other in first if other.notices and recipient in other.to]


def told(row: Digest) -> str:
    """One line about a row, for the log and the terminal."""
    what = f"digest {row.name} of {row.local_date} to {row.recipient}: {row.state}"
    if row.state is DigestState.PENDING and row.next_at:
        what += f", attempt {row.attempts} failed, next at {row.next_at.astimezone(UTC):%H:%M} UTC"
    elif row.state is DigestState.SENT:
        what += f", {len(row.items)} stories, {len(row.rendered) // 1024} KB"
    return f"{what} ({row.last_answer})" if row.last_answer else what
