"""What is remembered, as people and digests read it."""

from collections.abc import Collection
from datetime import datetime
from typing import Protocol

from aggregator.model import (
    Counts,
    Digest,
    DigestState,
    FeedEvent,
    Standing,
    Story,
    Untold,
)


class Library(Protocol):
    """The memory as people read it."""

    def stories(
        self,
        *,
        since: datetime | None = None,
        limit: int | None = None,
        tags: Collection[str] = (),
        ids: Collection[int] | None = None,
    ) -> list[Story]:
        """Newest first (by last_seen), without members."""
        ...

    def story(self, story_id: int) -> Story | None:
        """With members; follows redirects of merged stories."""
        ...

    def standings(self, entry_ids: Collection[int] | None = None) -> list[Standing]:
        """Of these entries (None: of all), by entry id."""
        ...

    def untold(self, name: str, recipient: str, *, since: datetime) -> list[Untold]:
        """Stories with members seen since then that no accepted (sent) issue of this digest told this recipient."""
        ...

    def counts(self, *, since: datetime) -> Counts: ...

    def events(self, *, after: int) -> list[FeedEvent]:
        """Feed events with a higher id, oldest first."""
        ...

    def posts(self, *, since: datetime) -> dict[int, int]:
        """feed id → how many of the last twenty things it published are of that time; without feeds never read."""
        ...


class Ledger(Protocol):
    """The outbox: at most one row per (name, local date, recipient), whatever happens."""

    def digest(self, name: str, local_date: str, recipient: str) -> Digest | None: ...

    def add_digest(self, digest: Digest) -> Digest:
        """Store a rendered (or skipped) issue; returns it with its id, or the row that was there first."""
        ...

    def record_attempt(
        self, digest_id: int, state: DigestState, *, at: datetime, answer: str, next_at: datetime | None
    ) -> None:
        """One attempt to send: the new state and the server's last answer."""
        ...

    def pending(self, now: datetime) -> list[Digest]:
        """Issues whose next attempt is due, oldest first."""
        ...

    def last_sent(self, name: str, recipient: str) -> Digest | None: ...

    def digests(self, *, limit: int) -> list[Digest]:
        """Newest first."""
        ...
