"""What is kept of an entry: small, deterministic, keyed, silent where there is nothing to say."""

import numpy as np
import pytest
from datasketch import MinHash
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator import cluster
from aggregator.cluster import features, headlines, lexicon, shingles
from aggregator.cluster.words import tokens, words
from aggregator.model import Sketch
from tests.cluster_desk import SETTINGS, entry

HARBOUR = (
    "A crane toppled onto two moored ferries in the harbour of Port Elsin early on Tuesday, injuring eleven dockers. "
    "The harbour master, Ilse Brandt, closed the northern basin and asked the navy for divers. Gusts of 140 kilometres "
    "an hour had been forecast, yet loading went on through the night, the dockers' union says."
)


def sketcher(seed: int = 7) -> cluster.Sketcher:
    return cluster.Sketcher(seed, SETTINGS)


def all_buckets(sketch: Sketch) -> tuple[int, ...]:
    return *sketch.event_buckets, *sketch.text_buckets


def shared(a: str, b: str, seed: int = 7) -> int:
    one, two = (sketcher(seed).sketch(entry("", text)) for text in (a, b))
    return len(set(all_buckets(one)) & set(all_buckets(two)))


def test_one_text_always_gives_one_sketch() -> None:
    assert sketcher().sketch(entry("Crane falls", HARBOUR)) == sketcher().sketch(entry("Crane falls", HARBOUR))


def test_another_installation_hashes_otherwise_and_says_so() -> None:
    one, two = sketcher(1).sketch(entry("Crane falls", HARBOUR)), sketcher(2).sketch(entry("Crane falls", HARBOUR))
    assert one.recipe != two.recipe
    assert not set(all_buckets(one)) & set(all_buckets(two))


@pytest.mark.parametrize("title", ["", "Hm", "  …  ", "Crane falls"])
def test_next_to_nothing_sketches_nothing(title: str) -> None:
    sketch = sketcher().sketch(entry(title))
    assert (all_buckets(sketch), sketch.features, sketch.terms, sketch.signature) == ((), b"", (), b"")


def test_a_sketch_is_small_whatever_the_length() -> None:
    long = entry(
        "Crane falls on ferries in Port Elsin", " ".join(f"{HARBOUR} word{i} thing{i * 7}" for i in range(300))
    )
    sketch = sketcher().sketch(long)
    assert len(sketch.signature) + len(sketch.features) < 1500
    assert len(all_buckets(sketch)) <= 80
    assert all(-(1 << 63) <= bucket < 1 << 63 for bucket in all_buckets(sketch))


def test_reports_of_one_event_meet_and_strangers_do_not() -> None:
    other = (
        "Eleven dockers were hurt in Port Elsin as a storm threw a crane on two ferries, says harbour master Brandt."
    )
    stranger = (
        "The central bank of Norland kept its rate at four per cent and spoke of patience over the coming winter."
    )
    assert shared(HARBOUR, other) >= 3
    assert shared(HARBOUR, stranger) <= 1


def test_an_excerpt_meets_the_full_text() -> None:
    assert shared(HARBOUR[:180], HARBOUR * 1 + " ".join(f"Sentence {i} adds another fact." for i in range(60))) >= 8


def test_features_say_what_a_word_is() -> None:
    own = features.unpack(sketcher().sketch(entry("Crane falls on Ferries", HARBOUR)).features)
    assert own.words == len(words(f"Crane falls on Ferries {HARBOUR}", "en"))
    assert own.lang == "en"
    terms = {term.stem: term for term in own.terms}
    assert terms["brandt"].flags == features.NAME
    assert terms["140"].flags == features.NUMBER
    assert terms["crane"].flags & features.TITLE
    assert terms["crane"].weight > terms["gust"].weight
    assert terms["ferri"].prior < terms["the"].prior


def test_a_lexicon_starts_anew_before_it_grows_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lexicon, "_REMEMBERED", 50)
    small = sketcher()
    once = small.sketch(entry("Crane falls", HARBOUR))
    for number in range(2000):
        small.sketch(entry(f"word{number} thing{number} and more", ""))
    assert small.sketch(entry("Crane falls", HARBOUR)).features == once.features


def test_a_set_is_signed_as_datasketch_signs_it_one_by_one() -> None:
    values = np.random.default_rng(1).integers(0, 2**32, 50, dtype=np.uint32)
    minhash = MinHash(num_perm=128, seed=3, hashfunc=int, scheme="affine32")
    for value in values.tolist():
        minhash.update(value)
    assert shingles.Signer(128, 3).sign(values).tolist() == minhash.hashvalues.tolist()
    assert shingles.Signer(128, 3).sign(values[:0]).tolist() == [2**32 - 1] * 128


def test_agreement_estimates_jaccard() -> None:
    signer = shingles.Signer(128, 3)
    values = np.random.default_rng(1).integers(0, 2**32, 3000, dtype=np.uint32)
    one, half = signer.sign(values[:2000]), signer.sign(values[1000:])
    estimate = shingles.agreement(shingles.packed(one), [shingles.packed(half), b"", shingles.packed(one)])
    assert estimate[0] == pytest.approx(1 / 3, abs=0.13)
    assert estimate[1:].tolist() == [0.0, 1.0]


@pytest.mark.parametrize(
    ("text", "lang", "stems"),
    [
        ("A24’s $75M deal", "en", ["a24", "75", "deal"]),
        ("10,000 dead, 7.8 quake, 189/7", "en", ["10000", "dead", "7.8", "quak", "189/7"]),
        ("台風10号", "ja", ["台風", "10", "号"]),
        ("Die Häuser brannten", "de", ["die", "haus", "brannt"]),
        ("новости Москвы", "ru", ["новост", "москв"]),
        ("غارات جديدة", "ar", None),
        ("สงครามใหม่", "th", None),
        ("nothing known", "xx", ["nothing", "known"]),
    ],
)
def test_words_of_many_scripts(text: str, lang: str, stems: list[str] | None) -> None:
    found = [word.stem for word in words(text, lang)]
    assert found
    if stems is not None:
        assert [stem for stem in found if stem != "a"] == stems


@settings(deadline=None, max_examples=60)
@given(st.text(max_size=400), st.sampled_from(["en", "ja", "und", "ar", "zz"]))
def test_any_text_can_be_sketched(text: str, lang: str) -> None:
    sketch = sketcher().sketch(entry(text[:50], text, lang=lang))
    assert bool(sketch.features) == bool(all_buckets(sketch))


@given(st.text(st.sampled_from("ab7 '.,:/-\n\"(|_Z"), max_size=30))
def test_plain_text_is_cut_as_any_other(text: str) -> None:
    """By its own, quicker rule."""
    assert tokens(text) == tokens(f"{text} é")[:-1]


def test_headline_keys_ignore_case_and_marks_and_short_ones_say_nothing() -> None:
    assert headlines.key("Crane falls – on ferries!") == headlines.key("CRANE FALLS on 'ferries'") != ""
    assert headlines.key("Live: cricket") == ""


@pytest.mark.parametrize(
    ("title", "frame"),
    [
        ("Weather outlook for Eskmere", "weather outlook for"),
        ("Weather outlook for tomorrow", ""),
        ("WEATHER OUTLOOK FOR ESKMERE", ""),
        ("Crane falls", ""),
        ("", ""),
    ],
)
def test_the_frame_of_a_headline_is_what_stands_around_its_names(title: str, frame: str) -> None:
    assert headlines.frame(title) == frame


@pytest.mark.parametrize(
    ("a", "b", "names"),
    [
        ("Weather outlook for Eskmere", "Weather outlook for Port Elsin", "Eskmere and Port Elsin"),
        ("Rio de Janeiro guide to sleep", "São Paulo guide to sleep", "Rio de Janeiro and São Paulo"),
        ("Best hotels in Rome this summer", "Best Hotels in Oslo this Summer", "Rome and Oslo"),
        ("Storm Odile hits Eskmere", "Storm Odile hits Port Elsin", ""),  # a rare name: one event
        ("Fire in Eskmere", "Fire in Hallowick", ""),  # one word says too little
        ("CALDERS' WILLIS held on suspicion of theft", "Calder Jo Willis held on suspicion of theft", ""),
        ("Weather outlook for tomorrow", "Weather outlook for sailors", ""),
        ("Weather outlook for Eskmere", "Weather outlook for Eskmere", ""),
        ("", "Weather outlook for Eskmere", ""),
    ],
)
def test_a_formula_is_told_by_the_names_it_leaves_open(a: str, b: str, names: str) -> None:
    assert headlines.formula(a, b, "en") == names


@pytest.mark.parametrize(
    ("a", "b", "numbers"),
    [
        ("Horoscope for June 23", "Horoscope for June 27", "23 and 27"),
        ("Bulletin | June 17th – Midday", "Bulletin | June 17th – Morning", "midday and morning"),
        ("Crane kills three", "Crane kills four", ""),
        ("Crane falls on 2 ferries", "Minister resigns over 3 bridges", ""),
        ("Crane falls", "Crane falls", ""),
    ],
)
def test_series_are_told_by_what_numbers_them(a: str, b: str, numbers: str) -> None:
    assert headlines.series(a, b) == numbers


def test_words_of_one_weight_keep_their_order_whatever_was_read_before() -> None:
    """Else the thirty heaviest, and with them the buckets, depend on which worker an entry meets."""
    words = [f"zq{letter}{number}x" for letter in "abcdefgh" for number in range(10, 22)]
    one = entry("Gauge readings", " ".join(words))
    fresh, experienced = cluster.Sketcher(7, SETTINGS), cluster.Sketcher(7, SETTINGS)
    experienced.sketch(entry("Readings, gauge", " ".join(reversed(words))))
    assert experienced.sketch(one) == fresh.sketch(one)
