"""``aggregator merge``, ``split``, ``undo``, ``corrections``: what a person says about stories is kept and obeyed."""

import getpass
from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from aggregator.cli.frame import Frame, json_option, pass_frame
from aggregator.cli.numbers import Number

if TYPE_CHECKING:
    from aggregator.app import App
    from aggregator.correcting import Voice
    from aggregator.model import Act, Correction

reason_option = click.option("--reason", default="", metavar="TEXT", help="Why; kept, and shown with the story.")


@click.command(epilog="\b\nExamples:\n  aggregator merge 42 57\n  aggregator merge 42 57 61 --reason 'one trial'")
@click.argument("stories", metavar="STORY...", type=Number(), nargs=-1, required=True)
@reason_option
@json_option
@pass_frame
def merge(frame: Frame, stories: tuple[int, ...], reason: str, as_json: bool) -> None:
    """Make stories one, for ever. The oldest number stays, the others lead to it."""
    from aggregator import correcting

    with frame.writer() as app:
        act = correcting.merge(app.store, stories, _voice(app, reason))
    _say(act, as_json, f"story {act.story_id} has taken in {_listed({one.story_id for one in act.before})}")


@click.command(
    epilog="\b\nExample (`aggregator show 42` prints the numbers of its entries):\n  aggregator split 42 1017 1020"
)
@click.argument("story", metavar="STORY", type=Number())
@click.argument("entries", metavar="ENTRY...", type=Number(), nargs=-1, required=True)
@reason_option
@json_option
@pass_frame
def split(frame: Frame, story: int, entries: tuple[int, ...], reason: str, as_json: bool) -> None:
    """Take entries out of a story, for ever: they become a story of their own."""
    from aggregator import correcting

    with frame.writer() as app:
        act = correcting.split(app.store, story, entries, _voice(app, reason))
    _say(act, as_json, f"entries {_listed(set(entries))} are story {act.story_id} now")


@click.command(epilog="\b\nExample:\n  aggregator undo")
@json_option
@pass_frame
def undo(frame: Frame, as_json: bool) -> None:
    """Take back the last merge or split: its constraints go, its entries return."""
    from aggregator import correcting

    with frame.writer() as app:
        undone = correcting.undo(app.store, at=app.now())
    act, stayed = undone.act, undone.stayed
    _say(act, as_json, f"undone: {_line(act)}")
    if stayed:
        noun = "entry" if len(stayed) == 1 else "entries"
        click.echo(f"{noun} {_listed(set(stayed))} stayed: where they were stands what they must not meet", err=True)


@click.command(epilog="\b\nExamples:\n  aggregator corrections\n  aggregator corrections --json | jq '.[].constraints'")
@json_option
@pass_frame
def corrections(frame: Frame, as_json: bool) -> None:
    """What was merged and split, by whom and why, the last first; each with the constraints it left."""
    from aggregator.cli.printing import clean

    with frame.reader() as app:
        acts, constraints = app.store.acts(), app.store.list_corrections()
    if as_json:
        from aggregator.cli.printing import print_json

        print_json([_data(act, constraints) for act in reversed(acts)])
        return
    for act in reversed(acts):
        own = [one for one in constraints if one.act == act.id]
        click.echo(f"{clean(_line(act))}")
        for line in _constraints(own):
            click.echo(f"    {line}")
    if not acts:
        click.echo("no corrections: `aggregator merge` and `aggregator split` make some")


def _voice(app: "App", reason: str) -> "Voice":
    from aggregator.correcting import Voice

    try:
        author = getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        author = "someone"
    return Voice(author, app.now(), reason)


def _say(act: "Act", as_json: bool, line: str) -> None:
    from aggregator.cli.printing import clean, print_json

    if as_json:
        print_json(act)
    else:
        click.echo(clean(line))


def _line(act: "Act") -> str:
    from aggregator.cli.printing import when

    what = "merged into" if act.kind == "merge" else "split off as"
    stories = _listed({one.story_id for one in act.before})
    origin = stories if act.kind == "merge" else f"some of {stories}"
    return f"{origin} {what} {act.story_id}: {act.author}, {when(act.at)}" + (f": {act.reason}" if act.reason else "")


def _constraints(own: "list[Correction]") -> "Iterable[str]":
    for together, what in ((True, "belongs with"), (False, "never with")):
        ends: dict[int, list[int]] = {}
        for one in own:
            if one.together is together:
                ends.setdefault(one.a, []).append(one.b)
        for first, others in ends.items():
            yield f"entry {first} {what} {_listed(set(others))}"


def _listed(ids: set[int]) -> str:
    return ", ".join(map(str, sorted(ids)))


def _data(act: "Act", constraints: "list[Correction]") -> dict[str, object]:
    own = [one for one in constraints if one.act == act.id]
    return {
        "id": act.id,
        "kind": act.kind,
        "author": act.author,
        "at": act.at,
        "reason": act.reason,
        "story_id": act.story_id,
        "stories": sorted({one.story_id for one in act.before}),
        "constraints": [{"a": one.a, "b": one.b, "together": one.together} for one in own],
    }
