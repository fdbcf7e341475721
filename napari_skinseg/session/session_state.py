"""State of an annotation session: its parts, the open photo, and the sentence for it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from psygnal import Signal

from napari_skinseg.layers import napari_undo
from napari_skinseg.layers.light import PhotoLight
from napari_skinseg.session.accepted_from import AcceptedFrom
from napari_skinseg.session.background import Background
from napari_skinseg.session.completion import PhotoCompletion
from napari_skinseg.session.editor import PhotoEditor
from napari_skinseg.session.good_suggestions import GoodSuggestions
from napari_skinseg.session.mask_history import MaskHistory
from napari_skinseg.session.navigator import PhotoNavigator
from napari_skinseg.session.photo_browser import PhotoBrowser
from napari_skinseg.session.project_watcher import ProjectWatcher
from napari_skinseg.session.queue_choice import QueueChoice
from napari_skinseg.session.reviewing import Reviewing
from napari_skinseg.session.saving import Saver
from napari_skinseg.session.status import ProjectStatus, sentence
from napari_skinseg.session.taking_back import TakingBack
from napari_skinseg.session.thumbnails import Suggested

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from napari.components import ViewerModel
    from napari.layers import Image, Labels
    from numpy.typing import NDArray

    from napari_skinseg.layers.overlays import Overlays
    from napari_skinseg.session.loading import LoadedPhoto
    from napari_skinseg.session.photo_info import PhotoInfo
    from napari_skinseg.session.thumbnails import Mask
    from trainer.project.annotators.sessions import Stats
    from trainer.project.project import Project
    from trainer.project.queue.queue import QueueEntry


class SessionState:
    """The parts of an `AnnotationSession`, and what can be read of it."""

    notice = Signal(str, str)
    """(level, text): level is "info" (for the status line), "news" (to be noticed), "warning" or "error"; the
    text is one line that says what to do."""

    state_changed = Signal()
    """A value that a dock shows may have changed."""

    def __init__(self, viewer: ViewerModel, project: Project, annotator: str) -> None:
        self.viewer, self.project, self.annotator = viewer, project, annotator
        self._id = 0 if project.read_only else project.sessions.start(annotator).id
        self._background = Background()
        self._editor = PhotoEditor(viewer, project, annotator, self._background)
        self._navigator = PhotoNavigator(project, self._id, annotator, self._editor, self._background)
        self.choice = QueueChoice(project, annotator, self._background, self._navigator)
        self._saver = Saver(project, self._id, annotator, self._background)
        self._taking_back = TakingBack(project, annotator, self._background, self._navigator)
        self._completion = PhotoCompletion(
            project,
            self._id,
            annotator,
            self._background,
            self._editor,
            self._navigator,
            self._saver,
            self._taking_back,
        )
        self.history = MaskHistory(project, annotator, self._background, self._editor, self._navigator)
        self.reviewing = Reviewing(
            project, self._id, annotator, self._background, self._editor, self._navigator
        )
        self.browser = PhotoBrowser(project, self._background, self.reviewing.may_see)
        self.suggestions = GoodSuggestions(
            project,
            self._id,
            annotator,
            self._background,
            self._navigator,
            self._saver,
            self._taking_back,
        )
        self.accepted = AcceptedFrom(project, annotator, self._background)
        self._watcher = ProjectWatcher(project, self._id, annotator, self._background)
        self._watcher.found.connect(lambda news: self._navigator.make_way(news.sent_back))
        self._project_status = ProjectStatus(first_model_after=project.settings.queue.first_model_after)
        self.light = PhotoLight(self._editor.layers.photo)
        self._stats: Stats | None = None
        self.closed_by_escape: list[Callable[[], bool]] = []
        """Asked before Escape does anything to the photo: each returns whether it had something to close."""
        self._closed = False
        self.notice.connect(self._keep_notice)

    def _keep_notice(self, level: str, text: str) -> None:
        """Keep what the status line tells there for a while: any move of the mouse would write over it."""
        if level == "info":
            self._editor.layers.words.keep(text)

    @property
    def current(self) -> PhotoInfo | None:
        """The open photo."""
        return self._editor.info

    @property
    def opening(self) -> bool:
        """Whether a photo is being opened."""
        return self._navigator.opening

    @property
    def status(self) -> str:
        """One sentence for the state of the window."""
        if self._saver.failing:
            return self._saver.trouble
        if self.away:
            doing = "go on painting, it" if self._editor.photo is not None else "your work"
            return f"the project cannot be reached: {doing} is kept here and written once it is back"
        if self._navigator.problem and self._editor.photo is None:
            return self._navigator.problem
        return sentence(
            self.current,
            self.project_status,
            opening=self._navigator.opening,
            read_only=self.project.read_only_reason,
        )

    @property
    def away(self) -> bool:
        """Whether the project cannot be read just now, because its database does not answer."""
        return self._watcher.away != ""

    @property
    def project_status(self) -> ProjectStatus:
        """Counts of the project, at most a second or two old."""
        empty = self._navigator.waiting.queue_is_empty
        return replace(self._project_status, queue_is_empty=empty, filtered=self.choice.words)

    @property
    def photo_layer(self) -> Image:
        """The photo, rgb uint8 (height, width, 3)."""
        return self._editor.layers.photo

    @property
    def annotation_layer(self) -> Labels:
        """The labels to edit, uint8 (height, width)."""
        return self._editor.layers.annotation

    @property
    def confidence_layer(self) -> Image:
        """The model's confidence, uint8 (height, width), hidden at first."""
        return self._editor.layers.confidence

    @property
    def overlays(self) -> Overlays:
        """Map of likely errors and boxes, both off at first."""
        return self._editor.overlays

    @property
    def provenance(self) -> NDArray[np.uint8]:
        """Provenance of each pixel of the open photo, uint8 (height, width): see `provenance.py`."""
        self._editor.tracker.sync()
        return self._editor.tracker.array

    @property
    def selected_class(self) -> int:
        """Stored value that the brush paints; 0 erases."""
        return self._editor.brush.selected

    @property
    def locked(self) -> set[int]:
        """Stored values that painting never overwrites."""
        return set(self._editor.brush.locked)

    @property
    def hidden(self) -> set[int]:
        """Stored values that are not shown (and are saved all the same)."""
        return set(self._editor.brush.hidden)

    @property
    def untouched(self) -> bool:
        """Whether undo has no work of a person to take back here, and may take back the last accept."""
        self._editor.tracker.sync()
        if self._editor.drawing or self._editor.tracker.touched:
            return False
        return self._taking_back.photo_id is not None or not napari_undo.undo_steps(self.annotation_layer)

    @property
    def stroking(self) -> bool:
        """Whether a stroke is being drawn right now."""
        return napari_undo.is_stroking(self.annotation_layer)

    @property
    def unsaved(self) -> bool:
        """Whether the open photo holds work that no saved mask has."""
        return self._editor.unsaved

    @property
    def saving(self) -> int:
        """Number of masks that are not durable yet."""
        return len(self._saver.pending)

    @property
    def stats(self) -> Stats | None:
        """Photos, seconds and strokes per photo of this session, None before the first look."""
        return self._stats

    @property
    def skipped(self) -> int:
        """Number of photos that were skipped in this session and wait to be opened again."""
        return len(self._completion.skipped)

    def queue_head(self, n: int) -> list[QueueEntry]:
        """Return the next `n` photos and the reasons for them."""
        return self.choice.head(n)

    def handed_out(self) -> dict[int, Mask]:
        """Return what may be drawn over small pictures of the photos that wait decoded, by id."""
        return {p.id: mask_of(p) for p in self._navigator.waiting.ready}

    def _may_write(self) -> bool:
        if self.project.read_only:
            self.notice.emit("warning", f"nothing can be saved: {self.project.read_only_reason}")
        return not (self.project.read_only or self._closed)

    def _not_stroking(self) -> bool:
        """Return whether no stroke is under way, and warn if one is; a half-drawn polygon is none."""
        return not self.stroking or self._not_drawing()

    def _not_drawing(self) -> bool:
        """Return whether nothing is half drawn (it would be lost), and warn if something is."""
        if self.stroking:
            self.notice.emit("info", "a stroke is half drawn: end it first, or press Escape to drop it")
        elif self._editor.drawing:
            self.notice.emit("warning", "a line is half drawn: finish it, or press Escape to drop it")
        return not self._editor.drawing


def mask_of(photo: LoadedPhoto) -> Mask:
    """Return the mask to draw over a photo: the saved one, else its suggestion, unless it is blind."""
    if photo.revision is not None:
        return photo.revision.id
    return None if photo.blind or photo.model_id is None else Suggested(photo.model_id)
