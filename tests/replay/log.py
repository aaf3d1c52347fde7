"""What the servers saw: every request with its times, and the summary a test or a table wants."""

from dataclasses import dataclass, field
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class Visit:
    """One request. Times are seconds of time.monotonic()."""

    feed: str
    host: str
    started: float
    ended: float
    status: int
    conditional: bool  # it sent a validator


@dataclass(frozen=True, slots=True)
class Tally:
    requests: int
    not_modified: int
    busiest: int  # most requests one host had to answer at once
    smallest_gap: float | None  # seconds between two starts at one host; None: no host was asked twice


@dataclass
class Log:
    """Grows while the server runs. `served` holds what went out in whole, well-formed documents."""

    visits: list[Visit] = field(default_factory=list)
    served: set[tuple[str, str]] = field(default_factory=set)  # (feed, guid)
    spoilt: set[tuple[str, str]] = field(default_factory=set)  # … in malformed or cut ones: may be stored, need not

    def tally(self) -> Tally:
        hosts: dict[str, list[Visit]] = {}
        for visit in list(self.visits):
            hosts.setdefault(visit.host, []).append(visit)
        gaps = [gap for visits in hosts.values() for gap in _gaps(visits)]
        return Tally(
            requests=sum(map(len, hosts.values())),
            not_modified=sum(visit.status == 304 for visits in hosts.values() for visit in visits),
            busiest=max(map(_at_once, hosts.values()), default=0),
            smallest_gap=min(gaps, default=None),
        )


def _gaps(visits: list[Visit]) -> list[float]:
    return [later - earlier for earlier, later in pairwise(sorted(visit.started for visit in visits))]


def _at_once(visits: list[Visit]) -> int:
    """The most that were open at one moment; one that starts as another ends does not overlap it."""
    edges = sorted([(visit.started, 1) for visit in visits] + [(visit.ended, -1) for visit in visits])
    most = now = 0
    for _, step in edges:
        now += step
        most = max(most, now)
    return most
