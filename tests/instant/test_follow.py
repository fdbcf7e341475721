"""The rest of a photo follows its strokes: where it is alike and near, and nowhere else."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from trainer.instant.cues import DEPTH, cues_of, usable
from trainer.instant.follow import follow, stroke_cells
from trainer.instant.update import MOST, Reach, chosen_cells
from trainer.labels.values import ACCEPTED, PAINTED, PROPOSED

BACK, ARM, LEG = 1, 2, 3
SHAPE = (96, 128)


def two_limbs(shape: tuple[int, int] = SHAPE) -> np.ndarray:
    """A photo of two pinkish limbs, upright, on a blue ground."""
    photo = np.full((*shape, 3), (60, 90, 140), np.uint8)
    for left in (0.2, 0.6):
        photo[:, int(left * shape[1]) : int((left + 0.2) * shape[1])] = (210, 150, 120)
    return photo


def suggestion(shape: tuple[int, int] = SHAPE) -> np.ndarray:
    """Both limbs are taken for legs."""
    return np.where(two_limbs(shape)[..., 0] > 100, np.uint8(LEG), np.uint8(BACK))


def activations(shape: tuple[int, int] = SHAPE, classes: int = 3) -> np.ndarray:
    """What a model gives that takes both limbs for legs, and tells the left one from the right."""
    labels = suggestion(shape)[::4, ::4]
    columns = np.broadcast_to(np.arange(labels.shape[1]), labels.shape)
    found = np.zeros((*labels.shape, classes + DEPTH), np.float16)
    found[..., :classes] = 0.1
    np.put_along_axis(found, labels[..., None].astype(int) - 1, 0.8, axis=2)
    found[..., classes] = labels == LEG
    found[..., classes + 1] = (labels == LEG) & (columns < labels.shape[1] // 2)
    return found


def stroked(labels: np.ndarray, rows: slice, columns: slice, value: int) -> tuple[np.ndarray, np.ndarray]:
    labels = labels.copy()
    provenance = np.where(labels > 0, np.uint8(PROPOSED), np.uint8(0))
    labels[rows, columns], provenance[rows, columns] = value, PAINTED
    return labels, provenance


def after(labels: np.ndarray, found) -> np.ndarray:
    labels = labels.copy()
    if found.area is not None:
        assert (found.labels != labels[found.area]).any()
        labels[found.area] = found.labels
    return labels


@pytest.fixture
def left_arm() -> tuple[np.ndarray, np.ndarray]:
    return stroked(suggestion(), slice(20, 40), slice(30, 36), ARM)


def test_a_stroke_takes_its_region_along_and_leaves_what_is_unlike_it(left_arm):
    labels, provenance = left_arm
    done = after(labels, follow(cues_of(two_limbs(), 3, activations()), labels, provenance))
    near = done[10:60, 28:48]
    assert (near == ARM).mean() > 0.95
    assert (done[:, 80:100] == LEG).all(), "the other limb looks otherwise to the model"
    assert (done[:, :20] == BACK).all()
    assert (done[:, 55:70] == BACK).all()


def test_its_reach_ends_with_the_distance_too(left_arm):
    labels, provenance = left_arm
    cues = cues_of(two_limbs(), 3, activations())
    short = after(labels, follow(cues, labels, provenance, reach=Reach(near=0.03)))
    wide = after(labels, follow(cues, labels, provenance, reach=Reach(near=1.0)))
    assert (wide == ARM).sum() > 1.5 * (short == ARM).sum()
    assert (short[80:] == labels[80:]).all()


def test_what_a_person_decided_and_what_is_locked_stays(left_arm):
    labels, provenance = left_arm
    provenance[50:60] = ACCEPTED
    cues = cues_of(two_limbs(), 3, activations())
    done = after(labels, follow(cues, labels, provenance))
    assert (done[50:60] == labels[50:60]).all()
    assert (done[20:40, 30:36] == ARM).all()
    assert follow(cues, labels, provenance, locked=(LEG,)).area is None


def test_a_stroke_that_agrees_changes_nothing():
    labels, provenance = stroked(suggestion(), slice(20, 40), slice(30, 36), LEG)
    assert follow(cues_of(two_limbs(), 3, activations()), labels, provenance).area is None


def test_who_outlines_a_thing_has_said_where_it_ends():
    labels, provenance = stroked(suggestion(), slice(20, 44), slice(27, 47), ARM)
    cues = cues_of(two_limbs(), 3, activations())
    assert follow(cues, labels, provenance).area is None
    labels[70:90, 34:38], provenance[70:90, 34:38] = ARM, PAINTED
    done = after(labels, follow(cues, labels, provenance))
    assert (done[70:90, 28:48] == ARM).mean() > 0.9, "a thin stroke beside it is followed"


def test_a_stroke_thinner_than_a_cell_counts_beside_a_thick_one():
    large = (960, 1280)
    labels, provenance = stroked(suggestion(large), slice(200, 600), slice(330, 336), ARM)
    labels[700:900, 800:860], provenance[700:900, 800:860] = ARM, PAINTED
    cells = stroke_cells(cues_of(two_limbs(large), 3, activations()), labels, provenance)
    assert (cells[6:14, 7:10] == ARM).any(axis=1).all()
    assert (cells > 0).sum() < 40


def test_without_strokes_nothing_follows():
    labels = suggestion()
    found = follow(cues_of(two_limbs(), 3, activations()), labels, np.full(SHAPE, PROPOSED, np.uint8))
    assert found.area is None


def test_a_second_stroke_holds_back_the_first(left_arm):
    labels, provenance = left_arm
    cues = cues_of(two_limbs(), 3, activations())
    alone = after(labels, follow(cues, labels, provenance))
    labels[60:70, 30:36], provenance[60:70, 30:36] = LEG, PAINTED
    held = after(labels, follow(cues, labels, provenance))
    assert (held == ARM).sum() < (alone == ARM).sum()
    assert (held[60:70, 36:46] == LEG).mean() > 0.5


def test_colours_stand_in_where_no_model_is():
    labels, provenance = stroked(suggestion(), slice(20, 40), slice(30, 36), ARM)
    done = after(labels, follow(cues_of(two_limbs(), 3, labels=suggestion()), labels, provenance))
    assert (done[22:38, 28:46] == ARM).mean() > 0.95
    assert (done[:, :20] == BACK).all()


def test_from_nothing_strokes_of_two_classes_fill_what_is_like_them():
    labels, provenance = stroked(np.zeros(SHAPE, np.uint8), slice(20, 60), slice(30, 36), ARM)
    labels[20:60, 10:14], provenance[20:60, 10:14] = BACK, PAINTED
    done = after(labels, follow(cues_of(two_limbs(), 3), labels, provenance))
    assert (done[25:55, 28:44] == ARM).mean() > 0.9
    assert (done[25:55, 4:22] == BACK).mean() > 0.9
    assert (done[:, 110:] == 0).all(), "far from all strokes nothing is claimed"


def test_an_embedding_is_of_the_photo_without_the_filled_up_square(left_arm):
    labels, provenance = left_arm
    embedding = np.zeros((256, 64, 64), np.float16)
    embedding[0, :48] = np.where(two_limbs()[::2, ::2, 0] > 100, 1, -1)
    embedding[1, :48, :32] = 1
    embedding[2, 48:] = 9
    cues = cues_of(two_limbs(), 3, labels=suggestion(), embedding=embedding)
    assert cues.source == "embedding"
    done = after(labels, follow(cues, labels, provenance))
    assert (done[20:40, 28:48] == ARM).mean() > 0.9
    assert (done[:, 80:100] == LEG).all()


@pytest.mark.parametrize("shape", [(1, 300), (300, 1), (1, 1), (3, 5), (17, 1000)])
def test_photos_of_any_shape(shape):
    photo = np.zeros((*shape, 3), np.uint8)
    photo[:, shape[1] // 2 :] = 200
    labels, provenance = np.full(shape, LEG, np.uint8), np.full(shape, PROPOSED, np.uint8)
    labels[:1, :1], provenance[:1, :1] = ARM, PAINTED
    for given in (None, labels):
        done = after(labels, follow(cues_of(photo, 3, labels=given), labels, provenance))
        assert done[0, 0] == ARM
        assert set(np.unique(done)) <= {ARM, LEG}


def test_a_photo_many_times_larger_than_its_cues_keeps_the_edges_of_its_suggestion():
    large = (960, 1280)
    labels, provenance = stroked(suggestion(large), slice(200, 400), slice(300, 360), ARM)
    done = after(labels, follow(cues_of(two_limbs(large), 3, activations()), labels, provenance))
    skin = suggestion(large) == LEG
    assert (done[~skin] == BACK).all()
    assert (done[150:500, 256:512] == ARM).all(), "no rim of the old class is left at the edges"


def test_a_model_of_fewer_classes_meets_a_new_one_and_one_of_more_is_not_used(left_arm):
    labels, provenance = left_arm
    known = activations(classes=3)
    assert usable(known, 4)
    labels[labels == ARM] = 4
    done = after(labels, follow(cues_of(two_limbs(), 4, known), labels, provenance))
    assert (done[20:40, 28:48] == 4).mean() > 0.9
    assert not usable(known, 2)
    broken = known.copy()
    broken[0, 0, 0] = np.nan
    assert not usable(broken, 3)
    assert not usable(np.zeros((0, 4, 40), np.float16), 9)
    with pytest.raises(ValueError, match="no model of 2 classes"):
        cues_of(two_limbs(), 2, known)


def test_strokes_of_a_class_that_is_gone_are_passed_over(left_arm):
    labels, provenance = left_arm
    labels[labels == ARM] = 9
    assert follow(cues_of(two_limbs(), 3, activations()), labels, provenance).area is None


def test_few_cells_stand_for_many_strokes_those_that_surprise_first():
    flat = np.ones(20_000, np.uint8)
    flat[:9_000] = 2
    flat[-10:] = 0
    prior = np.tile(np.float32([0.9, 0.1]), (20_000, 1))
    prior[:8_900] = 0.1, 0.9
    chosen = chosen_cells(flat, prior)
    assert len(chosen) <= MOST
    assert set(range(8_900, 9_000)) <= set(chosen.tolist())
    assert (flat[chosen] == 1).sum() == (flat[chosen] == 2).sum()


def test_of_many_regions_the_largest_follow(monkeypatch):
    """A stroke on both limbs; some more of the right one's ground follows than of the left one's."""
    labels, provenance = stroked(suggestion(), slice(40, 56), slice(30, 34), ARM)
    labels[40:56, 82:86], provenance[40:56, 82:86] = ARM, PAINTED
    labels[:, 90:] = np.where(labels[:, 90:] == LEG, BACK, labels[:, 90:])
    cues = cues_of(two_limbs(), 3, activations())
    both = after(labels, follow(cues, labels, provenance)) == ARM
    monkeypatch.setattr("trainer.instant.follow.MOST_REGIONS", 1)
    one = after(labels, follow(cues, labels, provenance)) == ARM
    strokes = provenance == PAINTED
    assert (both & ~strokes)[:, :64].any()
    assert (both & ~strokes)[:, 64:].any()
    assert not (one & ~strokes)[:, :64].any()
    assert (one & ~strokes)[:, 64:].any()


def test_what_was_asked_of_the_strokes_before_is_not_asked_again():
    labels, provenance = stroked(suggestion(), slice(40, 56), slice(30, 34), ARM)
    cues = cues_of(two_limbs(), 3, activations())
    known = stroke_cells(cues, labels, provenance)
    found = follow(cues, labels, provenance)
    again = follow(cues, labels, provenance, strokes=known)
    assert found.area == again.area
    assert np.array_equal(found.labels, again.labels)


def test_it_needs_neither_torch_nor_qt():
    code = "import sys, trainer.instant.follow; sys.exit('torch' in sys.modules or 'qtpy' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
