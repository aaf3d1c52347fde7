"""A person's word on stories ─► constraints kept for ever, and stories that obey at once.

merge: must-link between all entries of the stories    split: cannot-link from those taken out to those that stay
Each act is one transaction with what stood before, so that `undo` can take it back.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from aggregator import cluster
from aggregator.errors import UsageError
from aggregator.model import Act, ActKind, Correction, Frequencies, Level, Standing
from aggregator.ports import Store


@dataclass(frozen=True, slots=True)
class Voice:
    """Who says so, when and why."""

    author: str
    at: datetime
    reason: str = ""

    def says(self, what: str) -> str:
        return f"{self.author} {what}" + (f": {self.reason}" if self.reason else "")


@dataclass(frozen=True, slots=True)
class Undone:
    """What was taken back, and the entries that could not return."""

    act: Act
    stayed: tuple[int, ...]


def merge(store: Store, story_ids: Collection[int], voice: Voice) -> Act:
    """Make these stories one; the oldest number stays. Raises UsageError if they are one, or it contradicts."""
    with store.transaction():
        into, *gone = sorted({_living(store, story_id) for story_id in story_ids})
        if not gone:
            raise UsageError(f"these are one story already: {into}")
        members = store.entries_of([into, *gone])
        first, *others = members
        word = [_word(voice, first, other, together=True) for other in others]
        before = store.standings([entry_id for entry_id, story_id in members.items() if story_id != into])
        redirects = tuple(store.redirects_to(gone))
        reason = voice.says("put it here")
        act = Act(ActKind.MERGE, voice.author, voice.at, voice.reason, into, tuple(before), redirects)
        act = _record(store, act, word)
        store.place_again([_joined(one, into, reason) for one in before], reason=reason, at=voice.at)
        reprofile(store, [into])
    return act


def split(store: Store, story_id: int, entry_ids: Collection[int], voice: Voice) -> Act:
    """Take entries out of a story into a new one. Raises UsageError for strangers, for all of it, or if it may not."""
    with store.transaction():
        story_id = _living(store, story_id)
        members = store.entries_of([story_id])
        if strangers := sorted(set(entry_ids) - members.keys()):
            raise UsageError(f"story {story_id} has no entry {strangers[0]}: `aggregator show {story_id}` lists them")
        taken = sorted(set(entry_ids))
        stay = [entry_id for entry_id in members if entry_id not in taken]
        if not stay or not taken:
            raise UsageError(f"name some of the entries of story {story_id}, not all: it has {len(members)}")
        word = [_word(voice, taken[0], other, together=True) for other in taken[1:]]
        word += [_word(voice, taken[0], other, together=False) for other in stay]
        new = store.new_story(voice.at)
        before = {standing.entry_id: standing for standing in store.standings(members)}
        moves = {one.entry_id: one for one in _parted(before, set(taken), new, voice) if one != before[one.entry_id]}
        changed = tuple(before[entry_id] for entry_id in moves)
        act = _record(store, Act(ActKind.SPLIT, voice.author, voice.at, voice.reason, new, changed), word)
        store.place_again(list(moves.values()), reason=voice.says("parted them"), at=voice.at)
        reprofile(store, [story_id, new])
    return act


def undo(store: Store, *, at: datetime) -> Undone:
    """Take the last act back: its constraints go, its entries return. Raises UsageError when there is none.

    A story that had gone comes back under its number. What has come since stays where it is, but for copies of
    entries that return. So does an entry that would meet one it must not meet: that one has come to its former story
    meanwhile.
    """
    with store.transaction():
        acts = store.acts()
        if not acts:
            raise UsageError("nothing to undo: `aggregator corrections` lists what was done")
        act = acts[-1]
        store.remove_act(act.id)
        back = act.before if act.kind is ActKind.MERGE else [_home(store, standing) for standing in act.before]
        left = store.stories_of([standing.entry_id for standing in back])
        bonds = cluster.Bonds(store.list_corrections())
        returning = _welcome(store, bonds, [standing for standing in back if standing.entry_id in left])
        returning += _copies_since(store, returning, left)
        returning += _unbound(store, bonds, act, {*left.values()}, {standing.entry_id for standing in returning})
        store.place_again(returning, reason=f"{act.author}'s {act.kind} was undone", at=at)
        store.redirect_again(act.redirects)
        reprofile(store, {*left.values(), *(standing.story_id for standing in returning)})
    returned = {standing.entry_id for standing in returning}
    return Undone(act, tuple(one.entry_id for one in back if one.entry_id in left and one.entry_id not in returned))


def reprofile(store: Store, story_ids: Iterable[int]) -> None:
    """Make the profiles of these stories anew from the sketches of their entries."""
    latest = store.latest_seen()

    def frequencies(terms: Collection[str]) -> Frequencies:  # of an archive, counts have aged to nothing today
        return store.frequencies(terms, at=latest) if latest else Frequencies(0, {})

    members: defaultdict[int, list[int]] = defaultdict(list)
    for entry_id, story_id in store.entries_of(list(story_ids)).items():
        members[story_id].append(entry_id)
    for story_id, entry_ids in members.items():
        recipe, profile = cluster.rebuilt(store.stored(entry_ids), frequencies)
        store.save_profile(story_id, recipe, profile)


def _living(store: Store, story_id: int) -> int:
    current = store.current_story(story_id)
    if not store.entries_of([current]):
        raise UsageError(f"no story {story_id}: `aggregator stories` lists them")
    return current


def _word(voice: Voice, a: int, b: int, *, together: bool) -> Correction:
    return Correction(a, b, together=together, author=voice.author, at=voice.at, reason=voice.reason)


def _record(store: Store, act: Act, word: Sequence[Correction]) -> Act:
    """Store the act and those of its constraints that do not follow from former ones. Raises UsageError."""
    former = store.list_corrections()
    _refuse_contradiction(former, word)
    act = store.add_act(act)
    bonds = cluster.Bonds(former)
    for one in word:
        known = one.b in (bonds.together(one.a) if one.together else bonds.apart(one.a))
        if not known:
            store.add_correction(replace(one, act=act.id))
    return act


def _refuse_contradiction(former: Sequence[Correction], word: Sequence[Correction]) -> None:
    bonds = cluster.Bonds([*former, *word])
    clash = bonds.contradiction()
    if clash is None:
        return
    if not clash.id:  # this one would keep apart what someone has put together: where the two part, that was said
        taken = {clash.a, *(one.b for one in word if one.together)}
        clash = next(one for one in bonds.chain(clash.a, clash.b) if (one.a in taken) != (one.b in taken))
    verb = "belong together" if clash.together else "are kept apart"
    why = f" ({clash.reason})" if clash.reason else ""
    raise UsageError(
        f"entries {clash.a} and {clash.b} {verb}: {clash.author} said so on {clash.at:%Y-%m-%d}{why}; "
        "`aggregator corrections` lists all, `aggregator undo` takes back the last"
    )


def _joined(standing: Standing, into: int, reason: str) -> Standing:
    """What began the story that is no more, stands here because a person said so; the others followed it."""
    place = replace(standing.placement, story_id=into)
    if place.level is Level.NEW:
        place = replace(place, level=Level.CORRECTION, score=1.0, reason=reason)
    return replace(standing, story_id=into, placement=place)


def _parted(before: Mapping[int, Standing], taken: set[int], new: int, voice: Voice) -> Iterable[Standing]:
    """Every entry as it stands afterwards. A copy stays with its original, else with the first of its fellow copies."""
    heirs: dict[int, int] = {}  # original on the other side → the first of its copies on this one
    for standing in before.values():
        place, moved = standing.placement, standing.entry_id in taken
        original = place.copy_of
        if original is not None and (original in taken) != moved:
            heir = heirs.setdefault(original, standing.entry_id)
            place = replace(place, copy_of=heir if heir != standing.entry_id else None)
        if place.copy_of is None and moved:
            place = replace(place, level=Level.CORRECTION, score=1.0, reason=voice.says("put it here"))
        elif place.copy_of is None and original is not None:
            place = replace(place, level=Level.STORY, reason=f"its original, entry {original}, was taken out")
        story_id = new if moved else standing.story_id
        yield replace(standing, story_id=story_id, placement=replace(place, story_id=story_id))


def _copies_since(store: Store, returning: Sequence[Standing], left: Mapping[int, int]) -> list[Standing]:
    goes = {standing.entry_id: standing.story_id for standing in returning}
    now = store.standings(store.entries_of(set(left.values())))
    return [
        replace(one, story_id=goes[one.placement.copy_of])
        for one in now
        if one.placement.copy_of in goes and one.entry_id not in goes
    ]


def _welcome(store: Store, bonds: cluster.Bonds, returning: Sequence[Standing]) -> list[Standing]:
    """Those of them who meet nobody at home whom they must not meet."""
    moving = {standing.entry_id for standing in returning}
    home: defaultdict[int, set[int]] = defaultdict(set)
    for entry_id, story_id in store.entries_of({standing.story_id for standing in returning}).items():
        if entry_id not in moving:
            home[story_id].add(entry_id)
    welcome = []
    for standing in returning:
        if home[standing.story_id].isdisjoint(bonds.apart(standing.entry_id)):
            home[standing.story_id].add(standing.entry_id)
            welcome.append(standing)
    return welcome


def _unbound(
    store: Store, bonds: cluster.Bonds, act: Act, stories: Collection[int], moving: Collection[int]
) -> list[Standing]:
    """Entries placed because of the act alone, by a replay since, that stay: their reason has gone with it."""
    reason = f"stayed when {act.author}'s {act.kind} was undone"
    return [
        replace(one, placement=replace(one.placement, level=Level.STORY, reason=reason))
        for one in store.standings(store.entries_of(stories))
        if one.placement.level is Level.CORRECTION
        and one.entry_id not in moving
        and bonds.together(one.entry_id) == {one.entry_id}
        and not bonds.apart(one.entry_id)
    ]


def _home(store: Store, standing: Standing) -> Standing:
    """To the story it was in, wherever that one is now."""
    story_id = store.current_story(standing.story_id)
    return replace(standing, story_id=story_id, placement=replace(standing.placement, story_id=story_id))
