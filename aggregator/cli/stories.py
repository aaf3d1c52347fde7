"""``aggregator stories`` and ``aggregator show``: what is filed, and why there."""

from datetime import datetime
from typing import TYPE_CHECKING

import click

from aggregator.cli.frame import Frame, json_option, pass_frame
from aggregator.cli.numbers import HOW_MANY, Number
from aggregator.cli.times import Since
from aggregator.errors import UsageError

if TYPE_CHECKING:
    from aggregator.model import Member, Story


@click.command(
    epilog="""
\b
Examples:
  aggregator stories --since 12h
  aggregator stories --tag film --limit 50
  aggregator stories --json | jq '.[0].outlets'
"""
)
@click.option("--since", type=Since(), help="Only stories with something newer: 12h, 3d, 2026-11-20.")
@click.option("--limit", type=HOW_MANY, default=20, show_default=True, help="How many.")
@click.option("--tag", "tags", multiple=True, help="Only stories from feeds with this tag; may be repeated.")
@json_option
@pass_frame
def stories(frame: Frame, since: datetime | None, limit: int, tags: tuple[str, ...], as_json: bool) -> None:
    """The newest stories: headline, outlets, copies, independent sources."""
    from aggregator.cli.printing import print_json, print_table, when

    with frame.reader() as app:
        found = app.library.stories(since=since, limit=limit, tags=tags)
    if as_json:
        print_json([_without_members(story) for story in found])
        return
    if not found:
        click.echo("no stories yet: `aggregator poll` fetches some" if since is None and not tags else "no stories")
        return
    columns = {"id": "right", "story": "left", "outlets": "right", "independent": "right", "copies": "right"}
    print_table(
        columns | {"first seen": "left"},
        (
            (story.id, story.title, len(story.outlets), story.independent, story.copies or "", when(story.first_seen))
            for story in found
        ),
        wide=("story",),
    )


def _without_members(story: "Story") -> dict[str, object]:
    from dataclasses import fields

    return {field.name: getattr(story, field.name) for field in fields(story) if field.name != "members"}


@click.command(epilog="\b\nExample:\n  aggregator show 42")
@click.argument("story_id", metavar="ID", type=Number())
@json_option
@pass_frame
def show(frame: Frame, story_id: int, as_json: bool) -> None:
    """One story: its members in time order, copies under their original, and why each is there."""
    from aggregator.cli.printing import print_json

    with frame.reader() as app:
        story = app.library.story(story_id)
    if story is None:
        raise UsageError(f"no story {story_id}: `aggregator stories` lists them")
    if as_json:
        print_json(story)
        return
    _print_story(story)


def _print_story(story: "Story") -> None:
    from aggregator.cli.printing import clean, count, when

    click.secho(clean(story.title), bold=True)
    facts = [count(story.entries, "entry"), count(len(story.outlets), "outlet"), f"{story.independent} independent"]
    if story.copies:
        facts.append("1 copy" if story.copies == 1 else f"{story.copies} copies")
    click.echo(f"story {story.id}: {', '.join(facts)}; {when(story.first_seen)} to {when(story.last_seen)}\n")
    copies: dict[int, list[Member]] = {}
    for member in story.members:
        if member.copy_of is not None:
            copies.setdefault(member.copy_of, []).append(member)
    here = {member.entry_id for member in story.members}
    for member in story.members:
        if member.copy_of is None or member.copy_of not in here:
            _print_member(member, indent="")
            for copy in copies.get(member.entry_id, ()):
                _print_member(copy, indent="    ")


def _print_member(member: "Member", *, indent: str) -> None:
    from aggregator.cli.printing import clean, when

    click.echo(f"{indent}{when(member.moment)}  {clean(member.outlet)}: ", nl=False)
    click.secho(clean(member.title), bold=not indent)
    click.echo(f"{indent}    entry {member.entry_id}, {member.level}: {clean(member.reason)}")
    if member.url:
        click.secho(f"{indent}    {clean(member.url)}", dim=True)
