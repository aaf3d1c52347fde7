"""``aggregator why``: the path of a decision, as it was stored and as it is recomputed now."""

import shutil
import sys
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

import click

from aggregator.cli.frame import Frame, json_option, pass_frame
from aggregator.cli.numbers import Number
from aggregator.errors import UsageError

if TYPE_CHECKING:
    from aggregator.cluster.why import Likening, Meeting, SameText
    from aggregator.explanation import Against, Explanation, Now, Pair, Stored, Written
    from aggregator.model import Correction, Placement

LABEL = 14  # columns
WORDS = 12  # shared words told
SLIGHT = 0.001  # of the cosine: words that add less are only counted
LISTED = 6  # stories merged into one, and ties between two, told
Line = tuple[str, str]  # label (empty: goes on), text

LEVELS = {
    "new": "a story of its own",
    "story": "same event, other text",
    "copy": "same text, other outlet",
    "revision": "same text, same outlet",
    "correction": "a person said so",
}


@click.command(
    epilog="""
\b
Examples (`aggregator show 42` prints the numbers of its entries):
  aggregator why 1017 1020        the later of the two beside the other
  aggregator why 1017 --story 42  why it is in that story, or not
  aggregator why 1017             why it stands where it stands
"""
)
@click.argument("entry", metavar="ENTRY", type=Number())
@click.argument("other", metavar="[ENTRY]", type=Number(), required=False)
@click.option("--story", type=Number(), metavar="ID", help="Beside this story instead of another entry.")
@json_option
@pass_frame
def why(frame: Frame, entry: int, other: int | None, story: int | None, as_json: bool) -> None:
    """Why two entries are one text, one story, or neither.

    First what was stored when it was decided, then what the same rules say of the stored texts now.
    """
    if other is not None and story is not None:
        raise UsageError("name another entry or a story, not both")
    from aggregator import explaining
    from aggregator.cli.printing import print_json

    with frame.reader() as app:
        told = explaining.explain(app.store, app.settings.cluster, entry, other, story_id=story)
    if as_json:
        print_json(told)
        return
    _print(told)


def _print(told: "Explanation") -> None:
    click.secho(told.answer, bold=True)
    click.echo()
    _print_lines(_heads(told.stored.entries))
    _section("Stored, as it was decided")
    _print_lines(_stored(told.stored))
    _section("Recomputed now, from the stored texts and today's word counts")
    _print_lines(_now(told.now))
    _print_lines([("versions", f"aggregator {told.program}; sketch recipe {told.recipe}")])


def _section(heading: str) -> None:
    click.echo()
    click.secho(heading, fg="cyan")


def _print_lines(lines: Iterable[Line]) -> None:
    from aggregator.cli.printing import clean

    width = shutil.get_terminal_size((120, 24)).columns if sys.stdout.isatty() else 120
    for label, text in lines:
        wrapped = textwrap.wrap(clean(text), max(40, width - LABEL - 2)) or [""]
        for index, line in enumerate(wrapped):
            click.secho(f"  {'' if index else label:<{LABEL}}", dim=True, nl=False)
            click.echo(line)


# ---------------------------------------------------------------- stored


def _heads(entries: "Iterable[Written]") -> Iterator[Line]:
    from aggregator.cli.printing import when

    for one in entries:
        yield f"entry {one.entry_id}", one.title
        yield "", f"{one.decision.outlet}, {when(one.seen)}, story {one.decision.standing.story_id}"


def _stored(stored: "Stored") -> Iterator[Line]:
    for one in stored.entries:
        yield from _decided(one)
    yield from _merged(stored)
    yield from _corrections("corrections", stored.corrections)
    if stored.stories_apart and not stored.corrections:
        yield from _corrections("kept apart", stored.stories_apart)
    for index, tie in enumerate(stored.series_apart[:LISTED]):
        numbers = f"entries {tie.entry_id} and {tie.relation.entry_id}: {tie.relation.reason}"
        yield "" if index else "series", f"{numbers}; their stories never merge"


def _decided(one: "Written") -> Iterator[Line]:
    from aggregator.cli.printing import when

    place = one.decision.standing.placement
    yield f"entry {one.entry_id}", f"{_named(place)}; score {place.score:.2f}; {when(one.decision.at)}"
    yield "", place.reason
    for tie in place.relations:
        yield "", f"noted: {tie.kind} with entry {tie.entry_id}, {tie.score:.2f}: {tie.reason}"
    if one.decision.revised:
        yield "", f"its text was last changed {when(one.decision.revised)}"
    if one.sketch != "the same":
        yield "", _sketch(one)


def _sketch(one: "Written") -> str:
    if one.sketch == "none":
        return "no sketch is stored"
    if one.sketch == "of another recipe":
        return f"its stored sketch is of another recipe ({one.recipe}): not compared, made anew below"
    return "its stored sketch is of a former text: made anew below"


def _merged(stored: "Stored") -> Iterator[Line]:
    from aggregator.cli.printing import count, when

    # those that brought an entry asked for come first
    merged = sorted(stored.merged, key=lambda one: (not one.entries, one.redirect.old))
    for index, one in enumerate(merged[:LISTED]):
        brought = f", with entry {_listed(one.entries)}" if one.entries else ""
        story = f"story {one.redirect.old} into {one.redirect.into}, {when(one.redirect.at)}{brought}"
        yield "" if index else "merged", f"{story}: {one.redirect.reason}"
    if len(merged) > LISTED:
        yield "", f"and {count(len(merged) - LISTED, 'story')} more"
    if not merged:
        yield "merged", f"no story was merged into story {stored.entries[-1].decision.standing.story_id}"


def _corrections(label: str, corrections: "Iterable[Correction]") -> Iterator[Line]:
    from aggregator.cli.printing import when

    none = True
    for one in corrections:
        tie = "belongs with" if one.together else "never with"
        reason = f": {one.reason}" if one.reason else ""
        yield label if none else "", f"entry {one.a} {tie} {one.b}, {one.author}, {when(one.at)}{reason}"
        none = False
    if none:
        yield label, "none binds them"


# ---------------------------------------------------------------- recomputed


def _now(now: "Now") -> Iterator[Line]:
    if now.pair:
        yield from _pair(now.pair)
    else:
        yield "nothing", f"it stands alone{_met(now)}"
    if now.story:
        yield from _story(now.story)
    if now.merge:
        yield from _likening("both stories", now.merge, words=False)
    for index, near in enumerate(now.nearest):
        found = _enough(near.likening) if near.likening else _unreadable(near.recipe)
        yield "" if index else "others near", f"story {near.story_id}, {found}: {near.title}"
    if now.verdict:
        yield "decision", f"{_settled(now.verdict)}: {now.verdict.reason}"
        yield "", "as stored" if now.as_stored else f"other than stored: {_unlike(now)}"


def _met(now: "Now") -> str:
    if now.nearest:
        return " in its story"
    if now.unmet:
        return ", and shares a bucket with no story; sketches of another recipe in its window are not compared"
    return ", and no other story in its window shares a bucket with it"


def _unlike(now: "Now") -> str:
    if now.story and now.story.unreadable and now.verdict and now.verdict.story_id is None:
        return "because of the recipe"
    return "since then texts, word counts, the story, its corrections or the program have changed"


def _unreadable(recipe: str) -> str:
    return f"kept by another recipe ({recipe}): not compared"


def _story(story: "Against") -> Iterator[Line]:
    label = f"story {story.story_id}"
    if story.likening is None:
        yield label, _unreadable(story.recipe)
        return
    # beside a story of one, all was said of the two entries
    yield from _likening(label, story.likening, words=story.entries > 1)
    if not story.stories_compared:
        yield "", "but no entry of it shares an event bucket: it would not be looked at"


def _pair(pair: "Pair") -> Iterator[Line]:
    yield "compared", "entry {} with entry {}".format(*pair.entries)
    yield from _meeting(pair.meeting)
    yield from _same_text(pair.text)
    yield from _likening("same event", pair.likening, words=True)
    fields = (("headlines", pair.cosines.titles), ("texts", pair.cosines.texts), ("whole", pair.cosines.whole))
    cosines = (f"{name} {'–' if value is None else f'{value:.2f}'}" for name, value in fields)
    yield "cosines", ", ".join(cosines)


def _meeting(met: "Meeting") -> Iterator[Line]:
    hours = f"{met.hours:.0f} h apart" if met.hours >= 1 else "less than an hour apart"
    headline = "of the same frame" if met.frame and not met.headline else _same(met.headline)
    texts = f"{_bands(met.text, met.text_of, 'text')}, headline {headline}, address {_same(met.address)}"
    yield "candidates", f"as one text: {_yes(met.texts_compared)}, {texts}"
    yield "", f"as one event: {_yes(met.stories_compared)}, {_bands(met.event, met.event_of, 'event')}"
    yield "", hours if met.in_window else f"{hours}: more than the window, so neither"


def _bands(shared: Sequence[int], of: int, kind: str) -> str:
    named = f" ({', '.join(_spans(shared))})" if shared else ""
    return f"{len(shared)} of {of} {kind} bands{named}"


def _spans(numbers: Sequence[int]) -> Iterator[str]:
    """Rising ones; 3–5 for 3, 4, 5."""
    for _, run in groupby(enumerate(numbers), lambda pair: pair[1] - pair[0]):
        first, *more = (number for _, number in run)
        yield f"{first}–{more[-1]}" if more else f"{first}"


def _yes(yes: bool) -> str:
    return "yes" if yes else "no"


def _same(same: bool) -> str:
    return "the same" if same else "other"


def _same_text(text: "SameText | None") -> Iterator[Line]:
    if text is None:
        yield "same text", "too few words to compare"
        return
    verdict = f"yes, a {text.level}" if text.level else "vetoed" if text.veto else "no"
    yield "same text", f"{verdict}: Jaccard {text.jaccard:.2f}, containment {text.contained:.2f}; {text.reason}"
    if text.veto:
        yield "veto", text.veto


def _likening(label: str, like: "Likening", *, words: bool) -> Iterator[Line]:
    if not like.languages:
        yield label, "no: different languages are never alike"
        return
    yield label, f"{_enough(like)}{_needed(like)}"
    if words:
        told = [f"{one.word} {one.part:.3f}" for one in like.words if one.part >= SLIGHT]
        listed = ", ".join(told[:WORDS]) or "no word that counts"
        more = len(like.words) - min(WORDS, len(told))
        yield "", f"shared: {listed}{f', and {more} that count less' if told and more else ''}"


def _enough(like: "Likening") -> str:
    verdict = "yes" if like.enough else "no"
    return f"{verdict}: similarity {like.similarity:.2f}, needed {like.threshold:.2f}"


def _needed(like: "Likening") -> str:
    more = [f"{like.by_merge:.3f} for two stories"] if like.by_merge else []
    more += [f"{like.by_time:.3f} for {like.passed:.0f} h of silence or of lasting"] if like.passed >= 1 else []
    more += [f"{like.by_caution:.3f} for cluster.caution"] if like.by_caution else []
    return f" ({' + '.join((f'{like.by_length:.3f} for texts of such lengths', *more))})" if more else ""


def _named(place: "Placement") -> str:
    where = f" of entry {place.copy_of}" if place.copy_of is not None else ""
    return f"{place.level}{where} ({LEVELS[place.level]})"


def _settled(place: "Placement") -> str:
    return _named(place) if place.story_id is None else f"into story {place.story_id} as {_named(place)}"


def _listed(ids: Iterable[int]) -> str:
    return ", ".join(map(str, ids))
