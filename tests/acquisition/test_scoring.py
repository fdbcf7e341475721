"""Scores of a photo: what a sure, an unsure and a divided model are told apart by."""

from __future__ import annotations

import numpy as np
import pytest

from trainer.acquisition.scoring import photo_scores
from trainer.labels.classes import CLASS_SETS

SKIN9 = CLASS_SETS["skin9"]
HAND, FOOT, FACE = (SKIN9.names.index(name) for name in ("hand", "foot", "face"))


def maps(*shares: tuple[int, float], height: int = 20, width: int = 30) -> np.ndarray:
    """The same probabilities everywhere, ``(9, height, width)``."""
    found = np.zeros((9, height, width), np.float32)
    for index, share in shares:
        found[index] = share
    return found


def test_a_sure_photo() -> None:
    scores = photo_scores(maps((0, 1.0)), SKIN9)
    assert scores.entropy == pytest.approx(0, abs=1e-6)
    assert scores.margin == pytest.approx(1)
    assert scores.foreground == pytest.approx(0, abs=1e-6)
    assert scores.question == "a quick check"


def test_it_asks_about_the_two_classes_it_wavers_between() -> None:
    found = maps((0, 1.0))
    found[:, :8] = maps((FOOT, 0.55), (HAND, 0.45))[:, :8]
    scores = photo_scores(found, SKIN9)
    assert scores.question == "hand or foot?"
    assert scores.foreground == pytest.approx(0.4)
    assert scores.class_entropy[FOOT] == pytest.approx(scores.entropy)
    assert sum(scores.class_entropy) == pytest.approx(scores.entropy)


def test_heads_that_agree_to_be_unsure_do_not_disagree() -> None:
    unsure = maps((HAND, 0.5), (FOOT, 0.5))
    divided = np.stack([maps((HAND, 1.0)), maps((FOOT, 1.0))])
    agreed = photo_scores(unsure, SKIN9, heads=np.stack([unsure, unsure]))
    apart = photo_scores(divided.mean(axis=0), SKIN9, heads=divided)
    assert agreed.entropy == pytest.approx(apart.entropy)
    assert agreed.disagreement == pytest.approx(0, abs=1e-5)
    assert apart.disagreement == pytest.approx(np.log(2), abs=1e-3)


def test_without_heads_or_an_error_map_nothing_is_said_of_them() -> None:
    scores = photo_scores(maps((0, 0.6), (FACE, 0.4)), SKIN9)
    assert np.isnan([scores.disagreement, scores.error]).all()
    assert photo_scores(maps((0, 1.0)), SKIN9, error=np.full((20, 30), 0.3)).error == pytest.approx(0.3)


def test_what_cannot_be_read_off_is_nan() -> None:
    for empty in (maps(height=0), np.full((9, 4, 4), np.nan)):
        scores = photo_scores(empty, SKIN9)
        assert np.isnan([scores.entropy, scores.margin, scores.foreground, scores.seconds]).all()
    partly = maps((0, 1.0))
    partly[:, 0, 0] = np.nan
    assert np.isfinite(photo_scores(partly, SKIN9).entropy)


def test_more_to_mend_takes_longer() -> None:
    seconds = [photo_scores(maps((0, share), (FACE, 1 - share)), SKIN9).seconds for share in (1.0, 0.8, 0.6)]
    assert seconds == sorted(seconds)


def test_a_large_map_says_the_same_as_a_small_one() -> None:
    small = np.random.default_rng(0).dirichlet(np.ones(9), (50, 60)).transpose(2, 0, 1)
    large = small.repeat(12, axis=1).repeat(12, axis=2)
    assert photo_scores(large, SKIN9).entropy == pytest.approx(photo_scores(small, SKIN9).entropy, rel=0.02)
