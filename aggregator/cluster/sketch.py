"""Entry → Sketch. Pure; runs in the worker process.

Two levels share one list of buckets. Same text: MinHash over word 3-grams of the lead (title and the first lines), so
that an excerpt meets the full article; the headline; the URL. Same event: MinHash over the 30 words that tell most,
one row a band, because two reports of an event share a handful of words and no phrase.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import xxhash

from aggregator.cluster import headlines, shingles
from aggregator.cluster.features import pack, weigh
from aggregator.cluster.lexicon import Lexicon
from aggregator.model import Entry, Sketch
from aggregator.settings import ClusterSettings

_VERSION = "3"
_SHINGLE = 3  # words
_PERMUTATIONS = 128
_LEAD = 64  # shingles of the lead
_COPY_BANDS = 24
_STORY_TERMS = 30
_STORY_BANDS = 32
_SCANT = 3  # words: less sketches nothing
_TEXT_LIMIT = 20_000  # characters read of a text
_LEVELS = ((_STORY_BANDS, 1 << 32), (_COPY_BANDS, 2 << 32))
# level and number of each band, above the 32 bits of a hash
_BANDS = np.array([level + (band << 40) for count, level in _LEVELS for band in range(count)], np.uint64)


class Buckets(NamedTuple):
    """What each of an entry's buckets catches: one a band, in their order, and one at most of each other kind."""

    event: tuple[int, ...] = ()
    text: tuple[int, ...] = ()
    headline: tuple[int, ...] = ()
    frame: tuple[int, ...] = ()
    address: tuple[int, ...] = ()


class Sketcher:
    """Sketches entries with one installation's seed. Sketches are comparable only if their recipes are equal."""

    def __init__(self, seed: int, settings: ClusterSettings) -> None:  # noqa: ARG002 - nothing of it shapes a sketch
        self._seed = seed
        self._lexicons: dict[str, Lexicon] = {}
        self._whole = shingles.Signer(_PERMUTATIONS, seed)
        self._copies = shingles.Signer(_COPY_BANDS, seed)
        self._stories = shingles.Signer(_STORY_BANDS, seed + 1)
        self._key = xxhash.xxh64_intdigest(b"buckets", seed)
        self.recipe = (
            f"v{_VERSION} affine32:{_PERMUTATIONS} w{_SHINGLE}:{_LEAD} s{_STORY_TERMS}:{_STORY_BANDS} seed{seed:08x}"
        )

    def sketch(self, entry: Entry) -> Sketch:
        lexicon = self._lexicon(entry.lang)
        read = lexicon.read(entry.title, entry.text[:_TEXT_LIMIT])
        if len(read) < _SCANT:
            return Sketch(self.recipe)
        weighed = weigh(read)
        stems = lexicon.stems(weighed.stems)
        runs = shingles.ngrams(read.hashes, _SHINGLE)
        lead = shingles.distinct(runs[:_LEAD])
        bands = self._bands(lexicon.stem_hashes(weighed.stems[:_STORY_TERMS]), lead)
        named = (self._bucket(name) for name in _names(entry) if name.partition(" ")[2])
        return Sketch(
            self.recipe,
            event_buckets=tuple(bands[:_STORY_BANDS]),
            text_buckets=(*bands[_STORY_BANDS:], *named),
            signature=shingles.packed(self._whole.sign(runs)),
            features=pack(
                weighed,
                stems,
                words=len(read),
                lang=entry.lang,
                shingles=len(shingles.distinct(runs)),
                lead=lead.tobytes(),
            ),
            terms=tuple(stems),
        )

    def _lexicon(self, lang: str) -> Lexicon:
        if lang not in self._lexicons:
            self._lexicons[lang] = Lexicon(lang, self._seed)
        self._lexicons[lang].refresh()
        return self._lexicons[lang]

    def by_kind(self, entry: Entry, sketch: Sketch) -> Buckets:
        """The buckets of a sketch made of this entry, by what they catch."""
        if not sketch.features:
            return Buckets()
        named = ((self._bucket(name),) if name.partition(" ")[2] else () for name in _names(entry))
        return Buckets(sketch.event_buckets, sketch.text_buckets[:_COPY_BANDS], *named)

    def _bands(self, stems: npt.NDArray[np.uint64], lead: shingles.Hashes) -> list[int]:
        """Signed 64-bit names for the bands' values, those of the event first; one row a band."""
        events = self._stories.sign((stems >> np.uint64(32)).astype(np.uint32))
        values = np.concatenate((events, self._copies.sign(lead)))
        names: list[int] = shingles.mixed(values + _BANDS, self._key).tolist()
        return names

    def _bucket(self, value: str) -> int:
        return xxhash.xxh64_intdigest(value.encode("utf-8", "surrogatepass"), self._seed) - (1 << 63)


def _names(entry: Entry) -> tuple[str, str, str]:
    """What finds its text whatever its words: headline, the headline's frame, address. Without one, the kind alone."""
    return (
        f"title {headlines.key(entry.title)}",
        f"frame {headlines.frame(entry.title)}",
        f"url {entry.canonical_url}",
    )
