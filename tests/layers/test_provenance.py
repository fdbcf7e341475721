"""Provenance follows the layer through all that strokes, undo and refreshes can do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from napari.layers import Labels
from scipy import ndimage

from napari_skinseg.layers import napari_undo
from napari_skinseg.layers.provenance import ProvenanceTracker
from trainer.labels.truth import accept, merge, proposed
from trainer.labels.values import ACCEPTED, NONE, PAINTED, PROPOSED

if TYPE_CHECKING:
    from collections.abc import Iterator

SHAPE = (40, 52)
CLASSES = 5


def suggestion(rng: np.random.Generator) -> np.ndarray:
    """Blobs of classes, with some pixels left open."""
    return np.kron(rng.integers(0, CLASSES + 1, (8, 13)), np.ones((5, 4))).astype(np.uint8)


@pytest.fixture
def layer() -> Labels:
    return Labels(np.zeros(SHAPE, np.uint8))


@pytest.fixture
def tracker(layer: Labels) -> Iterator[ProvenanceTracker]:
    tracker = ProvenanceTracker(layer)
    labels = suggestion(np.random.default_rng(7))
    tracker.start(labels, proposed(labels))
    yield tracker
    tracker.close()


def square(top: int, left: int, size: int) -> np.ndarray:
    return np.array([[top, left], [top, left + size], [top + size, left + size], [top + size, left]])


def test_on_the_grey_in_place_of_a_photo_no_stroke_is_taken(tracker, layer):
    tracker.start(np.zeros(SHAPE, np.uint8), np.zeros(SHAPE, np.uint8), paintable=False)
    layer.paint((20, 20), 3)
    layer.fill((1, 1), 2)
    layer.paint_polygon(square(5, 5, 10), 1)
    assert not layer.data.any()
    layer.undo()
    tracker.start(np.zeros(SHAPE, np.uint8), np.zeros(SHAPE, np.uint8))
    layer.paint((20, 20), 3)
    assert layer.data.any()


def test_painting_makes_pixels_the_persons_and_undo_gives_them_back(tracker, layer):
    before = layer.data.copy()
    layer.brush_size = 9
    layer.paint((20, 20), 3)
    touched = tracker.array == PAINTED
    assert touched.sum() > 40
    assert (layer.data[touched] == 3).all()
    layer.undo()
    tracker.sync()
    assert (layer.data == before).all()
    assert (tracker.array == proposed(before)).all()
    layer.redo()
    tracker.sync()
    assert ((tracker.array == PAINTED) == touched).all()


def test_brushing_over_a_suggestion_with_its_own_class_is_a_decision(tracker, layer):
    layer.data[:] = 2
    tracker.start(np.full(SHAPE, 2, np.uint8), np.full(SHAPE, PROPOSED, np.uint8))
    layer.brush_size = 11
    layer.paint((20, 20), 2)
    assert (tracker.array == PAINTED).sum() > 60
    layer.undo()
    tracker.sync()
    assert (tracker.array == PROPOSED).all()


def test_erased_pixels_are_decided_and_stay_not_labelled(tracker, layer):
    layer.paint_polygon(square(5, 5, 10), 0)
    erased = tracker.array == PAINTED
    assert erased.any()
    assert (layer.data[erased] == 0).all()
    tracker.refresh(np.full(SHAPE, 4, np.uint8), "0002")
    assert (layer.data[erased] == 0).all()
    assert (layer.data[~erased] == 4).all()
    accepted = accept(layer.data, tracker.array)
    assert set(np.unique(accepted)) == {ACCEPTED, PAINTED}


def test_refresh_is_one_undo_step_and_names_its_model(tracker, layer):
    before, provenance = layer.data.copy(), tracker.array.copy()
    layer.paint((10, 10), 5)
    painted, after_paint = layer.data.copy(), tracker.array.copy()
    newer = suggestion(np.random.default_rng(8))
    assert tracker.refresh(newer, "0002")
    mine = tracker.array == PAINTED
    assert (layer.data[~mine] == newer[~mine]).all()
    assert (layer.data[mine] == 5).all()
    assert tracker.suggestion_by == "0002"
    layer.undo()
    tracker.sync()
    assert (layer.data == painted).all()
    assert (tracker.array == after_paint).all()
    assert tracker.suggestion_by is None
    layer.undo()
    tracker.sync()
    assert (layer.data == before).all()
    assert (tracker.array == provenance).all()
    layer.redo()
    layer.redo()
    tracker.sync()
    assert tracker.suggestion_by == "0002"
    assert (layer.data[~mine] == newer[~mine]).all()
    assert ((tracker.array == PAINTED) == mine).all()


def test_a_refresh_that_changes_nothing_is_no_step(tracker, layer):
    assert not tracker.refresh(layer.data.copy(), "0002")
    assert napari_undo.undo_steps(layer) == []


def test_undo_never_crosses_photos(tracker, layer):
    layer.paint((10, 10), 5)
    layer.paint((30, 30), 5)
    layer.undo()
    other = np.full((30, 90), 2, np.uint8)
    tracker.start(other.copy(), proposed(other))
    for _ in range(3):
        layer.undo()
        layer.redo()
    tracker.sync()
    assert (layer.data == other).all()
    assert (tracker.array == PROPOSED).all()


@pytest.mark.parametrize("tool", ["brush", "fill", "polygon", "items"])
def test_a_locked_class_is_never_overwritten(tracker, layer, tool):
    labels = np.full(SHAPE, 2, np.uint8)
    labels[:, 20:] = 3
    tracker.start(labels.copy(), proposed(labels))
    tracker.locked.add(3)
    layer.brush_size = 20
    if tool == "brush":
        layer.paint((20, 20), 1)
    elif tool == "fill":
        layer.fill((20, 30), 1)
        layer.fill((20, 5), 1)
    elif tool == "polygon":
        layer.paint_polygon(square(5, 10, 25), 1)
    else:
        layer.data_setitem(np.nonzero(np.ones(SHAPE, bool)), 1)
    assert (layer.data[:, 20:] == 3).all()
    assert (layer.data[:, :20] == 1).any()
    assert (tracker.array[:, 20:] == PROPOSED).all()
    layer.undo()
    tracker.sync()
    assert (layer.data == labels).all()
    assert (tracker.array == PROPOSED).all()


def test_undo_of_a_hidden_layer_is_noticed(tracker, layer):
    layer.visible = False
    layer.paint((10, 10), 5)
    layer.undo()
    tracker.sync()
    assert (tracker.array != PAINTED).all()


def test_provenance_is_right_in_the_middle_of_a_stroke(tracker, layer):
    with layer.block_history():
        layer.paint((10, 10), 5)
        tracker.sync()
        assert (tracker.array == PAINTED).any()
        assert napari_undo.is_stroking(layer)
    assert not napari_undo.is_stroking(layer)
    layer._begin_stroke()
    layer.paint((30, 30), 5)
    layer._abort_stroke()
    tracker.sync()
    assert (tracker.array[22:] != PAINTED).all()
    assert (tracker.array[:20] == PAINTED).any()


def test_the_undo_history_keeps_within_its_budget():
    layer = Labels(np.zeros((500, 500), np.uint8))
    tracker = ProvenanceTracker(layer, history_bytes=1_000_000)
    tracker.start(np.zeros((500, 500), np.uint8), np.zeros((500, 500), np.uint8))
    for value in range(1, 9):
        layer.fill((3, 3), value)
    steps = napari_undo.undo_steps(layer)
    assert 1 <= len(steps) < 8
    for _ in steps:
        layer.undo()
    tracker.sync()
    assert (tracker.array == PAINTED).all(), "what can no longer be undone stays the person's"
    tracker.close()


def test_merge_keeps_decided_and_locked_pixels():
    labels = np.array([[1, 2, 3, 0]], np.uint8)
    provenance = np.array([[PROPOSED, PAINTED, PROPOSED, NONE]], np.uint8)
    merged, after = merge(labels, provenance, np.array([[4, 4, 4, 4]], np.uint8), locked={3})
    assert merged.tolist() == [[4, 2, 3, 4]]
    assert after.tolist() == [[PROPOSED, PAINTED, PROPOSED, PROPOSED]]


class Reference:
    """Slow reference: a whole copy of labels and provenance per step."""

    def __init__(self, labels: np.ndarray) -> None:
        self.now = (labels.copy(), proposed(labels))
        self.undo_stack: list[tuple[np.ndarray, np.ndarray]] = []
        self.redo_stack: list[tuple[np.ndarray, np.ndarray]] = []
        self.locked: set[int] = set()

    def step(self, labels: np.ndarray, provenance: np.ndarray) -> None:
        self.undo_stack.append(self.now)
        self.redo_stack.clear()
        self.now = (labels, provenance)

    def paint(self, masks: list[np.ndarray], value: int) -> None:
        labels, provenance = (array.copy() for array in self.now)
        free = ~np.isin(labels, list(self.locked))
        changed = np.any(masks, axis=0) & free & ((labels != value) | (provenance != PAINTED))
        if changed.any():
            labels[changed], provenance[changed] = value, PAINTED
            self.step(labels, provenance)

    def refresh(self, newer: np.ndarray) -> None:
        labels, provenance = (array.copy() for array in self.now)
        open_to = (provenance < ACCEPTED) & ~np.isin(labels, list(self.locked))
        if (open_to & (labels != newer)).any():
            labels[open_to] = newer[open_to]
            provenance[open_to] = newer[open_to] > 0
            self.step(labels, provenance)

    def undo(self) -> None:
        if self.undo_stack:
            self.redo_stack.append(self.now)
            self.now = self.undo_stack.pop()

    def redo(self) -> None:
        if self.redo_stack:
            self.undo_stack.append(self.now)
            self.now = self.redo_stack.pop()


def stamp(layer: Labels, draw) -> np.ndarray:
    """Pixels that a tool covers, found on an empty layer without our rule."""
    scratch = Labels(np.zeros(SHAPE, np.uint8))
    scratch.brush_size = layer.brush_size
    draw(scratch)
    return scratch.data == 1


@pytest.mark.parametrize("seed", range(12))
def test_random_work_agrees_with_a_slow_reference(tracker, layer, seed):
    rng = np.random.default_rng(seed)
    start = suggestion(rng)
    tracker.start(start.copy(), proposed(start))
    reference = Reference(start)
    actions = ["stroke", "stroke", "fill", "polygon", "undo", "undo", "redo", "refresh", "lock", "hide"]
    for number in range(120):
        action, value = rng.choice(actions), int(rng.integers(0, CLASSES + 1))
        point = rng.uniform((-2, -2), SHAPE)
        if action == "stroke":
            layer.brush_size = int(rng.integers(1, 14))
            points = point + np.cumsum(rng.uniform(-4, 4, (rng.integers(1, 6), 2)), axis=0)
            with layer.block_history():
                for dab in points:
                    layer.paint(dab, value)
                    if rng.random() < 0.2:
                        tracker.sync()
            # dab by dab: a dab over a locked class does nothing, and classes change under later dabs
            masks = [stamp(layer, lambda scratch, dab=dab: scratch.paint(dab, 1)) for dab in points]
            reference.paint(masks, value)
        elif action == "fill":
            point = np.clip(np.round(point), 0, np.array(SHAPE) - 1).astype(int)
            layer.fill(tuple(point), value)
            regions, _ = ndimage.label(reference.now[0] == reference.now[0][tuple(point)])
            reference.paint([regions == regions[tuple(point)]], value)
        elif action == "polygon":
            corners = np.clip(np.round(point + rng.uniform(-12, 12, (4, 2))), 0, np.array(SHAPE) - 1).astype(
                int
            )
            layer.paint_polygon(corners, value)
            reference.paint([stamp(layer, lambda scratch, c=corners: scratch.paint_polygon(c, 1))], value)
        elif action == "undo":
            layer.undo()
            reference.undo()
        elif action == "redo":
            layer.redo()
            reference.redo()
        elif action == "refresh":
            newer = suggestion(rng)
            tracker.refresh(newer, f"{number:04d}")
            reference.refresh(newer)
        elif action == "lock":
            for locked in (tracker.locked, reference.locked):
                (locked.discard if value in locked else locked.add)(value)
                locked.discard(0)
        else:
            layer.visible = not layer.visible
        if rng.random() < 0.7:  # events are missed while the layer is hidden, without harm
            tracker.sync()
            assert (layer.data == reference.now[0]).all(), f"labels differ after step {number}, {action}"
            assert (tracker.array == reference.now[1]).all(), (
                f"provenance differs after step {number}, {action}"
            )
    while reference.undo_stack:
        layer.undo()
        reference.undo()
    tracker.sync()
    if len(reference.redo_stack) < 100:
        assert (layer.data == start).all()
        assert (tracker.array == proposed(start)).all()
