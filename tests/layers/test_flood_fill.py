"""The bucket takes the very area that napari takes, only sooner."""

from __future__ import annotations

import numpy as np
import pytest
from napari.layers import Labels
from skimage.segmentation import flood

from napari_skinseg.layers.flood_fill import connected_area
from napari_skinseg.layers.provenance import ProvenanceTracker
from trainer.errors import SkinsegError
from trainer.labels.truth import proposed


def whole(labels: np.ndarray, seed: tuple[int, int]) -> np.ndarray:
    area, box = connected_area(labels, seed)
    found = np.zeros(labels.shape, bool)
    found[box] = area
    assert area.any(0)[[0, -1]].all()
    assert area.any(1)[[0, -1]].all()
    return found


@pytest.mark.parametrize("classes", [1, 2, 3, 9])
@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (40, 1), (23, 31), (64, 48)])
def test_the_area_is_that_of_scikit_image(shape, classes):
    random = np.random.default_rng(classes)
    for _ in range(40):
        labels = random.integers(1, classes + 1, shape, dtype=np.uint8)
        seed = tuple(int(random.integers(side)) for side in shape)
        np.testing.assert_array_equal(whole(labels, seed), flood(labels, seed, connectivity=1))


def test_areas_that_wind_and_enclose():
    rows, columns = np.mgrid[:90, :120]
    rings = ((np.hypot(rows - 45, columns - 60) + np.arctan2(rows - 45, columns - 60) / 0.7) // 6 % 2).astype(
        np.uint8
    )
    for seed in ((0, 0), (45, 60), (45, 70), (89, 119), (20, 20)):
        np.testing.assert_array_equal(whole(rings, seed), flood(rings, seed, connectivity=1))


def test_corners_do_not_join():
    labels = np.array([[1, 2], [2, 1]], np.uint8)
    assert whole(labels, (0, 0)).tolist() == [[True, False], [False, False]]


@pytest.mark.parametrize("contiguous", [True, False])
def test_a_fill_is_the_same_as_napari_s_own_and_undone_whole(contiguous):
    random = np.random.default_rng(3)
    labels = np.kron(random.integers(1, 4, (8, 9)), np.ones((5, 6))).astype(np.uint8)
    plain, ours = Labels(labels.copy()), Labels(labels.copy())
    tracker = ProvenanceTracker(ours)
    tracker.start(labels.copy(), proposed(labels))
    for layer in (plain, ours):
        layer.contiguous = contiguous
    for coord in ((3, 3), (20.4, 30.6), (-4, 2), (0, 53), (39, 53)):
        for layer in (plain, ours):
            layer.fill(coord, 7)
        np.testing.assert_array_equal(ours.data, plain.data)
    filled = ours.data == 7
    assert filled.any()
    assert (tracker.array[filled] == 3).all()
    assert (tracker.array[~filled] != 3).all()
    while ours._undo_history:
        ours.undo()
    np.testing.assert_array_equal(ours.data, labels)
    tracker.close()
    ours.fill((3, 3), 8)
    assert (ours.data == 8).any()


def test_a_fill_leaves_locked_classes_alone():
    labels = np.full((30, 40), 2, np.uint8)
    labels[5:10, 5:10] = 4
    layer = Labels(labels.copy())
    tracker = ProvenanceTracker(layer)
    tracker.start(labels.copy(), proposed(labels))
    tracker.locked.add(4)
    layer.fill((7, 7), 6)
    np.testing.assert_array_equal(layer.data, labels)
    tracker.close()


def test_a_napari_that_paints_in_another_way_is_refused_with_the_mend(monkeypatch):
    monkeypatch.delattr(Labels, "_apply_mask_to_data")
    with pytest.raises(SkinsegError, match="install napari"):
        ProvenanceTracker(Labels(np.ones((4, 4), np.uint8)))


def test_filling_a_suggestion_with_its_own_class_is_a_decision():
    labels = np.kron([[2, 4], [4, 2]], np.ones((10, 10))).astype(np.uint8)
    layer = Labels(labels.copy())
    tracker = ProvenanceTracker(layer)
    tracker.start(labels.copy(), proposed(labels))
    layer.fill((3, 3), 2)
    np.testing.assert_array_equal(layer.data, labels)
    assert (tracker.array[:10, :10] == 3).all()
    assert (tracker.array == 3).sum() == 100
    layer.undo()
    tracker.sync()
    assert not (tracker.array == 3).any()
    tracker.close()
