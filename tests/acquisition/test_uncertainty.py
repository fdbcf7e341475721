"""How unsure a prediction is, and the sentence an annotator reads about it."""

import numpy as np

from trainer.acquisition.uncertainty import uncertainty
from trainer.labels.classes import CLASS_SETS

SKIN9 = CLASS_SETS["skin9"]


def test_a_sure_prediction_says_so() -> None:
    score, why = uncertainty(np.full((40, 50), 1, np.uint8), np.full((40, 50), 255, np.uint8), SKIN9)
    assert score == 0.0
    assert why == "a quick check"


def test_names_the_two_classes_it_wavers_between() -> None:
    labels = np.full((40, 50), 1, np.uint8)
    labels[:20, :30], labels[20:, :20] = 6, 4  # limb, hand
    confidence = np.where(labels > 1, 90, 255).astype(np.uint8)
    score, why = uncertainty(labels, confidence, SKIN9)
    assert why == "limb or hand?"
    assert 0.3 < score < 0.5


def test_the_less_sure_photo_scores_higher() -> None:
    labels = np.full((400, 300), 3, np.uint8)
    scores = [uncertainty(labels, np.full_like(labels, sure), SKIN9)[0] for sure in (250, 128, 30)]
    assert scores == sorted(scores)


def test_large_photos_are_sampled() -> None:
    labels = np.full((3000, 4000), 3, np.uint8)
    _, why = uncertainty(labels, np.full_like(labels, 60), SKIN9)
    assert why == "is all of it face?"
