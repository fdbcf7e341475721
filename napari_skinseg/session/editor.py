"""The photo that is open: its layers, its provenance, its unfinished work, and newer suggestions."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from napari_skinseg.layers import napari_undo
from napari_skinseg.layers.brush_state import Tools
from napari_skinseg.layers.layers import BLANK, WorkspaceLayers
from napari_skinseg.layers.overlays import Overlays
from napari_skinseg.layers.prediction_extras import NONE
from napari_skinseg.layers.provenance import ProvenanceTracker, Refresh
from napari_skinseg.session.autosave import Autosave
from napari_skinseg.session.background import Background
from napari_skinseg.session.stopwatch import Stopwatch

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from numpy.typing import NDArray

    from napari_skinseg.session.loading import LoadedPhoto, Suggestion
    from trainer.project.project import Project
    from trainer.project.revisions import Revision

REDO_GRACE_SECONDS = 10.0


class Desk:
    """Holds at most one photo. All methods belong to the main thread.

    Parameters
    ----------
    changed
        Called after every change that a dock shows.
    draft_failed
        Called when unfinished work cannot be put in safety.
    """

    def __init__(
        self,
        viewer: ViewerModel,
        project: Project,
        annotator: str,
        background: Background,
        changed: Callable[[], None],
        draft_failed: Callable[[BaseException], None],
    ) -> None:
        window = project.settings.window
        self._viewer = viewer
        self._background = background
        self._changed = changed
        self._read_only = project.read_only
        self.layers = WorkspaceLayers(viewer, project.classes, window.brush_size, window.opacity)
        self.tracker = ProvenanceTracker(self.layers.annotation)
        self.tools = Tools(self.layers, self.tracker, project.classes, changed)
        self.overlays = Overlays(
            viewer,
            project.classes,
            background,
            lambda: napari_undo.is_drawing(self.layers.annotation),
            self.layers.adopt,
        )
        self.stopwatch = Stopwatch()
        self._autosave = Autosave(project, annotator, background, window.autosave_seconds, draft_failed)
        self.photo: LoadedPhoto | None = None
        self._saved_version = self._seen_version = 0
        self._offer: Suggestion | None = None
        self._offered_by: str | None = None
        self._first = True
        self._planning = False
        self._undone_at = -REDO_GRACE_SECONDS
        self.layers.annotation.events.paint.connect(self.stopwatch.touch)
        viewer.cursor.events.position.connect(self.stopwatch.touch)

    def close(self) -> None:
        """Let go of the viewer."""
        self._viewer.cursor.events.position.disconnect(self.stopwatch.touch)
        self.layers.annotation.events.paint.disconnect(self.stopwatch.touch)
        self.tools.close()
        self.tracker.close()
        self.overlays.remove()
        self.layers.remove()

    @property
    def model_id(self) -> str | None:
        """The model whose suggestion the photo shows."""
        return self.tracker.suggestion_by or (self.photo.model_id if self.photo else None)

    @property
    def strokes(self) -> int:
        """Strokes made on the photo so far."""
        return self.tracker.strokes + (self.photo.strokes if self.photo else 0)

    @property
    def unsaved(self) -> bool:
        """Whether the photo holds work that no saved mask has."""
        if self.photo is None:
            return False
        self.tracker.sync()
        return self.photo.unsaved or self.tracker.version != self._saved_version

    @property
    def drawing(self) -> bool:
        """Whether a stroke or a polygon is begun and not finished."""
        return napari_undo.is_drawing(self.layers.annotation)

    def show(self, photo: LoadedPhoto | None) -> None:
        """Put a photo on the desk, or clear it; undo begins anew."""
        self.peek(False)
        self.photo = photo
        self._offer = None
        self._offered_by = photo.model_id if photo else None
        self.overlays.show(photo.remarks if photo else NONE, photo.image.shape[:2] if photo else BLANK)
        if photo is None:
            self.layers.show(None, None)
            self.tracker.start(np.zeros(BLANK, np.uint8), np.zeros(BLANK, np.uint8))
        else:
            self.layers.show(photo.levels, photo.confidence)
            self.tracker.start(photo.labels, photo.provenance)
            self._take_brush()
        self.layers.fit()
        self.stopwatch.restart(photo.seconds if photo else 0.0)
        self._autosave.restart()
        self._saved_version = self._seen_version = 0

    def _take_brush(self) -> None:
        """Begin the session with a brush in hand; afterwards the tool is the person's to choose."""
        if self._first and not self._read_only and self.layers.annotation.mode == "pan_zoom":
            self.tools.select(self.tools.selected)
        self._first = False

    def let_go(self) -> LoadedPhoto:
        """Hand out the photo with the work on it; its arrays are not copied, so `show` must follow."""
        photo = self.photo
        assert photo is not None, "there is nothing on the desk"
        left = replace(
            photo,
            unsaved=self.unsaved,
            labels=self.layers.annotation.data,
            provenance=self.tracker.array,
            model_id=self.model_id,
            seconds=self.stopwatch.seconds,
            strokes=self.strokes,
        )
        self.photo = None
        return left

    def part(self) -> LoadedPhoto:
        """Copy the photo with the work on it and count that work as saved."""
        photo = self.photo
        assert photo is not None, "there is nothing on the desk"
        labels, provenance = self._copies()
        self._saved_version = self.tracker.version
        self._autosave.settle(self.tracker.version)
        photo.unsaved = False
        return replace(
            photo,
            labels=labels,
            provenance=provenance,
            model_id=self.model_id,
            seconds=self.stopwatch.seconds,
            strokes=self.strokes,
        )

    def saved(self, photo_id: int, revision: Revision) -> None:
        """Note which revision the open photo goes on from."""
        if self.photo is not None and self.photo.id == photo_id:
            self.photo = replace(self.photo, revision=revision, base_revision=revision.id)

    def peek(self, on: bool) -> None:
        """Show the bare photo while `on`."""
        self.tools.peek(on)
        self.overlays.peek(on)

    def undo(self) -> None:
        """Take the last step back."""
        self._undone_at = time.monotonic()
        self.layers.annotation.undo()
        self.tracker.sync()

    def redo(self) -> None:
        """Do the last undone step again."""
        self.layers.annotation.redo()
        self.tracker.sync()

    @property
    def offered_by(self) -> str | None:
        """The model whose suggestion was put in last, even if that was undone."""
        return self._offered_by

    def offer(self, photo_id: int, suggestion: Suggestion) -> None:
        """Take a newer suggestion; it is put in when no stroke is under way."""
        photo = self.photo
        if photo is None or photo.id != photo_id or not photo.takes_suggestions:
            return
        if suggestion.model_id != self._offered_by:
            self._offer = suggestion
            self._offered_by = suggestion.model_id

    def poll(self, now: float) -> None:
        """See to autosave and refresh."""
        self.tracker.sync()
        self.overlays.poll()
        if self.photo is not None:
            self._put_in_safety(now)
            self._plan_refresh(now)
        if self.tracker.version != self._seen_version:
            self._seen_version = self.tracker.version
            self._changed()

    def _plan_refresh(self, now: float) -> None:
        """Have a waiting suggestion worked into the labels in a thread, if this is a moment for it."""
        offer, layer = self._offer, self.layers.annotation
        if offer is None or self._planning or napari_undo.is_drawing(layer):
            return
        if napari_undo.has_redo(layer) and now - self._undone_at < REDO_GRACE_SECONDS:
            return  # a new step would take away what the person may want to do again
        self._planning = True
        self._background.read(
            lambda: self.tracker.plan(offer.labels, offer.model_id),
            lambda plan: self._refresh(offer, plan),
            lambda _: self._refresh(offer, None),
        )

    def _refresh(self, offer: Suggestion, plan: Refresh | None) -> None:
        self._planning = False
        if self.photo is None or self._offer is not offer or plan is None:
            return
        if napari_undo.is_drawing(self.layers.annotation) or not self.tracker.is_current(plan):
            return  # the hand was faster: planned again at the next poll
        self._offer = None
        saved = not self.unsaved
        if not self.tracker.apply(plan):
            self.photo.model_id = offer.model_id
        if saved:
            self._saved_version = self.tracker.version
            self._autosave.settle(self.tracker.version)
        if offer.confidence is not None:
            self.layers.confidence.data = offer.confidence
        self.overlays.show(offer.remarks, self.photo.image.shape[:2])
        self._changed()

    def _put_in_safety(self, now: float) -> None:
        version = self.tracker.version
        if self.photo is None or self._read_only or not self._autosave.is_due(version, now):
            return
        labels, provenance = self._copies()
        self._autosave.write(
            self.photo.id, labels, provenance, self.photo.base_revision, self.model_id, version, now
        )

    def _copies(self) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        self.tracker.sync()
        return self.layers.annotation.data.copy(), self.tracker.array.copy()
