"""Parts of the open photo's suggestion that are held back, until somebody asks for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psygnal import Signal

from napari_skinseg.layers import napari_undo
from napari_skinseg.session.suggestion import Suggestion, newer_suggestion

if TYPE_CHECKING:
    import numpy as np
    from napari.layers import Labels
    from numpy.typing import NDArray

    from napari_skinseg.layers.provenance import ProvenanceTracker
    from napari_skinseg.layers.refresh import Refresh
    from napari_skinseg.session.background import Background
    from napari_skinseg.session.loading import LoadedPhoto
    from napari_skinseg.session.refusal import Refusal
    from trainer.project.project import Project

NONE_YET = "there is no suggestion for this photo yet"


class HeldParts:
    """What is held back on the open photo. All methods belong to the main thread."""

    changed = Signal()
    """`share` has changed."""
    notice = Signal(str, str)
    """Level and text for the status line."""

    def __init__(
        self,
        project: Project,
        layer: Labels,
        tracker: ProvenanceTracker,
        refusal: Refusal,
        background: Background,
    ) -> None:
        self._project, self._layer, self._tracker = project, layer, tracker
        self._refusal, self._background = refusal, background
        self._photo: LoadedPhoto | None = None
        self._asked = self._reading = False
        self._step: Refresh | None = None  # that showed the whole
        self._held = 0.0

    def show(self, photo: LoadedPhoto | None) -> None:
        """Begin another photo, or none."""
        self._photo, self._asked, self._reading, self._step = photo, False, False, None
        self._held = 0.0 if photo is None else photo.held

    @property
    def share(self) -> float:
        """Share of the open photo whose suggestion is held back."""
        return 0.0 if self._whole else self._held

    @property
    def _whole(self) -> bool:
        """Whether the whole was asked for, and that is not undone."""
        return self._asked and (self._step is None or self._tracker.stands(self._step))

    def labels_of(self, suggestion: Suggestion) -> NDArray[np.uint8]:
        """Return what is put into the open photo of a newer suggestion: all of it, once it was asked for."""
        return suggestion.labels if self._whole else suggestion.shown

    def refreshed(self, suggestion: Suggestion) -> None:
        """Note that a newer suggestion was put in."""
        self._held = suggestion.held_share

    def show_whole(self) -> None:
        """Put the model's whole suggestion where nobody has decided, as one undo step."""
        photo = self._photo
        if photo is None or self._reading:
            return
        if photo.blind or photo.finished:
            why = "shown without a suggestion on purpose" if photo.blind else "done already"
            self.notice.emit("info", f"no suggestion is put in: this photo is {why}")
            return
        shape = (photo.image.shape[0], photo.image.shape[1])
        self._reading = True
        self._background.read(
            lambda: newer_suggestion(self._project, photo.photo, shape, None),
            lambda found: self._put_in(photo, found),
            lambda error: self._failed(photo, error),
        )

    def _put_in(self, photo: LoadedPhoto, found: Suggestion | None) -> None:
        if self._photo is not photo:
            return
        self._reading = False
        if found is None:
            self.notice.emit("info", NONE_YET)
            return
        if napari_undo.is_drawing(self._layer):  # its step would come amid the stroke's
            self.notice.emit("info", "finish the stroke, then Shift+U again")
            return
        self._refusal.lift()
        done = self._tracker.suggest(found.labels)
        self._asked, self._step = True, self._tracker.newest_plan if done else None
        said = "the whole suggestion: Ctrl+Z takes it back" if done else "nothing of it is held back"
        self.notice.emit("info", said)
        self._tracker.locks_met.clear()
        self.changed.emit()

    def _failed(self, photo: LoadedPhoto, error: BaseException) -> None:
        if self._photo is photo:
            self._reading = False
            self.notice.emit("warning", f"the suggestion cannot be read: {error}")
