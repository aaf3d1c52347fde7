"""Polled… → the round in one line. Pure."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from aggregator.pipeline import Polled


@dataclass(slots=True)
class Tally:
    """Counts of one round, as it goes on."""

    outcomes: Counter[str] = field(default_factory=Counter)
    new: int = 0
    revised: int = 0
    merged: int = 0
    pages: int = 0
    fulltexts: int = 0

    def add(self, one: Polled) -> None:
        self.outcomes[_kind(one)] += 1
        self.new += one.new
        self.revised += one.revised
        self.pages += one.pages
        self.fulltexts += one.fulltexts

    def line(self) -> str:
        """``12 feeds (3 unchanged, 9 with news): 140 new entries, 2 revised, 1 story merged``."""
        feeds = sum(self.outcomes.values())
        detail = ", ".join(f"{number:,} {kind}" for kind, number in sorted(self.outcomes.items()))
        parts = [f"{self.new:,} new {'entry' if self.new == 1 else 'entries'}"]
        if self.revised:
            parts.append(f"{self.revised:,} revised")
        if self.pages:
            parts.append(f"full text of {self.fulltexts:,} of {self.pages:,}")
        if self.merged:
            parts.append(f"{self.merged:,} {'story' if self.merged == 1 else 'stories'} merged")
        return f"{feeds:,} {'feed' if feeds == 1 else 'feeds'} ({detail or 'none due'}): {', '.join(parts)}"

    @classmethod
    def of(cls, polled: Iterable[Polled], *, merged: int = 0) -> "Tally":
        tally = cls(merged=merged)
        for one in polled:
            tally.add(one)
        return tally


def _kind(one: Polled) -> str:
    if one.state.error:
        return "failed"
    return "with news" if one.new or one.revised else one.fetched.outcome.value
