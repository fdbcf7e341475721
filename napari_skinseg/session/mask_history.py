"""History of the open photo's mask: its earlier states, looked at and made current again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from psygnal import Signal

from napari_skinseg.session.thumbnails import tinted
from trainer.errors import SkinsegError
from trainer.project.privacy.sensitive import hides, veil_photo

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from napari_skinseg.session.background import Background
    from napari_skinseg.session.editor import PhotoEditor
    from napari_skinseg.session.navigator import PhotoNavigator
    from trainer.project.project import Project
    from trainer.project.revisions import Revision

PREVIEW = 280
"""Long side of a preview, pixels."""


class MaskHistory:
    """Revisions of the photo that is open. All methods belong to the main thread.

    Parameters
    ----------
    project, annotator
        Whose masks are read, and who reverts one.
    background, editor, navigator
        Of the session.
    """

    notice = Signal(str, str)
    """Level and text of what the annotator should know."""

    def __init__(
        self,
        project: Project,
        annotator: str,
        background: Background,
        editor: PhotoEditor,
        navigator: PhotoNavigator,
    ) -> None:
        self._project, self._annotator, self._background = project, annotator, background
        self._editor, self._navigator = editor, navigator

    def read(self, show: Callable[[int | None, Revision | None, list[Revision]], None]) -> None:
        """Read the revisions in a thread; `show` gets photo id, the current one, and all, newest first."""
        photo = self._editor.photo
        if photo is None:
            show(None, None, [])
            return
        if photo.second:  # the first reader's masks stay unseen
            show(photo.id, None, [])
            return
        masks, photo_id = self._project.masks, photo.id
        self._background.read(
            lambda: (masks.head(photo_id), masks.history(photo_id)), lambda found: show(photo_id, *found)
        )

    @property
    def hides(self) -> bool:
        """Whether previews hide sensitive classes of this project."""
        return hides(self._project)

    def preview(
        self, revision: Revision, show: Callable[[NDArray[np.uint8]], None], bare: bool = False
    ) -> None:
        """Draw a revision over the photo, small, in a thread; `show` gets uint8 (height, width, 3).

        Sensitive classes are hidden unless `bare`.
        """
        photo = self._editor.photo
        if photo is None or photo.id != revision.photo_id:
            return
        image, classes = photo.image, self._project.classes

        def draw() -> NDArray[np.uint8]:
            labels, _ = self._project.masks.read(revision)
            step = max(1, -(-max(image.shape) // PREVIEW))
            small = np.ascontiguousarray(image[::step, ::step])
            return tinted(small if bare else veil_photo(self._project, photo.id, small), labels, classes)

        def failed(error: BaseException) -> None:
            self.notice.emit("warning", f"this mask cannot be shown: {error}")

        self._background.read(draw, show, failed)

    def revert(self, revision: Revision) -> None:
        """Make a revision of the open photo the current one, and open the photo with it."""
        photo = self._editor.photo
        if photo is None or photo.id != revision.photo_id:
            self.notice.emit("info", "another photo is open by now: look at its masks again")
        elif self._editor.unsaved or self._editor.drawing:
            self.notice.emit("warning", "there is unsaved work on this photo: save it (S) or undo it first")
        else:
            self._background.write(lambda: self._revert(revision), self._reverted)
            self._navigator.reopen(photo.id)  # claims it behind that, in the same thread

    def _revert(self, revision: Revision) -> str:
        try:
            self._project.masks.revert(revision.photo_id, revision.id, self._annotator)
        except SkinsegError as error:
            return str(error)
        return ""

    def _reverted(self, trouble: str) -> None:
        said = "that mask is the current one again; the others are kept"
        self.notice.emit("warning" if trouble else "info", trouble or said)
