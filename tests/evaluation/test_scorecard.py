"""From predicted probabilities of photos to everything that `evaluate` tells."""

import json

import numpy as np
import pytest
from counted import LESION, SKIN9, card_of, count, random_photo

from trainer.evaluation.metrics import confusion
from trainer.evaluation.scorecard import Scorecard
from trainer.labels.values import IGNORE


def test_counting_in_bands_is_the_same_as_at_once():
    target, probabilities = random_photo(0)
    once, bands = (count(target, probabilities, SKIN9, bands=n) for n in (1, 7))
    assert np.array_equal(once.matrix, confusion(target, probabilities.argmax(0).astype(np.uint8), 9))
    for name in ("matrix", "skin", "confidence", "peak"):
        assert np.array_equal(getattr(once, name), getattr(bands, name))
    assert bands.skin_sums == pytest.approx(once.skin_sums)
    assert np.array_equal(bands.boundary.nsd, once.boundary.nsd, equal_nan=True)


def test_skin_by_summed_probability_is_not_skin_by_argmax():
    # Background leads with .4, but face and hand together have .6: skin, if probabilities are added up.
    probabilities = np.zeros((9, 1, 2))
    probabilities[[0, 2, 3], :, 0] = [[0.4], [0.3], [0.3]]
    probabilities[0, :, 1] = 1
    found = count(np.array([[2, 0]], np.uint8), probabilities, SKIN9)
    assert found.matrix[2, 0] == 1
    assert found.skin.tolist() == [[1, 0], [0, 1]]
    assert found.skin_sums == pytest.approx([0.6, 0.6, 1.0])
    assert found.peak[[0, 2, 3]] == pytest.approx([1.0, 0.3, 0.3])


def test_what_nobody_labelled_counts_nowhere():
    target, probabilities = random_photo(0)
    found = count(target, probabilities, SKIN9)
    labelled = int((target != IGNORE).sum())
    assert found.matrix.sum() == found.skin.sum() == found.confidence[0].sum() == labelled
    nothing = count(np.full_like(target, IGNORE), probabilities, SKIN9)
    assert nothing.matrix.sum() == nothing.skin_sums.sum() == 0
    assert np.isnan(nothing.tone)


def test_every_headline_lies_in_its_interval():
    card = card_of()
    told = {"dice9", "dice8", "dice2", "dice2_sum", "iou9", "photo_dice9", "nsd", "hd95", "ece"}
    told |= {"ja", "di", "ac", "se", "sp"}
    assert set(card.headlines) == told
    for name, (value, (low, high)) in card.headlines.items():
        assert np.isfinite(value), name
        assert low - 0.02 <= value <= high + 0.02 or name == "hd95", name
    assert card.headlines["dice9"][0] == card.evaluation.dice9
    assert card.headlines["hd95"][0] > 0


def test_json_holds_everything_and_no_nan():
    card = card_of()
    values = json.loads(json.dumps(card.to_json("isic"), allow_nan=False))
    assert (values["photos"], values["groups"], values["mode"]) == (4, 3, "isic")
    assert set(values["ci95"]) == set(card.headlines)
    assert set(values["per_class"]["face"]) == {
        "dice", "iou", "precision", "recall", "photos", "nsd", "hd95", "presence_auc", "presence_ap",
    }  # fmt: skip
    assert sum(map(sum, values["confusion"])) == 4 * 35 * 50
    assert set(values["parity"]) == {"ja", "di", "ac", "se", "sp"}
    assert [row["dice9"] for row in values["photo_scores"]] == sorted(
        row["dice9"] for row in values["photo_scores"]
    )
    assert sum(part["photos"] for part in values["parts"]["shows"]) == 4
    assert "parity" not in card.to_json()


@pytest.mark.parametrize(
    ("mode", "names"), [("keras_dice", {"keras_dice"}), ("smp_batch_iou", {"smp_batch_iou"})]
)
def test_other_modes(mode, names):
    parity = card_of().parity(mode)
    assert set(parity) == names
    ((value, (low, high)),) = parity.values()
    assert low <= value <= high


def test_classes_without_score_are_named_and_left_out():
    target, probabilities = random_photo(0)
    target[target == 8] = 0
    probabilities[8] = 0
    card = Scorecard.of(
        [count(target, probabilities, SKIN9)], ["a"], [1], ["1.jpg"], SKIN9, model="m", split="val"
    )
    assert card.without_score == ["anogenital"]
    assert card.to_json()["per_class"]["anogenital"]["nsd"] is None
    assert np.isfinite(card.evaluation.dice9)


def test_two_classes():
    card = card_of(LESION)
    assert card.headlines["dice2"][0] == pytest.approx(card.headlines["dice9"][0])
    assert card.headlines["dice2_sum"][0] == pytest.approx(card.headlines["dice2"][0], abs=1e-9)
    assert card.headlines["di"][0] == pytest.approx(card.per_class["lesion"]["dice"])
    assert set(card.parity("isic")) == {"ja", "di", "ac", "se", "sp"}
