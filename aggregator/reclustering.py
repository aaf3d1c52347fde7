"""Stored entries ─► placed anew, first come first, by the same code ─► what would change ─► the change, made at once.

Entries seen before `since` stay where they are, and their stories keep their numbers: what is placed anew may join
these, but never joins two of them. Entries of one window before `since` are what newcomers are compared with.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime

from aggregator import cluster, evaluate
from aggregator.correcting import reprofile
from aggregator.errors import BusyError
from aggregator.filing import MEND_EVERY
from aggregator.model import Act, Correction, Frequencies, Placement, Sketch, Standing, Stored
from aggregator.pipeline import Grown, decide, grown_by, mend_within
from aggregator.ports import Store
from aggregator.refine import compared, sketcher
from aggregator.rehearsal import PROVISIONAL, Rehearsal
from aggregator.settings import ClusterSettings

SLICE = 200  # entries sketched anew in one transaction


@dataclass(frozen=True, slots=True)
class Part:
    """Entries that leave one story for another, or stay together in one."""

    story_id: int  # 0: a new one
    entries: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """A story that is made of parts of several, or falls into several."""

    story_id: int  # 0: a new one
    parts: tuple[Part, ...]  # largest first


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a replay came to."""

    anew: Set[int]  # the entries that were placed anew
    before: Mapping[int, Standing]  # of these and of those they were compared with, by entry id
    after: Mapping[int, Standing]  # story 0 and less: new stories, each with a number of its own
    merges: tuple[Change, ...]
    splits: tuple[Change, ...]
    constraints: int  # a person's, which the settings alone answered
    left_out: int  # the others
    stored_score: evaluate.Score | None  # of the stories as they stand against these; None without any
    score: evaluate.Score | None  # of the settings alone: without obeying a correction

    @property
    def entries(self) -> int:
        """How many were placed anew."""
        return len(self.anew)

    @property
    def elsewhere(self) -> int:
        """How many entries would stand in another story."""
        return sum(now.story_id != self.before[entry_id].story_id for entry_id, now in self.after.items())

    @property
    def otherwise(self) -> int:
        """How many would stay in their story, but on another level or as a copy of another original."""
        return len(self.moved) - self.elsewhere

    @property
    def moved(self) -> list[Standing]:
        """Entries whose story, original or level changes, as they will stand."""
        return [now for entry_id, now in self.after.items() if _place(now) != _place(self.before[entry_id])]


def rehearse(store: Store, settings: ClusterSettings, *, since: datetime, step: Callable[[], None]) -> Outcome:
    """Place all entries seen since then anew, in memory. `step` is called for each one that was read."""
    corrections = store.list_corrections()
    replayed = _replayed(store, settings, corrections, since=since, step=step)
    # entries pruned since they were read are left out
    before = {standing.entry_id: standing for standing in store.standings(list(replayed.standings))}
    numbers = _numbers(replayed, before)
    after = {entry_id: _renumbered(replayed.standings[entry_id], numbers) for entry_id in before}
    old, new = ({entry_id: one.story_id for entry_id, one in side.items()} for side in (before, after))
    anew = replayed.anew & before.keys()
    judged = _judged(corrections, store.acts(), anew)
    score = stored_score = None
    if judged:
        freely = _replayed(store, settings, (), since=since, step=step)
        score = _score(judged, {entry_id: one.story_id for entry_id, one in freely.standings.items()})
        stored_score = _score(judged, old)
    return Outcome(
        anew=anew,
        before=before,
        after=after,
        merges=tuple(_changes(new, old)),
        splits=tuple(_changes(old, new)),
        constraints=len(judged),
        left_out=len(corrections) - len(judged),
        stored_score=stored_score,
        score=score,
    )


def apply(store: Store, outcome: Outcome, *, at: datetime) -> None:
    """Make the change, in one transaction. Raises BusyError when the stories have changed since."""
    with store.transaction():
        if {one.entry_id: one for one in store.standings(list(outcome.before))} != outcome.before:
            raise BusyError("the stories changed while they were replayed: nothing was done, try again")
        made: dict[int, int] = {}
        moved = []
        for standing in outcome.moved:
            number = standing.story_id
            if number <= 0 and number not in made:
                made[number] = store.new_story(at)
            moved.append(replace(standing, story_id=made.get(number, number)))
        touched = {one.story_id for one in moved} | {outcome.before[one.entry_id].story_id for one in moved}
        store.place_again(moved, reason="reclustered", at=at)
        # of all that was placed anew: mending goes by these ties, wherever the entry stands
        store.relate_again({entry_id: outcome.after[entry_id].placement.relations for entry_id in outcome.anew})
        reprofile(store, touched)


def resketch(store: Store, settings: ClusterSettings, *, now: datetime) -> Iterator[int]:
    """Sketch entries anew whose sketch is of another recipe, newest first; yields how many with each slice.

    Only those that can still be candidates: older ones are never compared again. What came since the recipe changed
    was not compared with them: their stories are mended with those now near.
    """
    sketches, since = sketcher(store.installation_seed(), settings), now - settings.window
    while ids := store.outdated_sketches(sketches.recipe, since=since, limit=SLICE):
        with store.transaction():
            anew = {one.standing.entry_id: sketches.sketch(compared(one.entry)) for one in store.stored(ids)}
            for entry_id, made in anew.items():
                store.replace_sketch(entry_id, made)
            reprofile(store, set(store.stories_of(ids).values()))
            mend_within(store, grown_by(store, anew, since=since), now=now, settings=settings)
        yield len(ids)


# ---------------------------------------------------------------- the replay


class _Replay(Rehearsal):
    anew: set[int]  # entries
    grown: Grown  # since the last mending
    kept: set[int]  # stories of entries that are not placed anew


def _replayed(
    store: Store,
    settings: ClusterSettings,
    obeyed: Sequence[Correction],
    *,
    since: datetime,
    step: Callable[[], None],
) -> _Replay:
    latest = store.latest_seen() or since  # counts have aged to nothing long after it

    def frequencies(terms: Collection[str]) -> Frequencies:
        return store.frequencies(terms, at=latest)

    def wordings(entry_ids: Collection[int]) -> Iterator[tuple[str, str]]:
        return ((f"{one.entry.title}\n{compared(one.entry).text}", one.entry.lang) for one in store.stored(entry_ids))

    seed = store.installation_seed()
    memory = _Replay(cluster.Bonds(obeyed), frequencies, seed, wordings)
    memory.anew, memory.kept, memory.grown = set(), set(), Grown()
    sketch = sketcher(seed, settings).sketch
    reach = since - settings.window
    corrected = {end for one in obeyed for end in (one.a, one.b)}
    for stored in store.stored(sorted(corrected)):
        if stored.seen < reach:
            memory.stand(stored.standing)
            memory.kept.add(stored.standing.story_id)
    clock = mended = since
    for stored in store.stored_since(reach):
        step()
        whole = sketch(compared(stored.entry))
        if stored.seen < since:
            _keep(memory, stored, whole)
            continue
        clock = stored.seen
        if clock - mended >= MEND_EVERY:
            mend_within(memory, memory.grown, now=clock, settings=settings, kept=memory.kept)
            mended = clock
            memory.grown.clear()
            memory.forget(clock - settings.window)
        _place_anew(memory, stored, whole, settings)
        memory.anew.add(stored.standing.entry_id)
    mend_within(memory, memory.grown, now=clock, settings=settings, kept=memory.kept)
    return memory


def _keep(memory: _Replay, stored: Stored, sketch: Sketch) -> None:
    place = stored.standing.placement
    (before, *_) = (*memory.profiles([stored.standing.story_id]), None)
    frequencies = memory.frequencies(sketch.terms, at=stored.seen)
    profile = cluster.absorb(before.profile if before else None, sketch, frequencies, feed_id=stored.feed_id)
    memory.kept.add(memory.add(stored, sketch, place, profile))


def _place_anew(memory: _Replay, stored: Stored, sketch: Sketch, settings: ClusterSettings) -> None:
    placement, profile, near = decide(
        memory,
        stored.feed_id,
        stored.entry,
        sketch,
        seen=stored.seen,
        settings=settings,
        entry_id=stored.standing.entry_id,
    )
    memory.grown.add(memory.add(stored, sketch, placement, profile), near)


# ---------------------------------------------------------------- what became of the stories


def _numbers(memory: Rehearsal, before: Mapping[int, Standing]) -> dict[int, int]:
    """Provisional number → the old number whose largest part it is, of several that of most entries; else 0, -1 …"""
    parts: defaultdict[int, Counter[int]] = defaultdict(Counter)  # old number → where how many of its entries are now
    for entry_id, was in before.items():
        parts[was.story_id][memory.standings[entry_id].story_id] += 1
    claims = []
    for old, sizes in parts.items():
        ((largest, count),) = sizes.most_common(1)
        if largest >= PROVISIONAL and old not in memory.members:
            claims.append((count, -old, largest))
    numbers = {story_id: -old for _, old, story_id in sorted(claims)}  # the last claim on a story is its largest
    new = sorted(story_id for story_id in memory.members if story_id >= PROVISIONAL and story_id not in numbers)
    return numbers | {story_id: -place for place, story_id in enumerate(new)}


def _renumbered(standing: Standing, numbers: Mapping[int, int]) -> Standing:
    story_id = numbers.get(standing.story_id, standing.story_id)
    return Standing(standing.entry_id, story_id, replace(standing.placement, story_id=story_id))


def _changes(whole: Mapping[int, int], parts: Mapping[int, int]) -> Iterable[Change]:
    """Stories of `whole` whose entries stand in several stories of `parts`; those of most entries first."""
    found: defaultdict[int, defaultdict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
    for entry_id, story_id in whole.items():
        found[story_id][parts[entry_id]].append(entry_id)
    mixed = [(story_id, made) for story_id, made in found.items() if len(made) > 1]
    mixed.sort(key=lambda pair: (-sum(map(len, pair[1].values())), pair[0]))
    for story_id, made in mixed:
        ordered = sorted(made.items(), key=lambda part: (-len(part[1]), part[0] <= 0, part[0]))
        yield Change(max(0, story_id), tuple(Part(max(0, other), tuple(ids)) for other, ids in ordered))


def _judged(corrections: Sequence[Correction], acts: Iterable[Act], anew: Set[int]) -> list[Correction]:
    """Those that tell something of the settings alone: both entries were placed anew, and were not one story before.

    Where an entry of before stands, a person may have said. And a merge binds to one entry all others of both
    stories, those too that stood with it already.
    """
    stood = {(act.id, one.entry_id): one.story_id for act in acts for one in act.before}
    return [
        one
        for one in corrections
        if {one.a, one.b} <= anew
        and not (one.together and one.act and stood.get((one.act, one.a)) == stood.get((one.act, one.b)))
    ]


def _score(corrections: Sequence[Correction], standing: Mapping[int, int]) -> evaluate.Score:
    """Pairs put together, against the pairs that a person put together or kept apart."""
    return evaluate.copies(
        [one.together for one in corrections], [standing[one.a] == standing[one.b] for one in corrections]
    )


def _place(standing: Standing) -> tuple[int, int | None, str]:
    placement: Placement = standing.placement
    return standing.story_id, placement.copy_of, placement.level
