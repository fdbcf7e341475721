"""Completion of the open photo: accepted, saved in part, skipped, flagged, or left at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from psygnal import Signal

from napari_skinseg.session.saving import STRANDED, SaveJob, keep_whatever_happens
from trainer.project.states import RevisionKind, VisitOutcome

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_skinseg.session.background import Background
    from napari_skinseg.session.editor import PhotoEditor
    from napari_skinseg.session.loading import LoadedPhoto
    from napari_skinseg.session.navigator import PhotoNavigator
    from napari_skinseg.session.saving import Saver
    from napari_skinseg.session.taking_back import TakingBack
    from trainer.project.project import Project


MOSTLY = 0.5
"""Share of a photo that is not labelled from which on one key does not make it done."""
NOTICED = 0.005
"""The same where parts of a suggestion are held back: nobody has left them out on purpose."""


class PhotoCompletion:
    """Writes the work on a photo and its visit, and shows the next one.

    All methods belong to the main thread; a photo must be open for all but `leave`.
    """

    notice = Signal(str, str)
    """Level and text of what the annotator should know."""

    def __init__(
        self,
        project: Project,
        session_id: int,
        annotator: str,
        background: Background,
        editor: PhotoEditor,
        navigator: PhotoNavigator,
        saver: Saver,
        taking_back: TakingBack,
    ) -> None:
        self._project, self._id, self._annotator = project, session_id, annotator
        self._background = background
        self.stranded: list[str] = []  # what is to be said of what `leave` could only keep as files
        self._editor, self._navigator, self._saver = editor, navigator, saver
        self._taking_back = taking_back
        self.left_labels: NDArray[np.uint8] | None = None
        """Labels of the photo that was accepted last, uint8 (height, width)."""
        self.skipped: list[int] = []
        """Photos skipped in this session and not opened again since, the oldest first."""
        self._asked: int | None = None  # the photo that was asked about

    def asks_first(self) -> bool:
        """Ask once whether a photo that is mostly not labelled is done; return whether it was asked now."""
        photo, labels = self._editor.photo, self._editor.layers.annotation.data
        left = 1 - np.count_nonzero(labels) / labels.size
        held = self._editor.held_parts.share > 0
        if photo is None or not (NOTICED if held else MOSTLY) < left < 1 or self._asked == photo.id:
            return False
        self._asked = photo.id
        mend = "Shift+U shows what is held back" if held else "D makes the rest background"
        self.notice.emit("info", f"{left:.0%} is not labelled: Space again saves it so, {mend}")
        return True

    def accept(self) -> None:
        """Save the photo as a whole and show the next one; refuse where nothing is labelled."""
        if not self._editor.layers.annotation.data.any():
            self.notice.emit("warning", "nothing is labelled on this photo yet: paint, or press K to skip it")
            return
        left = self._editor.work()
        self.left_labels = left.labels
        try:
            self._navigator.go_on(left)  # first, so that a listener can hold the threads back to draw
        finally:
            self._saver.submit(SaveJob(left, RevisionKind.SAVE, leave=True))
            if not left.second:  # what would be reverted is the first reader's mask
                self._taking_back.keep(left)

    def save_part(self) -> None:
        """Save what is decided and stay; a photo that was finished before stays so."""
        part = self._editor.part()
        self._saver.submit(
            SaveJob(part, RevisionKind.SAVE if part.finished else RevisionKind.PART, leave=False)
        )

    def opened(self, photo: LoadedPhoto | None) -> None:
        """Note that a photo has been opened: it is skipped no more."""
        if photo is not None and photo.id in self.skipped:
            self.skipped.remove(photo.id)

    def skip(self) -> None:
        """Leave the photo for another day; unsaved work on it becomes a draft."""
        left = self._editor.work()
        self.skipped.append(left.id)
        if left.unsaved:
            self.notice.emit("info", f"{left.photo.relpath}: your strokes are kept, B brings them back")

        self._saver.submit(SaveJob(left, None, leave=True, skipped=True))
        self._navigator.go_on(left)

    def flag(self, note: str) -> None:
        """Set the photo aside with a note; unsaved work on it is saved in part."""
        left = self._editor.work()
        kind = RevisionKind.PART if left.unsaved else None
        self._saver.submit(SaveJob(left, kind, leave=True, note=note))
        self._navigator.go_on(left)

    def leave(self, left: LoadedPhoto | None, waiting: list[LoadedPhoto]) -> None:
        """Write unfinished work on the photo that was open and on those that wait, and end the session."""

        def end() -> None:
            for photo in [*([left] if left else []), *waiting]:
                if kept := keep_whatever_happens(self._project, self._id, self._annotator, photo):
                    self.stranded.append(STRANDED.format(name=kept))
            if left is not None:
                seconds, strokes, outcome = left.seconds, left.strokes, VisitOutcome.LEFT
                self._project.sessions.record_visit(self._id, left.id, seconds, strokes, outcome)
            self._project.sessions.end(self._id)

        self._background.write(end, lambda _: None)
