"""The stored sketches of a story's entries → its profile, as if they had come one after the other. Pure."""

from collections.abc import Callable, Collection, Sequence

from aggregator.cluster import features
from aggregator.cluster.place import absorb
from aggregator.model import Frequencies, Sketch, Stored


def rebuilt(members: Sequence[Stored], frequencies: Callable[[Collection[str]], Frequencies]) -> tuple[str, bytes]:
    """(recipe, profile) of a story. `members` in order of arrival; only those of the last one's recipe count."""
    recipe = members[-1].sketch.recipe
    story: bytes | None = None
    for member in members:
        if member.sketch.recipe == recipe:
            story = absorb(story, member.sketch, frequencies(_stems(member.sketch)), feed_id=member.feed_id)
    return recipe, story or b""


def _stems(sketch: Sketch) -> list[str]:
    return [term.stem for term in features.unpack(sketch.features).terms] if sketch.features else []
