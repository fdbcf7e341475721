"""Editor of the open photo: its layers, its provenance, its unfinished work, and newer suggestions."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from psygnal import Signal

from napari_skinseg.layers import napari_undo
from napari_skinseg.layers.brush_state import BrushState
from napari_skinseg.layers.corrections import Corrections
from napari_skinseg.layers.layers import BLANK, WorkspaceLayers
from napari_skinseg.layers.overlays import Overlays
from napari_skinseg.layers.prediction_extras import NO_EXTRAS
from napari_skinseg.layers.provenance import ProvenanceTracker
from napari_skinseg.session.autosave import Autosave
from napari_skinseg.session.click_proposers import ClickProposers
from napari_skinseg.session.held_parts import HeldParts
from napari_skinseg.session.photo_info import PhotoInfo
from napari_skinseg.session.refusal import Refusal
from napari_skinseg.session.region_edits import RegionEdits
from napari_skinseg.session.select_tool import SelectTool
from napari_skinseg.session.stopwatch import Stopwatch
from napari_skinseg.session.stroke_follower import StrokeFollower
from trainer.errors import in_words

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from numpy.typing import NDArray

    from napari_skinseg.layers.refresh import Refresh
    from napari_skinseg.session.background import Background
    from napari_skinseg.session.loading import LoadedPhoto
    from napari_skinseg.session.suggestion import Suggestion
    from trainer.project.project import Project
    from trainer.project.revisions import Revision

REDO_GRACE_SECONDS = 10.0
"""After an undo no suggestion is put in for so long: it would discard what can be redone."""


class PhotoEditor:
    """Holds at most one photo. All methods belong to the main thread."""

    changed = Signal()
    """A value that a dock shows has changed."""
    suggested = Signal()
    """A newer suggestion has changed the labels."""
    notice = Signal(str, str)
    """Level and text when unfinished work cannot be written as a draft."""

    def __init__(self, viewer: ViewerModel, project: Project, annotator: str, background: Background) -> None:
        window = project.settings.window
        self._viewer = viewer
        self._background = background
        self._project = project
        self._read_only = project.read_only
        self.layers = WorkspaceLayers(viewer, project.classes, window.brush_size, window.opacity)
        self.tracker = ProvenanceTracker(self.layers.annotation)
        self.brush = BrushState(self.layers, self.tracker, project.classes)
        self.corrections = Corrections(self.layers, self.tracker, project.classes)
        self.select = SelectTool(viewer, self.layers, self.tracker, project.classes, background)
        self._refusal = Refusal(self.tracker)
        self.follower = StrokeFollower(self.layers, self.tracker, self._refusal, project, background)
        self.edits = RegionEdits(self.layers, self.tracker, project.classes, background)
        self.held_parts = HeldParts(project, self.layers.annotation, self.tracker, self._refusal, background)
        self.overlays = Overlays(viewer, self.layers, project.classes, background)
        self.stopwatch = Stopwatch()
        self._autosave = Autosave(project, annotator, background, window.autosave_seconds)
        self.photo: LoadedPhoto | None = None
        self._saved_version = self._seen_version = 0
        self._offer: Suggestion | None = None
        self._offered_by: str | None = None
        self._planning = False
        self._undone_at = -REDO_GRACE_SECONDS
        for part in (self.brush, self.select, self.follower, self.held_parts):
            part.changed.connect(self.changed.emit)
        for speaker in (self.brush, self.select, self.follower, self.edits, self.held_parts):
            speaker.notice.connect(self.notice.emit)
        self._autosave.failed.connect(self._draft_failed)
        self.layers.annotation.events.paint.connect(self.stopwatch.touch)
        viewer.cursor.events.position.connect(self.stopwatch.touch)

    def close(self) -> None:
        """Remove the layers, and stop following the viewer."""
        self._viewer.cursor.events.position.disconnect(self.stopwatch.touch)
        self.layers.annotation.events.paint.disconnect(self.stopwatch.touch)
        self.select.close()
        self.brush.close()
        self.tracker.close()
        self.overlays.remove()
        self.layers.remove()

    @property
    def model_id(self) -> str | None:
        """The model whose suggestion the photo shows."""
        return self.tracker.suggestion_by or (self.photo.model_id if self.photo else None)

    @property
    def info(self) -> PhotoInfo | None:
        """Description of the open photo."""
        if self.photo is None:
            return None
        return PhotoInfo.of(
            self.photo, self.model_id, self.strokes, self.stopwatch.settled, self.held_parts.share
        )

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
        """Open a photo in place of the one that is open, or none; the undo history is cleared."""
        self.peek(False)
        self.photo = photo
        self._offer = None
        self._refusal.leave_photo()
        self._offered_by = photo.model_id if photo else None
        self.overlays.show(photo.extras if photo else NO_EXTRAS, photo.image.shape[:2] if photo else BLANK)
        if photo is None:
            self.layers.show(None, None)
            self.tracker.start(np.zeros(BLANK, np.uint8), np.zeros(BLANK, np.uint8), paintable=False)
        else:
            self.layers.show(photo.levels, photo.confidence)
            self.tracker.start(photo.labels, photo.provenance)
            self.brush.begin_photo(writable=not self._read_only)
        self.select.show(None if photo is None else ClickProposers(self._project, photo.photo, photo.image))
        self.follower.show(photo)
        self.held_parts.show(photo)
        self.layers.fit()
        self.stopwatch.restart(photo.seconds if photo else 0.0)
        self._autosave.restart()
        self._saved_version = self._seen_version = 0

    def work(self) -> LoadedPhoto:
        """Return the photo with the work on it; its arrays are those of the layers while it is open."""
        return self._with_work(self.layers.annotation.data, self.tracker.array)

    def part(self) -> LoadedPhoto:
        """Copy the photo with the work on it and count that work as saved."""
        part = self._with_work(*self._copies())
        self._saved_version = self.tracker.version
        self._autosave.settle(self.tracker.version)
        self.photo = None if self.photo is None else replace(self.photo, unsaved=False)
        return replace(part, unsaved=False)

    def end(self) -> LoadedPhoto | None:
        """End editing before `close`: return the open photo with the work on it, which changes no more."""
        left = None if self.photo is None else self.work()
        self.photo = None
        return left

    def _with_work(self, labels: NDArray[np.uint8], provenance: NDArray[np.uint8]) -> LoadedPhoto:
        assert self.photo is not None, "no photo is open"
        done = replace(self.photo, unsaved=self.unsaved, labels=labels, provenance=provenance)
        return replace(done, model_id=self.model_id, seconds=self.stopwatch.seconds, strokes=self.strokes)

    def saved(self, photo_id: int, revision: Revision) -> None:
        """Take the saved revision as the base of further work on the open photo."""
        if self.photo is not None and self.photo.id == photo_id:
            self.photo = replace(self.photo, revision=revision, base_revision=revision.id)

    def drop_suggestion(self) -> str:
        """Drop the photo's whole suggestion, and take no newer one for it; without one, do nothing."""
        before = self.tracker.version
        said = self.corrections.drop_all()
        if self.photo is not None and self.tracker.version != before:
            self._refusal.make(self.photo.id, np.zeros((1, 1), np.uint8))
            self._offer = None
        return said

    def suggest(self, labels: NDArray[np.uint8]) -> bool:
        """Suggest labels of any size where nobody has decided, in one undo step; none newer comes."""
        done = self.tracker.suggest(labels)
        if done and self.photo is not None:
            self._refusal.make(self.photo.id, labels)
            self._offer = None
        return done

    def follow_strokes(self) -> None:
        """Have the rest follow the strokes; where it has just done so, take that back."""
        if self.follower.follow_or_take_back(self.model_id):
            self.undo()

    def peek(self, on: bool) -> None:
        """Show the bare photo while `on`."""
        self.brush.peek(on)
        self.overlays.peek(on)

    def undo(self) -> None:
        """Undo the last step."""
        self._undone_at = time.monotonic()
        self.layers.annotation.undo()
        self.tracker.sync()

    def redo(self) -> None:
        """Redo the last undone step."""
        self.layers.annotation.redo()
        self.tracker.sync()

    @property
    def offered_by(self) -> str | None:
        """The model whose suggestion was offered last, even if it was undone."""
        return self._offered_by

    def offer(self, photo_id: int, suggestion: Suggestion) -> None:
        """Keep a newer suggestion; it is put in when no stroke is under way."""
        photo = self.photo
        if photo is None or photo.id != photo_id or not photo.takes_suggestions:
            return
        if suggestion.model_id != self._offered_by and not self._refusal.holds(photo_id):
            self._offer = suggestion
            self._offered_by = suggestion.model_id

    def poll(self, now: float) -> None:
        """See to autosave and refresh."""
        self.tracker.sync()
        self.overlays.poll()
        self.select.poll(now)
        self.follower.poll(self.model_id)
        if self.photo is not None:
            self._save_draft(now)
            self._plan_refresh(now)
        if self.tracker.version != self._seen_version:
            self._seen_version = self.tracker.version
            self.changed.emit()

    def _plan_refresh(self, now: float) -> None:
        """Work the offered suggestion into the labels in a thread, unless it would disturb."""
        offer, layer = self._offer, self.layers.annotation
        if offer is None or self._planning or napari_undo.is_drawing(layer):
            return
        if self.follower.in_force:
            return  # the labels are steered by hand by now: a newer suggestion would undo that unseen
        if napari_undo.has_redo(layer) and now - self._undone_at < REDO_GRACE_SECONDS:
            return  # the refresh is a new step, and would discard what was just undone
        # One plan at a time. The thread only reads; strokes may go on meanwhile, and make the plan stale.
        self._planning = True
        self._background.read(
            lambda: self.tracker.plan(self.held_parts.labels_of(offer), offer.model_id),
            lambda plan: self._refresh(offer, plan),
            lambda _: self._refresh(offer, None),
        )

    def _refresh(self, offer: Suggestion, plan: Refresh | None) -> None:
        """Write a plan, if it is still that of the open photo and of its labels."""
        self._planning = False
        if self.photo is None or self._offer is not offer or plan is None:
            return  # another photo, or a newer suggestion: `_offer` is planned at the next poll
        if napari_undo.is_drawing(self.layers.annotation) or not self.tracker.is_current(plan):
            return  # labels changed meanwhile; planned again at the next poll
        self._offer = None
        self.held_parts.refreshed(offer)
        saved = not self.unsaved  # before `apply`, which makes a new version
        if self.tracker.apply(plan):
            self.suggested.emit()
        else:  # without a step in the history that would name the model
            self.photo = replace(self.photo, model_id=offer.model_id)
        if saved:  # a suggestion alone is no unsaved work: it needs no draft, and may be left
            self._saved_version = self.tracker.version
            self._autosave.settle(self.tracker.version)
        if offer.confidence is not None:
            self.layers.confidence.data = offer.confidence
        self.overlays.show(offer.extras, self.photo.image.shape[:2])
        self.changed.emit()

    def _draft_failed(self, error: BaseException) -> None:
        self.notice.emit("error", f"unfinished work cannot be put in safety: {in_words(error)}")

    def _save_draft(self, now: float) -> None:
        version = self.tracker.version
        if self.photo is None or self._read_only or not self._autosave.is_due(version, now):
            return
        photo, base = self.photo.photo, self.photo.base_revision
        self._autosave.write(photo, *self._copies(), base, self.model_id, version, now)

    def _copies(self) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        self.tracker.sync()
        return self.layers.annotation.data.copy(), self.tracker.array.copy()
