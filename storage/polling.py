"""Due feeds → leases → polls remembered. The database decides what is due; the clock is dumb."""

import os
import socket
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from aggregator.model import Document, FeedEvent, FeedState, Fetched, FetchRequest, HostBlock
from storage.connection import Connection, writes
from storage.feed_rows import SELECT_FEEDS, address, read_feed, read_state, state_columns
from storage.values import clamp, clean, to_json, to_moment, to_text

FETCHES_KEPT = 50  # rows of history a feed
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


class Polling(Connection):
    """Who polls what now, and what came of it."""

    holder = f"{socket.gethostname()}:{os.getpid()}"

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
        next_at, and for named feeds that they are gone (not the leases, not the blocks). A transaction of its own.
        """
        with self.transaction():
            chosen = self._choose(self._due(now, urls, force), limit, per_host)
            ids = (to_json(chosen),)
            self.run(
                "UPDATE feeds SET leased_until = ?, lease_holder = ? WHERE id IN (SELECT value FROM json_each(?))",
                (to_text(until), self.holder, *ids),
            )
            rows = self.rows(
                SELECT_FEEDS + "WHERE f.id IN (SELECT value FROM json_each(?)) ORDER BY ifnull(f.next_at, ''), f.id",
                ids,
            )
        return [FetchRequest(read_feed(row), read_state(row)) for row in rows]

    def heed_clock(self, now: datetime, *, longest: timedelta) -> None:
        """What a clock that was wrong has put off too far is due now. `longest`: no wait of ours is longer.

        Without this a clock that was once years ahead would silence feeds and hosts for years.
        """
        far = {"now": to_text(now), "far": to_text(now + longest * 1.2), "longest": longest.total_seconds()}
        feeds = (
            "status <> 'gone' AND next_at > :far AND (every_seconds IS NULL OR every_seconds <= :longest)"
            " OR leased_until > :far"
        )
        if self.row(f"SELECT 1 FROM feeds WHERE {feeds} UNION ALL SELECT 1 FROM hosts WHERE blocked_until > :far", far):
            with self.transaction():
                self.run(
                    "UPDATE feeds SET next_at = min(next_at, :now), leased_until = NULL, lease_holder = NULL"
                    f" WHERE {feeds}",
                    far,
                )
                self.run("DELETE FROM hosts WHERE blocked_until > :far", far)

    def release_dead(self, *, own: bool = False) -> None:
        """End the leases of processes of this machine that are no more: a killed round is asked again at once.

        `own`: also ours, of a round that could not end them itself. In a container we have our predecessor's number.
        """
        host = socket.gethostname()
        held = self.rows("SELECT DISTINCT lease_holder FROM feeds WHERE lease_holder IS NOT NULL")
        holders = [(name, int(name.rpartition(":")[2])) for (name,) in held if name.rpartition(":")[0] == host]
        dead = [name for name, pid in holders if (own and name == self.holder) or not _alive(pid)]
        if dead:
            with self.transaction():
                self.run(
                    "UPDATE feeds SET leased_until = NULL, lease_holder = NULL"
                    " WHERE lease_holder IN (SELECT value FROM json_each(?))",
                    (to_json(dead),),
                )

    def _due(self, now: datetime, urls: Collection[str] | None, force: bool) -> Iterator[tuple[int, str]]:
        """(id, host) in the order of feeds_due, read only as far as wanted."""
        conditions = ["wanted AND enabled", "(leased_until IS NULL OR leased_until <= :now)"]
        if urls is not None:
            conditions.append("url IN (SELECT value FROM json_each(:urls))")
        if not (force and urls is not None):
            conditions.append("status <> 'gone'")
        if not force:
            conditions.append("ifnull(next_at, '') <= :now")
        return (
            (row["id"], row["host"])
            for row in self.stream(
                f"SELECT id, host FROM feeds WHERE {' AND '.join(conditions)}"
                " AND host NOT IN (SELECT host FROM hosts WHERE blocked_until > :now)"
                " ORDER BY ifnull(next_at, ''), id",
                {"now": to_text(now), "urls": to_json(map(clean, urls or ()))},
            )
        )

    @staticmethod
    def _choose(due: Iterator[tuple[int, str]], limit: int, per_host: int | None) -> list[int]:
        chosen: list[int] = []
        hosts: Counter[str] = Counter()
        for feed_id, host in due:
            if len(chosen) >= limit:
                break
            if per_host is None or hosts[host] < per_host:
                hosts[host] += 1
                chosen.append(feed_id)
        return chosen

    @writes
    def release(self, feed_ids: Collection[int]) -> None:
        """End our leases without a poll: they stay due."""
        self.run(
            "UPDATE feeds SET leased_until = NULL, lease_holder = NULL"
            " WHERE lease_holder = ? AND id IN (SELECT value FROM json_each(?))",
            (self.holder, to_json(feed_ids)),
        )

    def next_due(self) -> datetime | None:
        """When the next enabled feed is due (a moment in the past: now); None without feeds."""
        row = self.row(
            "SELECT next_at FROM feeds WHERE wanted AND enabled AND status <> 'gone'"
            " ORDER BY ifnull(next_at, '') LIMIT 1"
        )
        if row is None:
            return None
        return to_moment(row[0]) or LONG_AGO

    @writes
    def block_host(self, block: HostBlock) -> None:
        """Let no feed of the host be due before then; of two blocks the longer counts."""
        self.run(
            "INSERT INTO hosts (host, blocked_until, why) VALUES (?, ?, ?) ON CONFLICT (host) DO UPDATE"
            " SET blocked_until = excluded.blocked_until, why = excluded.why"
            " WHERE excluded.blocked_until > blocked_until",
            (clean(block.host.lower()), to_text(block.until), clean(block.why)),
        )

    @writes
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
        columns = state_columns(state) | {"leased_until": None, "lease_holder": None}
        if document is not None:
            columns |= _self_description(document)
        settings = ", ".join(f"{name} = ?" for name in columns)
        self.run(f"UPDATE feeds SET {settings} WHERE id = ?", [*columns.values(), feed_id])
        self.run(
            "INSERT INTO feed_memory (feed_id, published, item_hashes) VALUES (?, ?, ?) ON CONFLICT (feed_id) DO UPDATE"
            " SET published = excluded.published, item_hashes = excluded.item_hashes"
            " WHERE published <> excluded.published OR item_hashes <> excluded.item_hashes",
            (feed_id, to_json(map(to_text, state.published)), to_json(state.item_hashes)),
        )
        if document is not None and document.title:
            self._entitle(feed_id, clean(document.title))
        self._add_fetch(feed_id, fetched, _items(document), (new, revised, pages, fulltexts))
        self.many(
            "INSERT INTO feed_events (feed_id, kind, at, detail) VALUES (?, ?, ?, ?)",
            [(feed_id, str(event.kind), to_text(event.at), clean(event.detail)) for event in events],
        )

    def _entitle(self, feed_id: int, title: str) -> None:
        """The document's name for itself, unless the user has given one."""
        former = self.row(
            "SELECT title, url FROM feeds WHERE id = ? AND user_title = '' AND title <> ?", (feed_id, title)
        )
        if former is None:
            return
        self.run("UPDATE feeds SET title = ? WHERE id = ?", (title, feed_id))
        if former["title"] == address(former["url"]):  # its first entries were stored before it had a name
            self.run("UPDATE entries SET outlet = ? WHERE feed_id = ?", (title, feed_id))

    def _add_fetch(self, feed_id: int, fetched: Fetched, items: int, brought: tuple[int, ...]) -> None:
        self.run(
            "INSERT INTO fetches (feed_id, at, outcome, status, bytes, seconds, items, new, revised, pages, fulltexts,"
            " error, final_url) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                feed_id,
                to_text(fetched.at),
                str(fetched.outcome),
                fetched.status,
                clamp(fetched.wire_bytes),
                round(fetched.seconds, 3),
                items,
                *brought,
                clean(fetched.error),
                clean(fetched.final_url) if fetched.final_url != fetched.url else "",
            ),
        )
        self.run(
            "DELETE FROM fetches WHERE feed_id = ? AND id <="
            " (SELECT id FROM fetches WHERE feed_id = ? ORDER BY id DESC LIMIT 1 OFFSET ?)",
            (feed_id, feed_id, FETCHES_KEPT),
        )


def _items(document: Document | None) -> int:
    """In the whole document; known ones may not have been parsed again."""
    return max(len(document.items), len(document.item_hashes)) if document else 0


def _self_description(document: Document) -> dict[str, object]:
    return {
        "site_url": clean(document.site_url),
        "lang": clean(document.lang),
        "dialect": clean(document.dialect),
        "malformed": clean(document.malformed),
    }


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
