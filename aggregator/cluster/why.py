"""A stored entry, another, a story → all that speaks for and against, told by the code that decides. Pure.

Everything here is recomputed from sketches made just now of the stored texts: what was stored is for others to say.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from aggregator.cluster import copies, features, stories
from aggregator.cluster.place import alone
from aggregator.cluster.profile import Profile
from aggregator.cluster.sketch import Buckets, Sketcher
from aggregator.cluster.weights import dot, vector
from aggregator.cluster.words import as_written
from aggregator.model import Candidate, Entry, Frequencies, Level, Sketch, Stored


@dataclass(frozen=True, slots=True)
class Party:
    """A stored entry with a sketch made of its text just now."""

    stored: Stored
    entry: Entry  # as it is compared
    sketch: Sketch
    buckets: Buckets

    @property
    def entry_id(self) -> int:
        return self.stored.standing.entry_id

    def candidate(self) -> Candidate:
        standing, entry = self.stored.standing, self.stored.entry
        return Candidate(
            entry_id=standing.entry_id,
            story_id=standing.story_id,
            copy_of=standing.placement.copy_of,
            feed_id=self.stored.feed_id,
            publisher=entry.publisher,
            title=entry.title,
            canonical_url=entry.canonical_url,
            lang=entry.lang,
            seen=self.stored.seen,
            sketch=self.sketch,
            shared=0,
        )


@dataclass(frozen=True, slots=True)
class Meeting:
    """The buckets in which two entries meet."""

    event: tuple[int, ...]  # bands, from 0, of those that find reports of one event
    event_of: int
    text: tuple[int, ...]  # … of those that find one text
    text_of: int
    headline: bool
    frame: bool  # the headline's words around its names
    address: bool
    hours: float  # between the arrivals
    in_window: bool
    texts_compared: bool  # by any bucket but an event one: when one comes, its text is held to the other's
    stories_compared: bool  # by an event bucket: … and it to the other's story, if that is among the nearest


@dataclass(frozen=True, slots=True)
class SameText:
    """Are they one text?"""

    jaccard: float
    contained: float  # share of the shorter found in the longer
    level: Level | None  # copy, revision; None: no
    reason: str
    veto: str


@dataclass(frozen=True, slots=True)
class Word:
    """A word that both sides hold."""

    word: str
    stem: str
    part: float  # of the cosine
    weights: tuple[float, float]  # in each side's vector of length 1


@dataclass(frozen=True, slots=True)
class Likening:
    """Are they one event? `similarity` = cosine^.65 × mean_link^.35, less what rests on one word."""

    similarity: float
    threshold: float  # the similarity to be reached …
    by_length: float  # … of it, what texts of such lengths must reach …
    by_merge: float  # … what two stories of several reports must reach more …
    by_time: float  # … what the time that passed asks …
    by_caution: float  # … and what the user's own setting asks
    passed: float  # hours that speak against one event: of silence between the two, and half of those they last long
    cosine: float
    mean_link: float
    languages: bool  # in one language: else never alike
    words: tuple[Word, ...]  # heaviest first
    enough: bool


@dataclass(frozen=True, slots=True)
class Cosines:
    """By field; None where one side has too few words."""

    titles: float | None
    texts: float | None
    whole: float | None


def party(stored: Stored, entry: Entry, sketcher: Sketcher) -> Party:
    """`entry`: the stored one as it is compared."""
    sketch = sketcher.sketch(entry)
    return Party(stored, entry, sketch, sketcher.by_kind(entry, sketch))


def meeting(a: Party, b: Party, window: timedelta) -> Meeting:
    apart = abs(a.stored.seen - b.stored.seen)
    event, text, headline, frame, address = map(_shared, a.buckets, b.buckets)
    return Meeting(
        event,
        len(a.buckets.event),
        text,
        len(a.buckets.text),
        bool(headline),
        bool(frame),
        bool(address),
        apart / timedelta(hours=1),
        apart <= window,
        apart <= window and bool(text or headline or frame or address),
        apart <= window and bool(event),
    )


def _shared(mine: Sequence[int], theirs: Sequence[int]) -> tuple[int, ...]:
    """The bands in which both stand in one bucket. Too little text stands in none."""
    return tuple(band for band, (one, other) in enumerate(zip(mine, theirs, strict=False)) if one == other)


def same_text(a: Party, b: Party) -> SameText | None:
    """None: too little text on one side. The later one is judged against the earlier, as when it came."""
    if not a.sketch.features or not b.sketch.features:
        return None
    later, earlier = (a, b) if _arrival(a) > _arrival(b) else (b, a)
    subject = copies.subject(later.stored.entry, later.sketch, feed_id=later.stored.feed_id, seen=later.stored.seen)
    found = copies.likeness(subject, earlier.candidate())
    return SameText(found.jaccard, found.contained, found.level, found.reason, found.veto)


def cosines(a: Party, b: Party, sketcher: Sketcher, frequencies: Frequencies) -> Cosines:
    titles = [sketcher.sketch(replace(one.entry, text="")) for one in (a, b)]
    texts = [sketcher.sketch(replace(one.entry, title="")) for one in (a, b)]
    pairs = (titles, texts, (a.sketch, b.sketch))
    return Cosines(*(_cosine(mine, theirs, frequencies) for mine, theirs in pairs))


def story_of_one(a: Party, frequencies: Frequencies) -> Profile:
    return alone(a.sketch, frequencies)


def likening(a: Profile, b: Profile, passed: float, texts: Iterable[Entry], caution: float = 0.0) -> Likening:
    """`texts`: where the spelling of shared words is looked up."""
    match = stories.match(a, b, passed, caution)
    total, _ = dot(a.total, b.total)
    lengths = a.length * b.length
    by_length, at_once = stories.threshold(a.words, b.words), stories.match(a, b).threshold
    return Likening(
        match.similarity,
        match.threshold,
        by_length,
        at_once - by_length,
        match.threshold - at_once - caution,
        caution,
        passed,
        total / lengths if lengths else 0.0,
        total / (a.members * b.members) if lengths else 0.0,
        stories.speak_alike(a, b),
        _words(a.total, b.total, lengths, texts) if lengths else (),
        match.margin >= 0,
    )


def _words(a: Mapping[str, float], b: Mapping[str, float], lengths: float, texts: Iterable[Entry]) -> tuple[Word, ...]:
    stems = sorted((stem for stem in a if stem in b), key=lambda stem: (-a[stem] * b[stem], stem))
    spelled: Sequence[str] = as_written(stems, ((f"{one.title} {one.text}", one.lang) for one in texts))
    mine, theirs = (sum(weight * weight for weight in side.values()) ** 0.5 for side in (a, b))
    return tuple(
        Word(word, stem, a[stem] * b[stem] / lengths, (a[stem] / mine, b[stem] / theirs))
        for word, stem in zip(spelled, stems, strict=True)
    )


def _cosine(a: Sketch, b: Sketch, frequencies: Frequencies) -> float | None:
    if not a.features or not b.features:
        return None
    return dot(*(vector(features.unpack(side.features).terms, frequencies) for side in (a, b)))[0]


def _arrival(one: Party) -> tuple[object, int]:
    return one.stored.seen, one.entry_id
