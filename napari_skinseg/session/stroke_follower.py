"""The rest of the open photo follows the strokes on it: on a key, or after every stroke; in threads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from psygnal import Signal

from napari_skinseg.layers import napari_undo
from napari_skinseg.layers.palette import class_name
from napari_skinseg.layers.refresh import bounds, mixed, plan_change, strips
from napari_skinseg.session.stroke_cues import StrokeCues
from trainer.instant.follow import follow, stroke_cells, without_areas
from trainer.instant.full_size import NOTHING, around
from trainer.labels.values import ACCEPTED, NOT_LABELLED, lookup

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_skinseg.layers.layers import WorkspaceLayers
    from napari_skinseg.layers.provenance import ProvenanceTracker
    from napari_skinseg.layers.refresh import Refresh
    from napari_skinseg.session.background import Background
    from napari_skinseg.session.loading import LoadedPhoto
    from napari_skinseg.session.refusal import Refusal
    from trainer.instant.full_size import Followed
    from trainer.project.project import Project

NO_STROKE = "scribble a stroke or two where the labels are wrong, then R: the rest follows"
OUTLINED = "nothing follows an outline or a filled area: scribble thinly inside what is wrong, then R"
BLIND = "this photo is labelled without help, so that models can be judged by it: nothing follows"
TRIES = 5
"""A stroke that comes in between makes a plan stale; so often it is worked out again."""


class StrokeFollower:
    """Keeps what strokes changed elsewhere. All methods belong to the main thread.

    Parameters
    ----------
    layers, tracker
        Of the window.
    refusal
        Knows what a person put in place of the model's suggestion.
    project
        Holds what models have said of its photos.
    background
        Runs what takes long.
    """

    notice = Signal(str, str)
    """Level and text for the status line."""
    changed = Signal()
    """The switch was set."""

    def __init__(
        self,
        layers: WorkspaceLayers,
        tracker: ProvenanceTracker,
        refusal: Refusal,
        project: Project,
        background: Background,
    ) -> None:
        self._layer, self._tracker, self._refusal = layers.annotation, tracker, refusal
        self._project, self._background = project, background
        self.automatic = project.settings.window.follow_strokes
        self._photo: LoadedPhoto | None = None
        self._cues: StrokeCues | None = None
        self._applied: list[Refresh] = []
        self._strokes = 0  # how many there were when the rest followed last
        self._running = False

    def show(self, photo: LoadedPhoto | None) -> None:
        """Begin anew on another photo, or on none."""
        self._photo, self._applied, self._strokes, self._running = photo, [], 0, False
        self._cues = None if photo is None else StrokeCues(self._project, photo)

    @property
    def in_force(self) -> bool:
        """Whether strokes have changed other pixels, and that was not undone."""
        return any(self._tracker.stands(plan) for plan in self._applied)

    @property
    def busy(self) -> bool:
        """Whether it is being worked out what follows."""
        return self._running

    def switch(self, on: bool) -> None:
        """Follow every stroke from now on, or none but when asked."""
        self.automatic = on
        self._strokes = self._tracker.strokes
        self.changed.emit()

    def poll(self, model_id: str | None) -> None:
        """Follow a stroke that has just ended, where that is switched on.

        Parameters
        ----------
        model_id
            The model whose suggestion is shown.
        """
        photo, strokes = self._photo, self._tracker.strokes
        if photo is None or photo.blind or self._running or strokes == self._strokes:
            return
        if not napari_undo.is_drawing(self._layer):
            if self.automatic and str(self._layer.mode) != "paint":
                self._strokes = strokes  # an outline, a click or a key says where its thing ends
            elif self.automatic:
                self.follow(model_id, asked=False)
            elif self._cues is not None and not self._cues.begun:
                self._cues.begun = True  # so that the key finds them ready
                cues, instead = self._cues, self._refusal.instead
                self._background.read(lambda: cues.get(model_id, instead), lambda _: None, lambda _: None)

    def follow_or_take_back(self, model_id: str | None) -> bool:
        """Have the rest follow the strokes; return True where that is done already, to be undone instead."""
        if self._applied and self._tracker.is_newest(self._applied[-1]):
            return True
        self.follow(model_id, asked=True)
        return False

    def follow(self, model_id: str | None, *, asked: bool, tries: int = TRIES) -> None:
        """Work out in a thread what follows, and write it in `poll` as one undo step.

        Parameters
        ----------
        model_id
            The model whose suggestion is shown.
        asked
            Whether a key asked for it, and nothing being done has to be told.
        """
        photo, cues = self._photo, self._cues
        if photo is None or cues is None or self._running:
            return
        if photo.blind:
            self.notice.emit("info", BLIND)
            return
        self._running, self._strokes = True, self._tracker.strokes
        self._tracker.sync()
        work = _Work(self._tracker, self._layer.data, [p for p in self._applied if self._tracker.stands(p)])
        instead = self._refusal.instead

        def worked_out(found: tuple[Refresh | None, str]) -> None:
            if photo is not self._photo:
                return
            self._running = False
            plan, said = found
            if plan is None:
                if asked:
                    self.notice.emit("info", said)
            elif napari_undo.is_drawing(self._layer) or not self._tracker.is_current(plan):
                if tries > 1 and not self.automatic:
                    self.follow(model_id, asked=asked, tries=tries - 1)
                else:
                    self._strokes = -1  # the end of the stroke that came in between is followed
            else:
                self._applied.append(plan)
                self._tracker.apply(plan)
                self.notice.emit("info", said)

        def failed(error: BaseException) -> None:
            if photo is self._photo:
                self._running = False
                self.notice.emit("warning", f"the rest cannot follow your strokes: {error}")

        self._background.read(lambda: work.plan(cues, model_id, instead), worked_out, failed)


class _Work:
    """The photo's arrays, read in a thread while strokes go on: a torn plan is stale, and is not applied."""

    def __init__(self, tracker: ProvenanceTracker, labels: NDArray[np.uint8], applied: list[Refresh]) -> None:
        self._array, self._version, self._locked = tracker.array, tracker.version, set(tracker.locked)
        self._labels, self._applied = labels, applied

    def plan(
        self, cues: StrokeCues, model_id: str | None, instead: NDArray[np.uint8] | None
    ) -> tuple[Refresh | None, str]:
        """Return the change, or None, and a sentence that tells of it."""
        known, why = cues.get(model_id, instead)
        strokes = stroke_cells(known, self._labels, self._array)
        painted = np.unique(without_areas(strokes)[0])
        names = [
            class_name(cues.classes, int(value))
            for value in painted
            if NOT_LABELLED < value <= len(cues.classes.names)
        ]
        if not names:
            return None, OUTLINED if strokes.any() else NO_STROKE
        if len(names) == 1 and not known.suggested:
            broad = len(np.unique(strokes[strokes > NOT_LABELLED])) > 1
            but = "scribbled thinly: scribble" if broad else "painted: paint"
            return None, f"only {names[0]} is {but} something else too, then R tells them apart"
        labels, provenance = self._before()
        # what followed earlier strokes is not painted, so that these are the strokes without it too
        found = follow(known, labels, provenance, self._locked, strokes=strokes)
        area, wanted = found.area, found.labels
        if self._applied:
            area, wanted = self._difference(found, labels)
        if area is None:
            return None, f"your strokes change nothing else here{why}"
        plan = plan_change(self._labels, self._array, self._version, area, wanted)
        changed = sum(np.count_nonzero(wanted[r] != plan.old_labels[r]) for r in strips(len(wanted)))
        share = 100 * changed / self._labels.size
        return plan, f"{_percent(share)} of the photo follows your strokes: R or Ctrl+Z takes it back{why}"

    def _difference(
        self, found: Followed, labels: NDArray[np.uint8]
    ) -> tuple[tuple[slice, slice] | None, NDArray[np.uint8]]:
        """Return what has to change of what is shown, with what followed before, as `Followed` has it.

        Parameters
        ----------
        found
            What follows all strokes.
        labels
            What it follows from; written to.
        """
        if found.area is not None:
            labels[found.area] = found.labels
        areas = [area for area in (found.area, *(plan.area for plan in self._applied)) if area is not None]
        if not areas:
            return NOTHING.area, NOTHING.labels
        area = around(areas)
        wanted, shown, provenance = labels[area], self._labels[area], self._array[area]
        chosen = np.empty(wanted.shape, bool)
        for rows in strips(len(wanted)):
            np.not_equal(wanted[rows], shown[rows], out=chosen[rows])
            chosen[rows] &= provenance[rows] < ACCEPTED
            if self._locked:
                chosen[rows] &= ~lookup(self._locked)[shown[rows]]
        inner = bounds(chosen)
        if inner is None:
            return NOTHING.area, NOTHING.labels
        where = _inside(area, inner)
        return where, mixed(self._labels[where], labels[where], chosen[inner])

    def _before(self) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Return labels and provenance without what followed earlier strokes, as if only they were new."""
        labels, provenance = self._labels, self._array
        if self._applied:
            labels = labels.copy()
        for plan in reversed(self._applied):
            if plan.area is None:
                continue
            shown, own = labels[plan.area], provenance[plan.area]
            for rows in strips(len(shown)):
                mine = (own[rows] < ACCEPTED) & (shown[rows] == plan.labels[rows])
                shown[rows] = mixed(shown[rows], plan.old_labels[rows], mine)
        return labels, provenance


def _inside(outer: tuple[slice, slice], inner: tuple[slice, slice]) -> tuple[slice, slice]:
    rows, columns = (
        slice(out.start + part.start, out.start + part.stop) for out, part in zip(outer, inner, strict=True)
    )
    return rows, columns


def _percent(share: float) -> str:
    return "less than 1 %" if share < 1 else f"{share:.0f} %"
