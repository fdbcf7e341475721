"""Provenance of every pixel, kept exactly in step with the layer's undo history.

A label is undecided (0), proposed by a model (1), accepted (2) or painted (3). Painting, filling, polygons
and erasing make 3; undo gives back what was there before. napari emits no event that says "undone", so
the tracker compares napari's history with the steps it has seen: steps that are gone are taken back in
reverse, new ones are applied. Missed events do no harm.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_skinseg.layers import napari_undo
from napari_skinseg.layers.refresh import Refresh, compact, plan_drop, plan_refresh, plan_suggestion
from trainer.labels.values import PAINTED

if TYPE_CHECKING:
    from napari.layers import Labels
    from numpy.typing import NDArray

    from napari_skinseg.layers.napari_undo import Atom, Edit, Index

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
        """Return whether the step was made from these atoms."""
        ours = self.records
        # The ends are enough: napari drops whole steps, and never exchanges an atom inside one. By
        # identity, because equal strokes at different times are different steps.
        if len(ours) != len(atoms):
            return False
        return not ours or (ours[0].atom is atoms[0] and ours[-1].atom is atoms[-1])

    @property
    def bytes(self) -> int:
        """Memory held for the step by napari and here, bytes."""
        ours = sum(r.before.nbytes for r in self.records if isinstance(r.before, np.ndarray))
        return ours + sum(napari_undo.atom_bytes(r.atom) for r in self.records)


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
        self.locks_met: set[int] = set()  # locked classes that a brush has been kept from
        self.version = 0
        self.strokes = 0
        self._steps: list[_Step] = []
        self._staged: list[_Record] = []
        self._refreshes: list[tuple[Atom, Refresh]] = []
        self._paused, self._paintable = False, True
        napari_undo.install_brush_rule(layer, self._brush_rule)
        napari_undo.install_fast_fill(layer)
        layer.events.paint.connect(self._on_paint)
        layer.events.set_data.connect(self._on_set_data)

    def close(self) -> None:
        """Stop following the layer and give it its own way of painting back."""
        self._layer.events.paint.disconnect(self._on_paint)
        self._layer.events.set_data.disconnect(self._on_set_data)
        napari_undo.remove_brush_rule(self._layer)

    def start(self, labels: NDArray[np.uint8], provenance: NDArray[np.uint8], paintable: bool = True) -> None:
        """Follow another photo, with an empty undo history; on the grey in place of one no stroke stays."""
        self._paused, self._paintable = True, paintable
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
        """Model of the newest refresh that was not undone."""
        return next((step.model_id for step in reversed(self._steps) if step.model_id is not None), None)

    @property
    def touched(self) -> bool:
        """Whether a person has done something here that can be undone or redone; a refresh is not theirs."""
        return any(step.model_id is None for step in self._steps) or napari_undo.has_redo(self._layer)

    @property
    def newest_plan(self) -> Refresh | None:
        """The plan that was applied last, whether or not it still stands."""
        return self._refreshes[-1][1] if self._refreshes else None

    def stands(self, plan: Refresh) -> bool:
        """Return whether a plan was applied and is not undone."""
        return any(self._is_of(step, plan) for step in self._steps)

    def is_newest(self, plan: Refresh) -> bool:
        """Return whether a plan is what undo would take back."""
        return bool(self._steps) and self._is_of(self._steps[-1], plan)

    def _is_of(self, step: _Step, plan: Refresh) -> bool:
        first = step.records[0].atom if step.records else None
        return any(known is plan and atom is first for atom, known in self._refreshes)

    def plan(self, suggestion: NDArray[np.uint8], model_id: str) -> Refresh:
        """Work out a safe refresh of the open photo, in a thread if need be; see `plan_refresh`.

        Parameters
        ----------
        suggestion
            uint8 labels (height, width).
        model_id
            The model that made them.
        """
        # The arrays are read while strokes go on: a torn plan is harmless, for its version is stale then.
        array, version, labels = self.array, self.version, self._layer.data
        return plan_refresh(labels, array, version, suggestion, model_id, set(self.locked))

    def is_current(self, plan: Refresh) -> bool:
        """Return whether the provenance is still that of the plan."""
        self.sync()
        return plan.of is self.array and plan.version == self.version

    def apply(self, plan: Refresh) -> bool:
        """Write a current plan as one undo step; return whether any pixel changed."""
        if plan.area is None:
            return False
        self._paused = True
        try:
            atom = napari_undo.record_step(self._layer, plan.area, plan.old_labels, plan.labels)
        finally:
            self._paused = False
        # A step that is in neither history is never met again.
        kept = napari_undo.all_atoms(self._layer)
        self._refreshes = [known for known in self._refreshes if any(known[0] is a for a in kept)]
        self._refreshes.append((atom, plan))  # before `sync`, which would take the step for a stroke
        self.sync()
        self._layer.refresh(extent=False, thumbnail=False, highlight=False)
        return True

    def refresh(self, suggestion: NDArray[np.uint8], model_id: str) -> bool:
        """Plan and apply a safe refresh at once."""
        self.sync()
        return self.apply(self.plan(suggestion, model_id))

    def drop(self, area: tuple[slice, slice], chosen: NDArray[np.bool_]) -> None:
        """Make pixels of a suggestion not labelled again, as one undo step that counts as a stroke.

        Parameters
        ----------
        area
            Rows and columns.
        chosen
            bool (rows, columns): proposed pixels there.
        """
        self.sync()
        if self.apply(plan_drop(self._layer.data, self.array, self.version, area, chosen)):
            self.strokes += 1

    def suggest(self, labels: NDArray[np.uint8]) -> bool:
        """Put labels of any size where nobody has decided, as one undo step; return whether any changed."""
        self.sync()
        plan = plan_suggestion(self._layer.data, self.array, self.version, labels, self.locked)
        return self.apply(plan)

    def sync(self) -> None:
        """Bring the provenance in step with the layer's history."""
        undo, staged = napari_undo.undo_steps(self._layer), napari_undo.staged_atoms(self._layer)
        self._forget_lost_steps(undo)
        # Steps that both histories begin with are done; what follows differs by undo, redo or new strokes.
        kept = 0
        while kept < min(len(self._steps), len(undo)) and self._steps[kept].is_for(undo[kept]):
            kept += 1
        if kept == len(self._steps) == len(undo) and len(staged) == len(self._staged):
            return
        self.version += 1
        # The dabs applied so far stay if their stroke goes on, or has become the next undo step. Else it
        # was dropped (Escape), or undone between two looks. They are the newest, so they go first.
        stroke_ended = kept == len(self._steps) < len(undo) and self._begins(undo[kept])
        if not stroke_ended and not (kept == len(self._steps) and self._begins(staged)):
            self._take_back(self._staged)
            self._staged = []
        # Backwards: a later step covers what an earlier one left, and only in this order is that restored.
        for step in reversed(self._steps[kept:]):
            self._take_back(step.records)
        del self._steps[kept:]
        for atoms in undo[kept:]:
            # The first new step may be the stroke just ended: its dabs have their records already, and
            # a second reading of "before" would find them painted.
            records, self._staged = self._staged, []
            records += [self._apply(atom) for atom in atoms[len(records) :]]
            self._steps.append(_Step(records, self._model_of(records)))
        self._staged += [self._apply(atom) for atom in staged[len(self._staged) :]]

    def _begins(self, atoms: list[Atom]) -> bool:
        """Return whether the dabs applied so far are the beginning of `atoms`."""
        ours = self._staged
        return len(ours) <= len(atoms) and (not ours or ours[-1].atom is atoms[len(ours) - 1])

    def _forget_lost_steps(self, undo: list[list[Atom]]) -> None:
        """Drop steps that can no longer be undone: napari keeps 100, within a budget of bytes."""
        if not undo:
            # Empty with something to redo: all was undone, and the steps are still needed to take it back.
            if not napari_undo.has_redo(self._layer):
                self._steps.clear()
            return
        # Steps are lost at the old end only. Where none matches, the first was undone and drawn otherwise.
        first = next((i for i, step in enumerate(self._steps) if step.is_for(undo[0])), 0)
        del self._steps[:first]

    def _apply(self, atom: Atom) -> _Record:
        """Write the provenance of one atom, and remember what it covered."""
        edit = napari_undo.edit_of(atom)
        # A refresh is known by its atom, also when it comes again by redo: it does not make pixels painted.
        refresh = next((plan for known, plan in self._refreshes if known is atom), None)
        if refresh is not None:
            edit.write(self.array, refresh.provenance)
            return _Record(atom, edit, refresh.old_provenance)
        record = _Record(atom, edit, compact(edit.read(self.array)))
        edit.write(self.array, PAINTED)
        return record

    def _take_back(self, records: list[_Record]) -> None:
        for record in reversed(records):
            record.edit.write(self.array, record.before)

    def _model_of(self, records: list[_Record]) -> str | None:
        first = records[0].atom if records else None
        return next((plan.model_id for atom, plan in self._refreshes if atom is first), None)

    def _brush_rule(
        self, where: Index, labels: NDArray[np.uint8], brush: NDArray[np.bool_], new_label: int
    ) -> NDArray[np.bool_]:
        """Return the pixels under the brush that change; see `napari_undo.BrushRule`."""
        if not self._paintable:
            return np.zeros(np.shape(brush), bool)
        # No event comes between the dabs of a stroke: without this a second dab over the same pixels would
        # find them not painted yet, and record them once more.
        staged = napari_undo.staged_atoms(self._layer)
        if self._begins(staged):
            self._staged += [self._apply(atom) for atom in staged[len(self._staged) :]]
        changed = np.array(brush)
        for locked in self.locked:
            held = changed & (labels == locked)
            if locked != new_label and held.any():
                self.locks_met.add(locked)
            changed &= ~held
        if new_label >= 0:
            # A pixel that has the label already still changes if a model gave it: it becomes painted.
            open_ = labels != new_label
            open_ |= self.array[where] != PAINTED
            changed &= open_
        return changed

    def _on_paint(self, event: object = None) -> None:
        if self._paused:
            return
        self.sync()
        self.strokes += 1
        # At least the newest step stays, whatever it costs.
        sizes = [step.bytes for step in self._steps]
        surplus, drop = sum(sizes) - self._history_bytes, 0
        while surplus > 0 and drop < len(sizes) - 1:
            surplus -= sizes[drop]
            drop += 1
        napari_undo.drop_oldest(self._layer, drop)

    def _on_set_data(self, event: object = None) -> None:
        if not self._paused:
            self.sync()
