"""Entry, Candidate… → which of them is the same text? Pure.

Word 3-grams of title and text, compared two ways: Jaccard (the texts as wholes) and containment (how much of the
shorter stands in the longer: an excerpt against the full text). The same headline or address counts as well. What
one outlet prints again and again by one formula – horoscopes, live blogs, bulletins – is no copy: see `_series`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import numpy as np

from aggregator.cluster import features, headlines, shingles
from aggregator.model import Candidate, Entry, Level, Relation, Sketch

_JACCARD = 0.22  # below, both texts are mostly their own, whatever they quote
_CONTAINED = 0.5
_SHORT = 20  # shingles: of a text this short, more must be found elsewhere
_SHORT_CONTAINED = 0.75
_MOSTLY = 0.62  # of a text that is not short: enough by itself, whatever the longer one adds
_PASSAGE = 0.3  # a shared passage worth noting
_SAME_HEADLINE = 0.12  # containment that confirms an identical headline
_NEW_HEADLINE = 0.25  # overlap of headlines below which one outlet's equal bodies are boilerplate …
_LIVE_HEADLINE = 0.3  # … and a live page has a new subject
_SAME_SUBJECT = 0.6  # overlap from which a live page with new words still tells the same
_FILLED = 0.8  # of a text: from here on it is no formula with other words filled in, whatever the headline
_BOILERPLATE = 90  # shingles: longer texts do not repeat by formula
_SERIES_NOTED, _NOTED = 10, 3  # ties of an entry that are kept
_APART = 12.0  # hours from which an outlet's next number in a series is no revision


@dataclass(frozen=True, slots=True)
class Likeness:
    """How alike the texts of an entry and a candidate are, and what follows."""

    candidate: Candidate
    jaccard: float
    contained: float  # share of the shorter found in the longer
    level: Level | None  # COPY, REVISION, or None: not the same text
    reason: str
    veto: str = ""  # why a likeness that would do does not count
    series: bool = False  # … because both belong to one outlet's series: not one event either

    @property
    def score(self) -> float:
        return max(self.jaccard, self.contained)


@dataclass(frozen=True, slots=True)
class Subject:
    """The entry to be compared."""

    entry: Entry
    feed_id: int
    seen: datetime
    signature: bytes
    shingles: int
    lead: bytes


def subject(entry: Entry, sketch: Sketch, *, feed_id: int, seen: datetime) -> Subject:
    count, lead = features.lead(sketch.features)
    return Subject(entry, feed_id, seen, sketch.signature, count, lead)


def likenesses(subject: Subject, candidates: Sequence[Candidate]) -> list[Likeness]:
    """Candidates that share text, headline or address with the entry, most alike first."""
    if not candidates:
        return []
    jaccards = shingles.agreement(subject.signature, [candidate.sketch.signature for candidate in candidates])
    key = headlines.key(subject.entry.title)
    found = []
    for candidate, jaccard in zip(candidates, jaccards.tolist(), strict=True):
        headline = bool(key) and key == headlines.key(candidate.title)
        address = bool(subject.entry.canonical_url) and subject.entry.canonical_url == candidate.canonical_url
        if headline or address or jaccard > 0.03:
            found.append(_compare(subject, candidate, jaccard, headline=headline, address=address))
    return sorted(found, key=lambda likeness: (-likeness.score, likeness.candidate.entry_id))


def likeness(subject: Subject, candidate: Candidate) -> Likeness:
    """Of one pair: as `likenesses` judges it, or with the figures for which it was passed over."""
    for found in likenesses(subject, [candidate]):
        return found
    (estimate,) = shingles.agreement(subject.signature, [candidate.sketch.signature]).tolist()
    reason = "no phrase, headline or address in common"
    return Likeness(candidate, *_overlap(subject, candidate, estimate), None, reason)


def closest(found: Sequence[Likeness]) -> Likeness | None:
    """The candidate whose text the entry repeats."""
    return next((likeness for likeness in found if likeness.level is not None), None)


def relations(found: Sequence[Likeness]) -> tuple[Relation, ...]:
    """Numbers of one series, whose stories must not merge; shared passages and other vetoes, for the record."""
    series, noted = [], []
    for likeness in found:
        tie = partial(Relation, likeness.candidate.entry_id, score=likeness.score)
        if likeness.series:
            series.append(tie(kind="series", reason=likeness.veto))
        elif likeness.veto:
            noted.append(tie(kind="veto", reason=likeness.veto))
        elif likeness.level is None and likeness.contained >= _PASSAGE:
            noted.append(tie(kind="passage", reason=likeness.reason))
    return (*series[:_SERIES_NOTED], *noted[:_NOTED])


def _compare(subject: Subject, candidate: Candidate, estimate: float, *, headline: bool, address: bool) -> Likeness:
    jaccard, contained = _overlap(subject, candidate, estimate)
    same_outlet = _same_outlet(subject, candidate)
    shared = f"{contained:.0%} of the shorter text stands in the longer"
    if not address and (names := _formula(subject, candidate, contained)):
        return Likeness(candidate, jaccard, contained, None, shared, f"one formula for {names}", series=True)
    evidence = _evidence(subject, candidate, jaccard, contained, headline=headline, address=address)
    if not evidence:
        return Likeness(candidate, jaccard, contained, None, shared)
    reason = ", ".join((*evidence, shared) if contained else evidence)
    series = _series(subject, candidate, contained, same_outlet=same_outlet)
    veto = series or _subject_changed(subject, candidate, contained, same_outlet=same_outlet)
    if veto:
        return Likeness(candidate, jaccard, contained, None, reason, veto, bool(series))
    return Likeness(candidate, jaccard, contained, Level.REVISION if same_outlet else Level.COPY, reason)


def _evidence(
    subject: Subject, candidate: Candidate, jaccard: float, contained: float, *, headline: bool, address: bool
) -> list[str]:
    """What speaks for one text; empty if nothing does."""
    fewest = _fewest(subject, candidate)
    evidence = []
    if address:
        evidence.append("same address")
    if headline and (contained >= _SAME_HEADLINE or not subject.entry.text):
        evidence.append("same headline")
    if contained >= (_SHORT_CONTAINED if fewest < _SHORT else _CONTAINED if jaccard >= _JACCARD else _MOSTLY):
        evidence.append("same words in the same order")
    return evidence


def _fewest(subject: Subject, candidate: Candidate) -> int:
    return min(subject.shingles, features.lead(candidate.sketch.features)[0])


def _formula(subject: Subject, candidate: Candidate, contained: float) -> str:
    """The names that tell two texts of one formula apart, as ``Eskmere and Port Calder``; empty if they are no such.

    A bare headline is not judged: there, two names are too often two ways to call one thing.
    """
    if contained >= _FILLED or _fewest(subject, candidate) < _SHORT:
        return ""
    return headlines.formula(subject.entry.title, candidate.title, subject.entry.lang)


def _overlap(subject: Subject, candidate: Candidate, estimate: float) -> tuple[float, float]:
    """(Jaccard, containment): exact from the leads where they hold both texts, else from the signatures."""
    count, lead = features.lead(candidate.sketch.features)
    mine, theirs = np.frombuffer(subject.lead, np.uint32), np.frombuffer(lead, np.uint32)
    fewest = max(1, min(subject.shingles, count))
    common = int(np.isin(mine, theirs, assume_unique=True).sum())
    if len(mine) >= subject.shingles and len(theirs) >= count:
        return common / max(1, len(mine) + len(theirs) - common), common / fewest
    shared = max(estimate * (subject.shingles + count) / (1 + estimate), float(common))
    return min(1.0, shared / max(1.0, subject.shingles + count - shared)), min(1.0, shared / fewest)


def _same_outlet(subject: Subject, candidate: Candidate) -> bool:
    return candidate.feed_id == subject.feed_id or bool(
        subject.entry.publisher and subject.entry.publisher == candidate.publisher
    )


def _series(subject: Subject, candidate: Candidate, contained: float, *, same_outlet: bool) -> str:
    """Why two alike texts are two numbers of one series and no copy; empty if nothing says so."""
    mine, theirs = subject.entry.title, candidate.title
    dates, other_dates = headlines.dated(mine), headlines.dated(theirs)
    if dates and other_dates and dates != other_dates:
        return f"headlines of different dates: {' '.join(sorted(dates ^ other_dates))}"
    if not same_outlet:
        return ""
    hours = abs((subject.seen - candidate.seen).total_seconds()) / 3600
    if hours >= _APART and (numbers := headlines.series(mine, theirs)):
        return f"two numbers of one outlet's series: {numbers}"
    if hours >= _APART and contained < _CONTAINED:
        return "one outlet's recurring headline over another text"
    return ""


def _subject_changed(subject: Subject, candidate: Candidate, contained: float, *, same_outlet: bool) -> str:
    """Why an outlet's page under the same address or with the same words tells something else now; empty if not."""
    if not same_outlet:
        return ""
    kept = headlines.overlap(subject.entry.title, candidate.title)
    live = headlines.is_live(subject.entry.title, subject.entry.url) or headlines.is_live(candidate.title, "")
    if kept < (_LIVE_HEADLINE if live else _NEW_HEADLINE) and (live or subject.shingles < _BOILERPLATE):
        return "a live page or formula under a new headline"
    if live and kept < _SAME_SUBJECT and contained < _CONTAINED:
        return "a live page that has moved on"
    return ""
