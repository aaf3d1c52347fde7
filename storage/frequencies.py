"""Document frequencies of the own stream, aged without ever being touched.

Forward decay (Cormode, Shkapenyuk, Srivastava, Xu, ICDE 2009): each document is counted with the weight
``2 ** ((its moment − landmark) / half-life)``, and a sum is read at a moment by dividing it by that moment's weight.
So ageing costs nothing, and a document counts ½ after one half-life whenever it is asked.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta

from aggregator.model import Frequencies as Counted
from storage.connection import Connection, writes
from storage.values import clean, to_json, to_moment, to_text

HALF_LIFE = timedelta(days=14)
LARGEST_AGE = 500  # half-lives from the landmark, either way: what a double holds, with room for sums
FORGOTTEN = 0.02  # a term seen once is dropped after less than six half-lives


class Frequencies(Connection):
    """Term counts for the idf."""

    half_life = HALF_LIFE

    def frequencies(self, terms: Collection[str], *, at: datetime) -> Counted:
        """Aged document counts at that moment; a term never seen is missing."""
        weight = self._weight(at)
        row = self.row("SELECT documents FROM frequency_clock")
        rows = self.rows(
            "SELECT term, weight FROM frequencies WHERE term IN (SELECT value FROM json_each(?))",
            (to_json(map(clean, terms)),),
        )
        return Counted(row[0] / weight if row else 0.0, {term: stored / weight for term, stored in rows})

    @writes
    def count_terms(self, documents: Iterable[Sequence[str]], *, at: datetime) -> None:
        """Raise the document frequency of each document's distinct terms by one at that time."""
        counts: Counter[str] = Counter()
        total = 0
        for terms in documents:
            counts.update(set(terms))
            total += 1
        self._start_clock(at)
        weight = self._weight(at)
        self.run("UPDATE frequency_clock SET documents = documents + ?", (total * weight,))
        self.many(
            "INSERT INTO frequencies (term, weight) VALUES (?, ?)"
            " ON CONFLICT (term) DO UPDATE SET weight = weight + excluded.weight",
            [(clean(term), count * weight) for term, count in sorted(counts.items())],
        )

    @writes
    def age_terms(self, at: datetime) -> int:
        """Move the landmark to that moment (numbers stay small for ever) and drop terms that have faded.

        Returns how many were dropped. Also how a new `half_life` takes effect.
        """
        self._start_clock(at)
        factor = 1 / self._weight(at)
        dropped = self.run("DELETE FROM frequencies WHERE weight * ? < ?", (factor, FORGOTTEN)).rowcount
        self.run("UPDATE frequencies SET weight = weight * ?", (factor,))
        self.run(
            "UPDATE frequency_clock SET landmark = ?, half_life_days = ?, documents = documents * ?",
            (to_text(at), self.half_life / timedelta(days=1), factor),
        )
        return dropped

    def _start_clock(self, at: datetime) -> None:
        self.run(
            "INSERT OR IGNORE INTO frequency_clock (id, landmark, half_life_days, documents) VALUES (1, ?, ?, 0)",
            (to_text(at), self.half_life / timedelta(days=1)),
        )

    def _weight(self, at: datetime) -> float:
        """Of one document at that moment, in stored units."""
        row = self.row("SELECT landmark, half_life_days FROM frequency_clock")
        if row is None:
            return 1.0
        age = (at - to_moment(row[0])) / timedelta(days=row[1])
        return float(2.0 ** max(-LARGEST_AGE, min(age, LARGEST_AGE)))
