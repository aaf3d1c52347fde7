"""Two stored entries, or an entry and a story ─► why they stand where they stand. Reads only.

What was written down when it was decided is told as it was written. All else is recomputed, by the code that decides,
from the texts as they are stored and the word counts as they are today; sketches of different recipes never meet.
"""

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from aggregator import __version__, cluster
from aggregator.cluster import will
from aggregator.cluster.profile import Profile, unpack
from aggregator.cluster.stories import passed
from aggregator.cluster.why import (
    Likening,
    Meeting,
    Party,
    cosines,
    likening,
    meeting,
    party,
    same_text,
    story_of_one,
)
from aggregator.errors import UsageError
from aggregator.explanation import Against, Explanation, Merged, Near, Now, Pair, Stored, Tie, Written
from aggregator.model import Correction, Decision, Frequencies, Level, StoryProfile
from aggregator.pipeline import NEAR_STORIES
from aggregator.ports import Store
from aggregator.refine import compared, sketcher
from aggregator.settings import ClusterSettings

NEAREST = 3  # other stories told


def explain(
    store: Store, settings: ClusterSettings, entry_id: int, other_id: int | None = None, *, story_id: int | None = None
) -> Explanation:
    """The later of two entries beside the other; or an entry beside that story, else its own, else the nearest.

    Raises UsageError for what does not exist.
    """
    desk = _Desk(store, settings)
    subject, other = desk.entry(entry_id), desk.entry(other_id) if other_id is not None else None
    if other is not None:
        if other.entry_id == subject.entry_id:
            raise UsageError(f"entry {entry_id} and itself: name another one, or none for its own story")
        subject, other = sorted((subject, other), key=lambda one: (one.stored.seen, one.entry_id), reverse=True)
    asked_alone = other is None and story_id is None
    target = (other or subject).stored.standing.story_id if story_id is None else desk.living(story_id)
    others = desk.members(target, without=subject)
    nearest = desk.nearest(subject) if asked_alone or not others else ()
    if asked_alone and not others:
        target = next((near.story_id for near in nearest if near.likening), target)
        others = desk.members(target, without=subject)
    beside = other or desk.closest(subject, others)
    now = desk.compare(subject, beside, others, target, nearest) if beside else desk.lonely(subject, nearest)
    if other is not None:
        answer = _answer(subject, other, target)
    else:
        answer = _answer_alone(subject, target, asked=story_id is not None, alone=beside is None)
    stored = desk.stored(subject, beside, target)
    return Explanation(answer, stored, now, __version__, desk.sketcher.recipe)


class _Desk:
    """The store, and what every step asks of it."""

    def __init__(self, store: Store, settings: ClusterSettings) -> None:
        self.store, self.settings = store, settings
        self.sketcher = sketcher(store.installation_seed(), settings)
        self._latest = store.latest_seen()
        self._all_corrections = store.list_corrections()
        self._bonds = cluster.Bonds(self._all_corrections)

    # ------------------------------------------------------------ reading

    def entry(self, entry_id: int) -> Party:
        for stored in self.store.stored([entry_id]):
            return party(stored, compared(stored.entry), self.sketcher)
        raise UsageError(f"no entry {entry_id}: `aggregator show STORY` prints the numbers of its entries")

    def living(self, story_id: int) -> int:
        current = self.store.current_story(story_id)
        if not self.store.entries_of([current]):
            raise UsageError(f"no story {story_id}: `aggregator stories` lists them")
        return current

    def members(self, story_id: int, *, without: Party) -> list[Party]:
        ids = [entry_id for entry_id in self.store.entries_of([story_id]) if entry_id != without.entry_id]
        return [party(stored, compared(stored.entry), self.sketcher) for stored in self.store.stored(ids)]

    def frequencies(self, terms: Collection[str]) -> Frequencies:
        return self.store.frequencies(terms, at=self._latest) if self._latest else Frequencies(0, {})

    def alone(self, one: Party) -> Profile:
        return story_of_one(one, self.frequencies(one.sketch.terms))

    def closest(self, subject: Party, others: Sequence[Party]) -> Party | None:
        """Its original, its copy, or the one most alike."""
        place, mine = subject.stored.standing.placement, self.alone(subject)

        def nearness(one: Party) -> tuple[bool, float, int]:
            copied = place.copy_of == one.entry_id or one.stored.standing.placement.copy_of == subject.entry_id
            return copied, likening(mine, self.alone(one), 0.0, ()).similarity, -one.entry_id

        return max(others, key=nearness, default=None)

    def nearest(self, subject: Party) -> tuple[Near, ...]:
        """The stories, but for its own, in which it has candidates; most alike first."""
        since, own = subject.stored.seen - self.settings.window, subject.stored.standing.story_id
        near = self.store.stories_near(subject.sketch, since=since, limit=NEAR_STORIES)
        found = [
            Near(one.story_id, self._title(one.story_id), one.recipe, self._like(subject, one))
            for one in self.store.profiles([story_id for story_id in near if story_id != own])
        ]
        found.sort(key=lambda near: (_lack(near), near.story_id))
        return tuple(found[:NEAREST])

    def _title(self, story_id: int) -> str:
        return next(iter(self.store.wordings([story_id])))[0].splitlines()[0]

    # ------------------------------------------------------------ comparing

    def lonely(self, subject: Party, nearest: tuple[Near, ...]) -> Now:
        """Of an entry with nothing beside it."""
        since = subject.stored.seen - self.settings.window
        others = self.store.outdated_sketches(self.sketcher.recipe, since=since, limit=2)
        return Now(nearest=nearest, unmet=not nearest and any(one != subject.entry_id for one in others))

    def compare(
        self, subject: Party, beside: Party, others: Sequence[Party], target: int, nearest: tuple[Near, ...]
    ) -> Now:
        meetings = {one.entry_id: meeting(subject, one, self.settings.window) for one in others}
        story = self._story(target, subject, others)
        same = [one.candidate() for one in others if meetings[one.entry_id].texts_compared]
        near = sum(one.stories_compared for one in meetings.values())
        told = self._told(subject, others)
        frequencies = self.frequencies(subject.sketch.terms)
        verdict = cluster.place(
            subject.stored.entry,
            subject.sketch,
            same,
            {target: story} if near else {},
            frequencies,
            feed_id=subject.stored.feed_id,
            seen=subject.stored.seen,
            settings=self.settings,
            corrections=told,
            entry_id=subject.entry_id,
            standing={one.b: target for one in told},
        )
        against = Against(target, len(others), len(same), near, story.recipe, self._like(subject, story, others))
        if against.unreadable and verdict.level is Level.NEW:
            verdict = replace(verdict, reason="the story is kept by another recipe, which is not compared")
        own = subject.stored.standing.story_id
        return Now(
            self._pair(subject, beside, meetings[beside.entry_id]),
            against,
            self._merge(own, target, (subject, beside)) if own != target else None,
            verdict,
            (verdict.story_id == target) == (own == target),
            tuple(one for one in nearest if one.story_id != target),
        )

    def _pair(self, subject: Party, beside: Party, met: Meeting) -> Pair:
        hours = passed(*[subject.stored.seen] * 2, *[beside.stored.seen] * 2)
        texts, caution = (subject.entry, beside.entry), self.settings.caution
        return Pair(
            (subject.entry_id, beside.entry_id),
            met,
            same_text(subject, beside),
            cosines(subject, beside, self.sketcher, self.frequencies({*subject.sketch.terms, *beside.sketch.terms})),
            likening(self.alone(subject), self.alone(beside), hours, texts, caution),
        )

    def _story(self, story_id: int, subject: Party, others: Sequence[Party]) -> StoryProfile:
        """As it is kept; without the entry, if that stands in it: then made anew from the others' stored sketches."""
        for profile in self.store.profiles([story_id]):
            if subject.stored.standing.story_id != story_id:
                return profile
        recipe, rebuilt = cluster.rebuilt([one.stored for one in others], self.frequencies)
        seen = [one.stored.seen for one in others]
        return StoryProfile(story_id, recipe, rebuilt, len(others), min(seen), max(seen))

    def _like(self, subject: Party, story: StoryProfile, others: Iterable[Party] = ()) -> Likening | None:
        if story.recipe != subject.sketch.recipe:
            return None
        hours = passed(story.first_seen, story.last_seen, subject.stored.seen, subject.stored.seen)
        texts = (subject.entry, *(one.entry for one in others))
        return likening(self.alone(subject), unpack(story.profile), hours, texts, self.settings.caution)

    def _merge(self, own: int, target: int, texts: Iterable[Party]) -> Likening | None:
        profiles = self.store.profiles([own, target])
        if len(profiles) < 2 or profiles[0].recipe != profiles[1].recipe:
            return None
        a, b = profiles
        hours = passed(a.first_seen, a.last_seen, b.first_seen, b.last_seen)
        entries = (one.entry for one in texts)
        return likening(unpack(a.profile), unpack(b.profile), hours, entries, self.settings.caution)

    def _told(self, subject: Party, others: Iterable[Party]) -> list[Correction]:
        """What a person's word, with all that follows from it, says of the entry and each of these."""
        found = []
        for one in others:
            if chain := self._bonds.chain(subject.entry_id, one.entry_id):
                binding = next((link for link in chain if not link.together), chain[-1])
                found.append(replace(binding, a=subject.entry_id, b=one.entry_id))
        return found

    # ------------------------------------------------------------ telling

    def stored(self, subject: Party, beside: Party | None, target: int) -> Stored:
        parties = [one for one in (subject, beside) if one is not None]
        decisions = self.store.decisions([one.entry_id for one in parties])
        chain = self._bonds.chain(subject.entry_id, beside.entry_id) if beside else []
        return Stored(
            tuple(self._written(one, decisions[one.entry_id]) for one in parties),
            tuple(self._merged(target, decisions.values())),
            tuple(chain),
            tuple(self._apart(subject.stored.standing.story_id, target, chain)),
            tuple(self._series_apart(subject.stored.standing.story_id, target)),
        )

    def _written(self, one: Party, decision: Decision) -> Written:
        stored = one.stored.sketch
        state = "the same" if stored.signature == one.sketch.signature else "of a former text"
        if stored.recipe != one.sketch.recipe:
            state = "of another recipe" if stored.recipe else "none"
        entry = one.stored.entry
        return Written(one.entry_id, entry.title, entry.lang, one.stored.seen, decision, stored.recipe, state)

    def _merged(self, target: int, decisions: Collection[Decision]) -> Iterable[Merged]:
        for one in self.store.redirects([target]):
            moved = [
                decision.standing.entry_id
                for decision in decisions
                if (decision.at, decision.standing.placement.reason) == (one.at, one.reason)
            ]
            yield Merged(one, tuple(moved))

    def _apart(self, own: int, target: int, known: Collection[Correction]) -> list[Correction]:
        standing = self.store.stories_of([end for one in self._all_corrections for end in (one.a, one.b)])
        between = {frozenset((own, target))} - {frozenset((own,))}
        return [one for one in self._all_corrections if one not in known and between & will.apart([one], standing)]

    def _series_apart(self, own: int, target: int) -> Iterable[Tie]:
        members = self.store.entries_of({own, target})
        for entry_id, decision in self.store.decisions(members).items():
            for relation in decision.standing.placement.relations:
                other = members.get(relation.entry_id, members[entry_id])
                if relation.kind == "series" and other != members[entry_id]:
                    yield Tie(entry_id, relation)


def _lack(near: Near) -> float:
    """Of similarity; the least first, what is not compared last."""
    return near.likening.threshold - near.likening.similarity if near.likening else math.inf


def _answer(subject: Party, beside: Party, target: int) -> str:
    """Of two entries."""
    own, a, b = subject.stored.standing.story_id, subject.entry_id, beside.entry_id
    if own != target:
        return f"Two stories: entry {a} stands in story {own}, entry {b} in story {target}."
    mine, theirs = (one.stored.standing.placement.copy_of for one in (subject, beside))
    if mine == b:
        return _repeats(subject, b)
    if theirs == a:
        return _repeats(beside, a)
    if mine is not None and mine == theirs:
        return f"One text: entries {a} and {b} both repeat entry {mine}, in story {own}."
    return f"One story: entries {a} and {b} both stand in story {own}."


def _answer_alone(subject: Party, target: int, *, asked: bool, alone: bool) -> str:
    """Of an entry and a story: the one that was asked for, its own, or where that has no other entry, the nearest."""
    place, own = subject.stored.standing.placement, subject.stored.standing.story_id
    if own == target and place.copy_of is not None:
        return _repeats(subject, place.copy_of)
    if own == target:
        how = "stands alone in" if alone else "began" if place.level is Level.NEW else "stands in"
        return f"Entry {subject.entry_id} {how} story {own}."
    if asked:
        return f"Two stories: entry {subject.entry_id} stands in story {own}, not in story {target}."
    return f"Entry {subject.entry_id} stands alone in story {own}; the nearest story compared is {target}."


def _repeats(copy: Party, original: int) -> str:
    standing = copy.stored.standing
    what = "a revision" if standing.placement.level is Level.REVISION else "a copy"
    return f"One text: entry {copy.entry_id} is {what} of entry {original}, in story {standing.story_id}."
