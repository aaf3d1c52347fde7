"""What is remembered, as those see it who decide and write."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from aggregator.model import (
    Act,
    Candidate,
    Correction,
    Decision,
    Document,
    Entry,
    Feed,
    FeedEvent,
    FeedState,
    Fetched,
    FetchRequest,
    Frequencies,
    HostBlock,
    Known,
    Merge,
    Placed,
    Placement,
    Redirect,
    Relation,
    Sketch,
    Standing,
    Stored,
    StoryProfile,
)


class Memory(Protocol):
    """What deciding asks for, and mending writes. `Store` is one, a rehearsal in memory another."""

    def candidates(self, sketch: Sketch, *, since: datetime, limit: int) -> list[Candidate]:
        """Entries seen since then of the same recipe that share a text bucket, most shared first, then newest."""
        ...

    def stories_near(self, sketch: Sketch, *, since: datetime, limit: int) -> list[int]:
        """Stories with an entry seen since then that shares an event bucket; those of most shared first."""
        ...

    def profiles(self, story_ids: Collection[int]) -> list[StoryProfile]: ...

    def wordings(self, story_ids: Collection[int]) -> Iterator[tuple[str, str]]:
        """(title and text, language) of these stories' entries, first come first; read while they are taken."""
        ...

    def frequencies(self, terms: Collection[str], *, at: datetime) -> Frequencies: ...

    def merge_stories(self, merge: Merge, *, profile: bytes, at: datetime) -> None:
        """Move the members of `merge.gone` to `merge.into` and leave a redirect."""
        ...

    def corrections(self, entry_ids: Collection[int]) -> list[Correction]:
        """Corrections that name any of these entries."""
        ...

    def list_corrections(self) -> list[Correction]:
        """All, oldest first."""
        ...

    def series_apart(self, *, since: datetime) -> list[tuple[int, int]]:
        """Pairs of stories with entries that are two numbers of one series, the later one seen since then."""
        ...

    def stories_of(self, entry_ids: Collection[int]) -> dict[int, int]:
        """entry id → story id, of those that exist."""
        ...

    def installation_seed(self) -> int:
        """A random 32-bit number drawn when the database was made: keys the hashes."""
        ...


class Store(Memory, Protocol):
    """The memory the pipeline writes. Every write happens inside `transaction`; errors of the disk propagate."""

    def transaction(self) -> AbstractContextManager[None]:
        """BEGIN IMMEDIATE … COMMIT, or ROLLBACK on an exception. Not nested."""
        ...

    # -- feeds
    def sync_feeds(self, feeds: Sequence[Feed], *, now: datetime) -> None:
        """Make the stored subscriptions equal to these, matched by URL. A feed no longer wanted is kept, disabled."""
        ...

    def add_feed(self, feed: Feed, *, now: datetime) -> int:
        """Store or find, by URL, a feed that is not subscribed to (the source of ingested articles); returns its id.

        Polling and `sync_feeds` leave such feeds alone.
        """
        ...

    def feeds(self) -> list[tuple[Feed, FeedState]]:
        """All wanted feeds, disabled ones included, in the order of the file."""
        ...

    def lease_due(
        self,
        now: datetime,
        *,
        until: datetime,
        limit: int,
        per_host: int | None = None,
        urls: Collection[str] | None = None,
        force: bool = False,
    ) -> list[FetchRequest]:
        """Take up to `limit` enabled feeds that are due, longest due first, and hide them from others until `until`.

        At most `per_host` of one host; none of a blocked host. `urls` restricts to these feeds; `force` ignores
        next_at (not the leases, not the blocks). A transaction of its own.
        """
        ...

    def release(self, feed_ids: Collection[int]) -> None:
        """End leases without a poll: they stay due."""
        ...

    def next_due(self) -> datetime | None:
        """When the next enabled feed is due (a moment in the past: now); None without feeds."""
        ...

    def block_host(self, block: HostBlock) -> None: ...

    def save_poll(  # noqa: PLR0913 – all that a poll came to, by name
        self,
        feed_id: int,
        state: FeedState,
        fetched: Fetched,
        *,
        document: Document | None = None,
        new: int = 0,
        revised: int = 0,
        pages: int = 0,
        fulltexts: int = 0,
        events: Sequence[FeedEvent] = (),
    ) -> None:
        """Remember one poll: the state, one row of history, the document's title, events. Ends the feed's lease.

        `pages`: article pages asked for; `fulltexts`: those that gave a full text.
        """
        ...

    # -- entries
    def known(self, feed_id: int, guids: Collection[str]) -> dict[str, Known]: ...

    def add_entry(
        self, feed_id: int, entry: Entry, sketch: Sketch, placement: Placement, *, profile: bytes, seen: datetime
    ) -> Placed:
        """Store a new entry where `placement` says, with its buckets, and the story's new profile."""
        ...

    def revise_entry(self, entry_id: int, entry: Entry, *, seen: datetime) -> None:
        """Replace the texts of a known entry; the former ones are kept as a revision."""
        ...

    # -- clustering
    def count_terms(self, documents: Iterable[Sequence[str]], *, at: datetime) -> None:
        """Raise the document frequency of each document's distinct terms by one at that time."""
        ...

    def stored(self, entry_ids: Collection[int]) -> list[Stored]:
        """Those of the entries that exist, in order of arrival."""
        ...

    def stored_since(self, since: datetime) -> Iterator[Stored]:
        """Seen since then, first come first; read while they are taken."""
        ...

    def count_since(self, since: datetime) -> int:
        """How many entries were seen since then."""
        ...

    def latest_seen(self) -> datetime | None:
        """When the newest entry was seen."""
        ...

    def entries_of(self, story_ids: Collection[int]) -> dict[int, int]:
        """entry id → story id, of all entries of these stories, in order of arrival."""
        ...

    def record_mended(self) -> None:
        """All entries there are have been mended."""
        ...

    def unmended(self, *, since: datetime, limit: int) -> list[int]:
        """The newest of the entries seen since then that came after `record_mended`, oldest first."""
        ...

    def outdated_sketches(self, recipe: str, *, since: datetime, limit: int) -> list[int]:
        """Entries seen since then whose sketch is of another recipe, newest first."""
        ...

    def replace_sketch(self, entry_id: int, sketch: Sketch) -> None:
        """Give an entry the sketch of a newer recipe."""
        ...

    def save_profile(self, story_id: int, recipe: str, profile: bytes) -> None:
        """What a story looks like to a newcomer, from now on."""
        ...

    # -- a person's word
    def current_story(self, story_id: int) -> int:
        """The id itself, or where a merge has redirected it."""
        ...

    def new_story(self, seen: datetime) -> int:
        """A number for a story whose entries come in the same transaction."""
        ...

    def standings(self, entry_ids: Collection[int] | None = None) -> list[Standing]:
        """Of these entries (None: of all), by entry id."""
        ...

    def decisions(self, entry_ids: Collection[int]) -> dict[int, Decision]:
        """All that is stored about where these entries stand, by entry id."""
        ...

    def redirects(self, story_ids: Collection[int]) -> list[Redirect]:
        """The stories that were merged into these, with when and why; in the order of their ids."""
        ...

    def place_again(self, standings: Collection[Standing], *, reason: str, at: datetime) -> None:
        """Put each entry where its standing says; gone stories come back, emptied ones redirect."""
        ...

    def relate_again(self, relations: Mapping[int, Iterable[Relation]]) -> None:
        """Replace what was noted of these entries' ties; ties with entries pruned since are passed over."""
        ...

    def redirects_to(self, story_ids: Collection[int]) -> list[tuple[int, int]]:
        """(old id, story id) of the stories that were merged into these."""
        ...

    def redirect_again(self, redirects: Iterable[tuple[int, int]]) -> None:
        """Let these old ids, if they still redirect, lead to those stories, if they are there."""
        ...

    def add_correction(self, correction: Correction) -> Correction:
        """Store it; returns it with its id. Contradictions are the caller's to refuse."""
        ...

    def acts(self) -> list[Act]:
        """All that were not taken back, oldest first."""
        ...

    def add_act(self, act: Act) -> Act:
        """Store it; returns it with its id."""
        ...

    def remove_act(self, act_id: int) -> bool:
        """With its corrections. False when there is none of that id."""
        ...
