"""Scores as the sources compute them, against their own code where it is installed."""

import numpy as np
import pytest
import torch

from trainer.evaluation.scores.parity import isic, keras_dice, smp_batch_iou

RANDOM = np.random.default_rng(1)
TRUTH = RANDOM.random((4, 1, 20, 30)) < 0.3
SKIN = np.clip(0.6 * TRUTH + 0.5 * RANDOM.random(TRUTH.shape), 0, 1).astype(np.float32)


def binary_matrix(truth, guess):
    return np.array([[(t & g).sum() for g in (~guess, guess)] for t in (~truth, truth)])


MATRICES = np.stack([binary_matrix(t, s > 0.5) for t, s in zip(TRUTH, SKIN, strict=True)])


def test_isic_is_the_mean_of_each_photos_own_figures():
    matrices = np.array([[[50, 10], [5, 35]], [[90, 0], [10, 0]]])
    scores = isic(matrices)
    assert scores.ja.tolist() == pytest.approx([35 / 50, 0])
    assert scores.di.mean() == pytest.approx((70 / 85 + 0) / 2)
    assert scores.ac.tolist() == pytest.approx([0.85, 0.9])
    assert scores.se.tolist() == pytest.approx([35 / 40, 0])
    assert scores.sp.tolist() == pytest.approx([50 / 60, 1])


def test_isic_where_there_is_nothing_and_nothing_was_found():
    empty = isic(np.array([[[100, 0], [0, 0]]]))
    assert (empty.ja, empty.di, empty.ac, empty.se, empty.sp) == (1, 1, 1, 1, 1)
    false_alarm = isic(np.array([[[90, 10], [0, 0]]]))
    assert (false_alarm.ja, false_alarm.di, false_alarm.se) == (0, 0, 1), "a freebie, as the challenge has it"
    full = isic(np.array([[[0, 0], [0, 100]]]))
    assert (full.ja, full.sp) == (1, 1)


@pytest.mark.filterwarnings("ignore:.smp.utils. module is deprecated")
@pytest.mark.parametrize("batch", [1, 2, 4])
def test_iou_of_batches_is_that_of_segmentation_models_pytorch(batch):
    from segmentation_models_pytorch.utils.functional import iou

    skin, truth = torch.from_numpy(SKIN), torch.from_numpy(TRUTH).float()
    batches = zip(skin.split(batch), truth.split(batch), strict=True)
    theirs = [float(iou(s, t, threshold=0.5)) for s, t in batches]
    assert smp_batch_iou(MATRICES, batch).tolist() == pytest.approx(theirs, abs=1e-6)


@pytest.mark.parametrize("batch", [1, 3])
def test_dice_of_batches_is_that_of_the_keras_examples(batch):
    sums = np.array([[(s * t).sum(), s.sum(), t.sum()] for t, s in zip(TRUTH, SKIN, strict=True)], float)

    def dice_coef(y_true, y_pred, smooth=1.0):
        true, predicted = y_true.flatten(), y_pred.flatten()
        return (2.0 * (true * predicted).sum() + smooth) / (true.sum() + predicted.sum() + smooth)

    theirs = [dice_coef(TRUTH[i : i + batch], SKIN[i : i + batch]) for i in range(0, 4, batch)]
    assert keras_dice(sums, batch).tolist() == pytest.approx(theirs, rel=1e-5)


def test_an_empty_photo_without_a_find_is_perfect_to_both():
    assert smp_batch_iou(np.array([[[9, 0], [0, 0]]])).tolist() == [1]
    assert keras_dice(np.zeros((1, 3))).tolist() == [1]
