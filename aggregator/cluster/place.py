"""Entry, Candidate… , StoryProfile… → Placement, with its reason. Pure.

same text as a candidate? ──yes──► COPY or REVISION, in its story
        │ no
a person said so? ──yes──► CORRECTION             said so: only the candidates in that story are asked
        │ no
like a candidate's story? ──yes──► STORY          ──no──► NEW
"""

from collections.abc import Mapping, Sequence, Set
from dataclasses import replace
from datetime import datetime

from aggregator.cluster import copies, features, profile, stories, will
from aggregator.cluster.profile import Profile
from aggregator.cluster.weights import vector
from aggregator.cluster.words import as_written
from aggregator.model import Candidate, Correction, Entry, Frequencies, Level, Placement, Relation, Sketch, StoryProfile
from aggregator.settings import ClusterSettings

_SPELLED = 4000  # characters of a text in which the spelling of its words is looked up
UNCOUNTED = Frequencies(0.0, {})


def place(  # noqa: PLR0913 - what is known of an entry, and all that the store knows about it
    entry: Entry,
    sketch: Sketch,
    candidates: Sequence[Candidate],
    profiles: Mapping[int, StoryProfile],
    frequencies: Frequencies,
    *,
    feed_id: int,
    seen: datetime,
    settings: ClusterSettings,
    corrections: Sequence[Correction] = (),
    entry_id: int = 0,
    standing: Mapping[int, int] | None = None,
) -> Placement:
    """Decide where an entry belongs.

    `candidates` share text with it; `profiles`, by story id, are of the stories near it. `corrections` bind only an
    entry that is placed again: `entry_id` is then its id, and `standing` the story id of the entries that corrections
    name and candidates lack.
    """
    oldest = seen - settings.window
    candidates = [c for c in candidates if c.sketch.recipe == sketch.recipe and c.seen >= oldest]
    stands = {**{c.entry_id: c.story_id for c in candidates}, **(standing or {})}
    bound = _bound(entry_id, corrections, stands)
    if not sketch.features:
        return bound or Placement(Level.NEW, None, 0.0, "too little text to compare")
    barred = {stands[other] for other, _ in will.told(corrections, entry_id, together=False) if other in stands}
    subject = copies.subject(entry, sketch, feed_id=feed_id, seen=seen)
    alike = copies.likenesses(subject, candidates)
    open_to_it = {bound.story_id} if bound else {one.candidate.story_id for one in alike} - barred
    noted = copies.relations(alike)
    same = copies.closest([one for one in alike if one.candidate.story_id in open_to_it])
    if same is not None:
        original = same.candidate
        return Placement(
            same.level or Level.COPY,
            original.story_id,
            same.score,
            same.reason,
            copy_of=original.copy_of or original.entry_id,
            relations=noted,
        )
    if bound is not None:
        return replace(bound, relations=noted)
    series = {likeness.candidate.story_id for likeness in alike if likeness.series}
    known = {i: p for i, p in profiles.items() if p.recipe == sketch.recipe}
    near = {i: p for i, p in known.items() if i not in barred | series}
    if not near:
        return Placement(Level.NEW, None, 0.0, _nothing(known.keys(), barred, series), relations=noted)
    return _story(entry, sketch, near, frequencies, seen, noted, settings.caution)


def _bound(entry_id: int, corrections: Sequence[Correction], stands: Mapping[int, int]) -> Placement | None:
    """Where a person put the entry; None where nobody did. Which of the texts there it repeats, if any, is not said."""
    for other, correction in will.told(corrections, entry_id, together=True):
        if other in stands:
            reason = f"{correction.author} put it here" + (f": {correction.reason}" if correction.reason else "")
            return Placement(Level.CORRECTION, stands[other], 1.0, reason)
    return None


def _nothing(near: Set[int], barred: Set[int], series: Set[int]) -> str:
    """Why no story is compared."""
    if near & barred:
        return "a person keeps it from the only stories near it"
    if near & series:
        return "near it are only other numbers of its series"
    return "shares too little with anything recent"


def _story(
    entry: Entry,
    sketch: Sketch,
    near: Mapping[int, StoryProfile],
    frequencies: Frequencies,
    seen: datetime,
    relations: tuple[Relation, ...],
    caution: float,
) -> Placement:
    """The story the entry is most alike, if it is enough. `near` is not empty."""
    one = alone(sketch, frequencies)
    found = []
    for story in near.values():
        hours = stories.passed(story.first_seen, story.last_seen, seen, seen)
        found.append((stories.match(one, profile.unpack(story.profile), hours, caution), story))
    best, story = max(found, key=lambda pair: (pair[0].margin, -pair[1].story_id))
    words = ", ".join(_as_written(stories.shared(one, profile.unpack(story.profile)), entry))
    reports = "1 report" if story.entries == 1 else f"{story.entries} reports"
    if best.margin < 0:
        reason = f"nearest shares {words} with {reports}; similarity {best.similarity:.2f} below {best.threshold:.2f}"
        return Placement(Level.NEW, None, best.similarity, reason, relations=relations)
    reason = f"shares {words} with {reports}; similarity {best.similarity:.2f} over {best.threshold:.2f}"
    return Placement(Level.STORY, story.story_id, min(1.0, best.similarity), reason, relations=relations)


def _as_written(stems: Sequence[str], entry: Entry) -> list[str]:
    return as_written(stems, [(f"{entry.title} {entry.text[:_SPELLED]}", entry.lang)])


def alone(sketch: Sketch, frequencies: Frequencies, feed_id: int = 0) -> Profile:
    """An entry as a story of one."""
    if not sketch.features:
        return profile.EMPTY
    own = features.unpack(sketch.features)
    return Profile(1, vector(own.terms, frequencies), float(own.words), {own.lang: 1}, {feed_id: 1})


def absorb(story: bytes | None, sketch: Sketch, frequencies: Frequencies = UNCOUNTED, *, feed_id: int = 0) -> bytes:
    """The profile of a story after this entry joined it; None: of a story begun by it.

    `frequencies` are those the entry was placed with. An outlet that fills a story stops moving its centroid.
    """
    before = profile.unpack(story) if story is not None else profile.EMPTY
    one = alone(sketch, frequencies, feed_id)
    if story is not None and (not one.members or (feed_id and not before.counts(feed_id))):
        return story
    return profile.pack(profile.joined(before, one))


def combine(a: bytes, b: bytes) -> bytes:
    """The profile of two stories that became one."""
    return profile.pack(profile.joined(profile.unpack(a), profile.unpack(b)))
