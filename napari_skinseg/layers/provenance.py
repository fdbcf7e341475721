"""Which pixels the person decided, kept exactly in step with the layer's undo history.

Each pixel of an annotation knows where its label came from: nobody (0), a model (1), a model and a
person's consent (2), a person's hand (3). Painting, filling, polygons and erasing make 3; undo gives back
what was there before. napari emits no event that says "undone", so the tracker compares napari's history
with the steps it has seen: steps that are gone are taken back in reverse, new ones are applied. Missed
events do no harm.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_skinseg.layers import napari_undo
from napari_skinseg.layers.napari_undo import Atom, Edit
from trainer.labels.truth import is_truth, merge
from trainer.labels.values import PAINTED, lookup

if TYPE_CHECKING:
    from napari.layers import Labels
    from numpy.typing import NDArray

HISTORY_BYTES = 512_000_000


@dataclass(eq=False)
class _Record:
    """One atom of napari's history, and the provenance that it covered."""

    atom: Atom
    edit: Edit
    before: NDArray[np.uint8] | int


@dataclass
class _Step:
    """One undo step; `model_id` names the model where a refresh made it."""

    records: list[_Record]
    model_id: str | None = None

    def is_for(self, atoms: list[Atom]) -> bool:
        """Say whether these are the atoms the step was made from."""
        ours = self.records
        if len(ours) != len(atoms):
            return False
        return not ours or (ours[0].atom is atoms[0] and ours[-1].atom is atoms[-1])

    @property
    def bytes(self) -> int:
        """Memory that napari and we hold for it, bytes."""
        ours = sum(r.before.nbytes for r in self.records if isinstance(r.before, np.ndarray))
        return ours + sum(napari_undo.atom_bytes(r.atom) for r in self.records)


@dataclass(eq=False)
class Refresh:
    """A safe refresh, worked out and ready to be written.

    `labels` and `provenance` are those of the `area` afterwards, `old_labels` and `old_provenance` those
    before; the plan holds for version `version` of `of`, the provenance it was made from.
    """

    model_id: str
    of: NDArray[np.uint8]
    version: int
    area: tuple[slice, slice] | None
    labels: NDArray[np.uint8]
    provenance: NDArray[np.uint8]
    old_labels: NDArray[np.uint8]
    old_provenance: NDArray[np.uint8] | int
    atom: Atom = None


def _compact(values: NDArray[np.uint8]) -> NDArray[np.uint8] | int:
    """Keep one number where all are the same: a fill of 12 MP then costs nothing."""
    if values.size == 0:
        return 0
    least = int(values.min())
    return least if least == values.max() else values


def _bounds(changed: NDArray[np.bool_]) -> tuple[slice, slice] | None:
    rows = np.flatnonzero(changed.any(axis=1))
    if rows.size == 0:
        return None
    columns = np.flatnonzero(changed[rows[0] : rows[-1] + 1].any(axis=0))
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


class ProvenanceTracker:
    """Provenance of the open photo, following the annotation layer.

    Parameters
    ----------
    layer
        The annotation layer; its `data` is a uint8 array (height, width).
    history_bytes
        Older undo steps are forgotten when the history holds more than this.
    """

    def __init__(self, layer: Labels, history_bytes: int = HISTORY_BYTES) -> None:
        self._layer = layer
        self._history_bytes = history_bytes
        self.array: NDArray[np.uint8] = np.zeros(layer.data.shape, np.uint8)
        self.locked: set[int] = set()
        self.version = 0
        self.strokes = 0
        self._steps: list[_Step] = []
        self._staged: list[_Record] = []
        self._refreshes: list[Refresh] = []
        self._paused = False
        napari_undo.install_brush_rule(layer, self._brush_rule)
        napari_undo.install_fast_fill(layer)
        layer.events.paint.connect(self._on_paint)
        layer.events.set_data.connect(self._on_set_data)

    def close(self) -> None:
        """Let go of the layer."""
        self._layer.events.paint.disconnect(self._on_paint)
        self._layer.events.set_data.disconnect(self._on_set_data)
        napari_undo.remove_brush_rule(self._layer)

    def start(self, labels: NDArray[np.uint8], provenance: NDArray[np.uint8]) -> None:
        """Begin another photo: its labels become the layer's data, and the undo history begins anew."""
        self._paused = True
        try:
            self._layer.data = labels
        finally:
            self._paused = False
        napari_undo.clear_history(self._layer)
        self.array = provenance
        self._steps, self._staged, self._refreshes = [], [], []
        self.version = self.strokes = 0

    @property
    def suggestion_by(self) -> str | None:
        """Model of the newest refresh that stands (one that was undone does not)."""
        return next((step.model_id for step in reversed(self._steps) if step.model_id is not None), None)

    def plan(self, suggestion: NDArray[np.uint8], model_id: str) -> Refresh:
        """Work out a safe refresh; slow at 12 MP (80 ms), and made to run in a thread while work goes on.

        Parameters
        ----------
        suggestion
            uint8 labels (height, width).
        model_id
            The model that made them.
        """
        array, version, labels = self.array, self.version, self._layer.data
        changed = ~is_truth(array) & (labels != suggestion)
        if self.locked:
            changed &= ~lookup(set(self.locked))[labels]
        area = _bounds(changed)
        where = area or (slice(0, 0), slice(0, 0))
        old_labels, old_provenance = labels[where].copy(), array[where].copy()
        merged, provenance = merge(old_labels, old_provenance, suggestion[where], set(self.locked))
        return Refresh(
            model_id, array, version, area, merged, provenance, old_labels, _compact(old_provenance)
        )

    def is_current(self, plan: Refresh) -> bool:
        """Say whether nothing has been done since a plan was begun."""
        self.sync()
        return plan.of is self.array and plan.version == self.version

    def apply(self, plan: Refresh) -> bool:
        """Write a current plan as one undo step; say whether any pixel changed."""
        if plan.area is None:
            return False
        self._paused = True
        try:
            plan.atom = napari_undo.record_step(self._layer, plan.area, plan.old_labels, plan.labels)
        finally:
            self._paused = False
        self._refreshes.append(plan)
        self.sync()
        self._layer.refresh(extent=False, thumbnail=False, highlight=False)
        return True

    def refresh(self, suggestion: NDArray[np.uint8], model_id: str) -> bool:
        """Put a newer suggestion where no person has decided, at once; see `plan` and `apply`."""
        self.sync()
        return self.apply(self.plan(suggestion, model_id))

    def sync(self) -> None:
        """Bring the provenance in step with the layer's history."""
        undo, staged = napari_undo.undo_steps(self._layer), napari_undo.staged_atoms(self._layer)
        self._forget_lost_steps(undo)
        kept = 0
        while kept < min(len(self._steps), len(undo)) and self._steps[kept].is_for(undo[kept]):
            kept += 1
        if kept == len(self._steps) == len(undo) and len(staged) == len(self._staged):
            return
        self.version += 1
        stroke_ended = kept == len(self._steps) < len(undo) and self._begins(undo[kept])
        if not stroke_ended and not (kept == len(self._steps) and self._begins(staged)):
            self._take_back(self._staged)
            self._staged = []
        for step in reversed(self._steps[kept:]):
            self._take_back(step.records)
        del self._steps[kept:]
        for atoms in undo[kept:]:
            records, self._staged = self._staged, []
            records += [self._apply(atom) for atom in atoms[len(records) :]]
            self._steps.append(_Step(records, self._model_of(records)))
        self._staged += [self._apply(atom) for atom in staged[len(self._staged) :]]

    def _begins(self, atoms: list[Atom]) -> bool:
        """Say whether the stroke that we have followed so far is the beginning of `atoms`."""
        ours = self._staged
        return len(ours) <= len(atoms) and (not ours or ours[-1].atom is atoms[len(ours) - 1])

    def _forget_lost_steps(self, undo: list[list[Atom]]) -> None:
        """Drop steps that can no longer be undone: napari keeps 100, and we keep a budget of bytes."""
        if not undo:
            if not napari_undo.has_redo(self._layer):
                self._steps.clear()
            return
        first = next((i for i, step in enumerate(self._steps) if step.is_for(undo[0])), 0)
        del self._steps[:first]

    def _apply(self, atom: Atom) -> _Record:
        edit = napari_undo.edit_of(atom)
        refresh = next((r for r in self._refreshes if r.atom is atom), None)
        if refresh is not None:
            edit.write(self.array, refresh.provenance)
            return _Record(atom, edit, refresh.old_provenance)
        record = _Record(atom, edit, _compact(edit.read(self.array)))
        edit.write(self.array, PAINTED)
        return record

    def _take_back(self, records: list[_Record]) -> None:
        for record in reversed(records):
            record.edit.write(self.array, record.before)

    def _model_of(self, records: list[_Record]) -> str | None:
        for refresh in self._refreshes:
            if records and records[0].atom is refresh.atom:
                return refresh.model_id
        return None

    def _brush_rule(
        self, where: tuple[Any, ...], labels: NDArray[np.uint8], brush: NDArray[np.bool_], new_label: int
    ) -> NDArray[np.bool_]:
        staged = napari_undo.staged_atoms(self._layer)
        if self._begins(staged):
            self._staged += [self._apply(atom) for atom in staged[len(self._staged) :]]
        changed = np.array(brush)
        for locked in self.locked:
            changed &= labels != locked
        if new_label >= 0:
            open_ = labels != new_label
            open_ |= self.array[where] != PAINTED
            changed &= open_
        return changed

    def _on_paint(self, event: object = None) -> None:
        if self._paused:
            return
        self.sync()
        self.strokes += 1
        sizes = [step.bytes for step in self._steps]
        surplus, drop = sum(sizes) - self._history_bytes, 0
        while surplus > 0 and drop < len(sizes) - 1:
            surplus -= sizes[drop]
            drop += 1
        napari_undo.drop_oldest(self._layer, drop)

    def _on_set_data(self, event: object = None) -> None:
        if not self._paused:
            self.sync()
