"""Scores, checked by hand."""

import pytest

from aggregator import evaluate


def test_a_perfect_clustering_scores_one_whatever_the_labels_are_called() -> None:
    scores = evaluate.stories(["a", "a", "b"], [7, 7, 9])
    assert (scores.bcubed.f1, scores.pairwise.f1) == (1.0, 1.0)
    assert (scores.documents, scores.gold_stories, scores.found_stories) == (3, 2, 2)


def test_bcubed_and_pairwise_by_hand() -> None:
    # gold {1 2 3} {4 5}; found {1 2} {3 4 5}
    scores = evaluate.stories("aaabb", "xxyyy")
    # precision: 1 and 2 → 1, 3 → 1/3, 4 and 5 → 2/3; recall: 1 and 2 → 2/3, 3 → 1/3, 4 and 5 → 1
    assert scores.bcubed.precision == pytest.approx((2 + 1 / 3 + 4 / 3) / 5)
    assert scores.bcubed.recall == pytest.approx((4 / 3 + 1 / 3 + 2) / 5)
    # found pairs: 12, 34, 35, 45; gold pairs: 12, 13, 23, 45; both: 12, 45
    assert scores.pairwise.precision == pytest.approx(2 / 4)
    assert scores.pairwise.recall == pytest.approx(2 / 4)
    assert scores.pairwise.f1 == pytest.approx(0.5)


def test_everything_alone_is_precise_and_everything_together_is_complete() -> None:
    alone = evaluate.stories("aab", "xyz")
    assert (alone.bcubed.precision, alone.pairwise.precision, alone.pairwise.recall) == (1.0, 1.0, 0.0)
    together = evaluate.stories("aab", "xxx")
    assert (together.bcubed.recall, together.pairwise.recall) == (1.0, 1.0)
    assert together.pairwise.precision == pytest.approx(1 / 3)


def test_nothing_to_score_is_no_error() -> None:
    assert evaluate.stories([], []).bcubed.f1 == 1.0


def test_labels_of_unequal_length_are_refused() -> None:
    with pytest.raises(ValueError, match="argument 2"):
        evaluate.stories("aa", "x")
    with pytest.raises(ValueError, match="argument 2"):
        evaluate.copies([True], [])


def test_copies_by_hand() -> None:
    score = evaluate.copies([True, True, False, False], [True, False, True, False])
    assert (score.precision, score.recall, score.f1) == (0.5, 0.5, 0.5)
    assert evaluate.copies([False], [True]).f1 == 0.0
