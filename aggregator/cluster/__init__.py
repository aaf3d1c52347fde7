"""Entry → Sketch → Placement: which entries are one text, which stories are one event. Pure decisions with reasons."""

from aggregator.cluster.again import rebuilt
from aggregator.cluster.bonds import Bonds
from aggregator.cluster.mend import mend
from aggregator.cluster.place import absorb, combine, place
from aggregator.cluster.sketch import Sketcher

__all__ = ["Bonds", "Sketcher", "absorb", "combine", "mend", "place", "rebuilt"]
