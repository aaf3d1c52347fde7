"""What a sketch costs, beside datasketch as its documentation shows it. Prints; asserts nothing."""

import json
import random
import subprocess
import time
from pathlib import Path
from statistics import median

import pytest
from datasketch import MinHash, MinHashLSH

from aggregator import cluster
from aggregator.model import Entry
from tests.benchmarks.test_polling import PEERS
from tests.cluster_desk import NOON, SETTINGS, Desk, entry

pytestmark = pytest.mark.bench
WORDS = 400
ARTICLES = 400


def articles() -> list[Entry]:
    """Generated: 400 words each, drawn by rank like words of a language (Zipf)."""
    draw = random.Random(1)
    vocabulary = [f"{chr(97 + i % 26)}{chr(97 + i // 26 % 26)}w{i}" for i in range(20_000)]
    weights = [1 / (rank + 3) for rank in range(len(vocabulary))]
    texts = (" ".join(draw.choices(vocabulary, weights, k=WORDS)) for _ in range(ARTICLES))
    return [entry(f"Headline number {i} of many", text) for i, text in enumerate(texts)]


def documented(entries: list[Entry]) -> float:
    """CPU seconds of the loop in datasketch's documentation, word 5-grams, with an in-memory LSH."""
    started = time.process_time()
    lsh = MinHashLSH(threshold=0.5, num_perm=128)
    for one in entries:
        minhash, words = MinHash(num_perm=128), one.text.split()
        for i in range(len(words) - 4):
            minhash.update(" ".join(words[i : i + 5]).encode())
        lsh.insert(one.title, minhash)
    return time.process_time() - started


def sketched(entries: list[Entry], sketcher: cluster.Sketcher) -> float:
    """CPU seconds of ours."""
    started = time.process_time()
    for one in entries:
        sketcher.sketch(one)
    return time.process_time() - started


def rensa(entries: list[Entry]) -> float | None:
    """CPU seconds of rensa on the same job; None where the peers are not installed."""
    if not PEERS.exists():
        return None
    texts = json.dumps([one.text for one in entries])
    command = [PEERS, Path(__file__).with_name("rensa_sketcher.py")]
    return float(subprocess.run(command, input=texts, capture_output=True, text=True, check=True).stdout)


def test_sketching_against_the_documented_loop_and_rensa() -> None:
    entries = articles()
    sketcher = cluster.Sketcher(7, SETTINGS)
    for one in entries:  # a running newsroom has met nearly all words before
        sketcher.sketch(one)
    pairs = [(sketched(entries, sketcher), documented(entries)) for _ in range(3)]  # in turn: the machine changes speed
    ours, theirs = (median(seconds) for seconds in zip(*pairs, strict=True))
    print(f"\nsketch, both levels, {WORDS} words: {ARTICLES / ours:,.0f}/s; documented update() loop with LSH:"
          f" {ARTICLES / theirs:,.0f}/s; ratio {theirs / ours:.1f}")  # fmt: skip
    if rust := rensa(entries):
        print(f"rensa's RMinHash with LSH: {ARTICLES / rust:,.0f}/s; ratio {rust / ours:.2f}")


def test_placing_among_four_hundred() -> None:
    desk, entries = Desk(), articles()
    for i, one in enumerate(entries):
        desk.add(one, feed=i % 20)
    started = time.process_time()
    for one in entries[:100]:
        sketch = desk.sketcher.sketch(one)
        cluster.place(one, sketch, desk.candidates(sketch), desk.near(sketch), desk.frequencies(sketch), feed_id=99,
                      seen=NOON, settings=SETTINGS)  # fmt: skip
    print(f"\nsketch + candidates + place: {(time.process_time() - started) * 10:.2f} ms an entry")
