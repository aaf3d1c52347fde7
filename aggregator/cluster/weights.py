"""Term, Frequencies → weight: a word is worth what it tells, by general language and by the own stream. Pure."""

import math
from collections.abc import Iterable, Mapping

from aggregator.cluster.features import Term
from aggregator.model import Frequencies

Vector = dict[str, float]  # stem → weight

_PRIOR_DOCUMENTS = 2000.0  # what general language is worth against the stream


def vector(terms: Iterable[Term], frequencies: Frequencies) -> Vector:
    """The terms' weights, scaled to length 1.

    Each times its inverse document frequency in nats, the stream's counts blended with the prior.
    """
    counted, log = frequencies.counts, math.log
    total = log(frequencies.documents + _PRIOR_DOCUMENTS + 1.0)
    weights = {
        term.stem: term.weight
        * max(0.0, total - log(counted.get(term.stem, 0.0) + _PRIOR_DOCUMENTS * term.prior + 0.5))
        for term in terms
    }
    length = norm(weights)
    return {stem: weight / length for stem, weight in weights.items()} if length else {}


def norm(vector: Mapping[str, float]) -> float:
    return math.sqrt(sum(weight * weight for weight in vector.values()))


def dot(a: Mapping[str, float], b: Mapping[str, float]) -> tuple[float, float]:
    """The scalar product, and the largest share one stem has in it."""
    if len(a) > len(b):
        a, b = b, a
    parts = [weight * b[stem] for stem, weight in a.items() if stem in b]
    return sum(parts), max(parts, default=0.0)
