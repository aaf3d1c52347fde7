"""Document frequencies of the own stream, aged without ever being touched.

Forward decay (Cormode, Shkapenyuk, Srivastava, Xu, ICDE 2009): each document is counted with the weight
``2 ** ((its moment − landmark) / half-life)``, and a sum is read at a moment by dividing it by that moment's weight.
So ageing costs nothing, and a document counts ½ after one half-life whenever it is asked.

Every entry asks for a hundred terms and raises them by one. What was read is kept in memory until another connection
writes. What is raised is noted as one row a document in `fresh_terms`, and two thousand of them at a time are added to
`frequencies`: at once, five entries would rewrite two hundred pages.
"""

import sqlite3
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta

from aggregator.model import Frequencies as Counted
from storage.connection import Connection, writes
from storage.values import clean_all, strings, to_json, to_moment, to_text

HALF_LIFE = timedelta(days=14)
LARGEST_AGE = 500  # half-lives from the landmark, either way: what a double holds, with room for sums
FORGOTTEN = 0.02  # a term seen once is dropped after less than six half-lives
REMEMBERED = 200_000  # terms held in memory: about 30 MB
FRESH = 2_000  # documents


class Frequencies(Connection):
    """Term counts for the idf."""

    half_life = HALF_LIFE

    def __init__(self, raw: sqlite3.Connection, path: str) -> None:
        super().__init__(raw, path)
        self._version = -1
        self._forget_terms()

    def forget(self) -> None:
        super().forget()
        self._forget_terms()

    def _forget_terms(self) -> None:
        """After a rollback, or when another connection has settled or aged them."""
        self._stored: dict[str, float] = {}  # term → weight in both tables; 0 for none
        self._unsettled: dict[str, float] | None = None  # what of it `frequencies` has not yet; None: not read
        self._first: int | None = None  # of the rows in `_unsettled`
        self._last = 0
        self._clock: tuple[datetime, timedelta, float] | None = None  # landmark, half-life, documents
        self._counted = False  # in this transaction

    def before_commit(self) -> None:
        super().before_commit()
        if not self._counted:
            return
        self._counted = False
        last, first = self.one("SELECT (SELECT max(id) FROM fresh_terms), (SELECT min(id) FROM fresh_terms)")
        if last and last - first + 1 >= FRESH:
            self._settle_terms()

    def _settle_terms(self) -> None:
        """Add what is fresh to `frequencies`, in its order: each page is written once."""
        raised = self._noted()
        self.many(
            "INSERT INTO frequencies (term, weight) VALUES (?, ?)"
            " ON CONFLICT (term) DO UPDATE SET weight = weight + excluded.weight",
            sorted(raised.items()),
        )
        self.run("DELETE FROM fresh_terms")
        self._unsettled, self._first = {}, None

    def _noted(self, *, after: int = 0) -> dict[str, float]:
        """Term → weight of the rows of `fresh_terms` after this one."""
        raised: dict[str, float] = defaultdict(float)
        rows = self.rows("SELECT id, weight, terms FROM fresh_terms WHERE id > ? ORDER BY id", (after,))
        for _, weight, terms in rows:
            for term in strings(terms):
                raised[term] += weight
        self._last = rows[-1][0] if rows else self._last
        return dict(raised)

    def frequencies(self, terms: Collection[str], *, at: datetime) -> Counted:
        """Aged document counts at that moment; a term never seen is missing."""
        terms = clean_all(terms)
        with self.one_moment():
            self._look_around()
            self._recall(terms)
        weight = self._weight(at)
        stored = self._stored
        counts = {term: stored[term] / weight for term in terms if stored[term]}
        return Counted(self._clock[2] / weight if self._clock else 0.0, counts)

    @writes
    def count_terms(self, documents: Iterable[Sequence[str]], *, at: datetime) -> None:
        """Raise the document frequency of each document's distinct terms by one at that time."""
        landmark, half_life, counted = self._started_clock(at)
        weight, total = self._weight(at), 0.0
        for terms in documents:
            distinct = set(clean_all(terms))
            self._recall(distinct)
            for term in distinct:
                self._stored[term] += weight
            self._note(weight, distinct)
            total += weight
        self.run("UPDATE frequency_clock SET documents = documents + ?", (total,))
        self._clock = landmark, half_life, counted + total
        self._counted = True

    def _note(self, weight: float, terms: Collection[str]) -> None:
        noted = self.run("INSERT INTO fresh_terms (weight, terms) VALUES (?, ?)", (weight, to_json(sorted(terms))))
        self._last = noted.lastrowid or 0
        self._first = self._first or self._last

    @writes
    def age_terms(self, at: datetime) -> int:
        """Move the landmark to that moment (numbers stay small for ever) and drop terms that have faded.

        Returns how many were dropped. Also how a new `half_life` takes effect.
        """
        self._settle_terms()
        self._forget_terms()
        self._started_clock(at)
        factor = 1 / self._weight(at)
        dropped = self.run("DELETE FROM frequencies WHERE weight * ? < ?", (factor, FORGOTTEN)).rowcount
        self.run("UPDATE frequencies SET weight = weight * ?", (factor,))
        self.run(
            "UPDATE frequency_clock SET landmark = ?, half_life_days = ?, documents = documents * ?",
            (to_text(at), self.half_life / timedelta(days=1), factor),
        )
        self._forget_terms()
        return dropped

    # ------------------------------------------------------------ what is kept in memory

    def _look_around(self) -> None:
        """Know the clock, and what other connections have written."""
        version = self.one("PRAGMA data_version")[0]
        if version != self._version:
            self._version = version
            self._catch_up()
        if len(self._stored) > REMEMBERED:
            self._stored, self._unsettled = {}, None
        if self._clock is None:
            row = self.row("SELECT landmark, half_life_days, documents FROM frequency_clock")
            self._clock = (to_moment(row[0]), timedelta(days=row[1]), row[2]) if row else None

    def _catch_up(self) -> None:
        """Add what others have noted since; forget everything if the rows known are there no more."""
        first = self.one("SELECT min(id) FROM fresh_terms")[0]
        if first is None or first != self._first or self._unsettled is None:
            self._forget_terms()
            return
        for term, weight in self._noted(after=self._last).items():
            self._unsettled[term] = self._unsettled.get(term, 0.0) + weight
            if term in self._stored:
                self._stored[term] += weight
        self._clock = None

    def _recall(self, terms: Collection[str]) -> None:
        """Read the weights of those terms that are not in memory."""
        missing = [term for term in terms if term not in self._stored]
        if missing:
            if self._unsettled is None:
                self._unsettled = self._noted()
                self._first = self.one("SELECT min(id) FROM fresh_terms")[0]
            self._stored.update({term: self._unsettled.get(term, 0.0) for term in missing})
            rows = self.stream(
                "SELECT term, weight FROM frequencies WHERE term IN (SELECT value FROM json_each(?))",
                (to_json(missing),),
            )
            for term, weight in rows:
                self._stored[term] += weight

    def _started_clock(self, at: datetime) -> tuple[datetime, timedelta, float]:
        self._look_around()
        if self._clock is None:
            self._clock = (at, self.half_life, 0.0)
            self.run(
                "INSERT INTO frequency_clock (id, landmark, half_life_days, documents) VALUES (1, ?, ?, 0)",
                (to_text(at), self.half_life / timedelta(days=1)),
            )
        return self._clock

    def _weight(self, at: datetime) -> float:
        """Of one document at that moment, in stored units."""
        if self._clock is None:
            return 1.0
        landmark, half_life, _ = self._clock
        return float(2.0 ** max(-LARGEST_AGE, min((at - landmark) / half_life, LARGEST_AGE)))
