"""Entry → Sketch. Pure; runs in the worker process.

Two levels share one list of buckets. Same text: MinHash over word 3-grams of title + text, a few wide bands, and the
same over the lead alone, so that an excerpt meets the full article; the headline; the URL. Same event: MinHash over
the 30 words that tell most, one row a band, because two reports of an event share a handful of words and no phrase.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import xxhash

from aggregator.cluster import headlines, shingles
from aggregator.cluster.features import Features, pack, unpack, weigh
from aggregator.cluster.words import words
from aggregator.model import Entry, Sketch
from aggregator.settings import ClusterSettings

_VERSION = "2"
_SHINGLE = 3  # words
_PERMUTATIONS = 128
_LEAD = 64  # shingles of the lead
_COPY_BANDS = 24
_STORY_TERMS = 30
_STORY_BANDS = 48
_SCANT = 3  # words: less sketches nothing
_TEXT_LIMIT = 20_000  # characters read of a text


class Sketcher:
    """Sketches entries with one installation's seed. Sketches are comparable only if their recipes are equal."""

    def __init__(self, seed: int, settings: ClusterSettings) -> None:  # noqa: ARG002 - nothing of it shapes a sketch yet
        self._seed = seed
        self._copies = shingles.Signer(_PERMUTATIONS, seed)
        self._stories = shingles.Signer(_STORY_BANDS, seed + 1)
        self.recipe = (
            f"v{_VERSION} affine32:{_PERMUTATIONS} w{_SHINGLE}:{_LEAD} s{_STORY_TERMS}:{_STORY_BANDS} seed{seed:08x}"
        )

    def sketch(self, entry: Entry) -> Sketch:
        title = list(words(entry.title, entry.lang))
        text = list(words(entry.text[:_TEXT_LIMIT], entry.lang))
        if len(title) + len(text) < _SCANT:
            return Sketch(self.recipe)
        terms = weigh(title, text, entry.lang)
        runs = shingles.ngrams([word.surface for word in (*title, *text)], _SHINGLE, self._seed)
        lead = np.unique(runs[:_LEAD])
        features = Features(tuple(terms), len(title) + len(text), entry.lang, len(np.unique(runs)), lead.tobytes())
        return Sketch(
            self.recipe,
            buckets=tuple(self._buckets(entry, features, lead)),
            signature=shingles.packed(self._copies.sign(runs)),
            features=pack(features),
            terms=tuple(term.stem for term in terms),
        )

    def recall(self, entry: Entry, stored: Sketch) -> Sketch:
        """The whole sketch of an entry of which only signature and features were kept; its text is not read again.

        One of another recipe is sketched anew. The terms are the heaviest ones only.
        """
        if stored.recipe != self.recipe:
            return self.sketch(entry)
        if not stored.features:
            return stored
        features = unpack(stored.features)
        lead = np.frombuffer(features.lead, dtype=np.uint32)
        return replace(
            stored,
            buckets=tuple(self._buckets(entry, features, lead)),
            terms=tuple(term.stem for term in features.terms),
        )

    def _buckets(self, entry: Entry, features: Features, lead: shingles.Hashes) -> Iterator[int]:
        heaviest = [term.stem for term in features.terms[:_STORY_TERMS]]
        story = self._stories.sign((shingles.hashes(heaviest, self._seed) >> np.uint64(32)).astype(np.uint32))
        yield from (self._bucket("story", band, value) for band, value in enumerate(story.tolist()))
        copy = self._copies.sign(lead)[:_COPY_BANDS]
        yield from (self._bucket("copy", band, value) for band, value in enumerate(copy.tolist()))
        if headline := headlines.key(entry.title):
            yield self._bucket("title", 0, headline)
        if entry.canonical_url:
            yield self._bucket("url", 0, entry.canonical_url)

    def _bucket(self, level: str, band: int, value: object) -> int:
        """A signed 64-bit name for one band's value."""
        return xxhash.xxh64_intdigest(f"{level}/{band}/{value}".encode("utf-8", "surrogatepass"), self._seed) - (
            1 << 63
        )
