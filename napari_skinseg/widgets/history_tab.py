"""History as a tab: the earlier masks of the open photo with a preview; one can be made current again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import Qt
from qtpy.QtGui import QImage, QPixmap
from qtpy.QtWidgets import QLabel, QVBoxLayout, QWidget

from napari_skinseg.session.mask_history import PREVIEW
from napari_skinseg.session.status import moment
from napari_skinseg.widgets.elements import bare_box, button, wrapped_label
from napari_skinseg.widgets.word_table import WordTable
from trainer.project.states import RevisionKind

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_skinseg.session.session import AnnotationSession
    from trainer.project.revisions import Revision

KINDS = {
    RevisionKind.SAVE: "done",
    RevisionKind.GRID: "accepted in a grid",
    RevisionKind.PART: "part",
    RevisionKind.IMPORT: "imported",
    RevisionKind.REVERT: "taken again",
}


class HistoryTab(QWidget):
    """The masks of the open photo, the latest first."""

    def __init__(self, session: AnnotationSession, *, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self._revisions: dict[str, Revision] = {}
        self._photo: int | None = None
        self._asked: str | None = None
        self._current: str | None = None
        self.notice, self.preview = wrapped_label(), QLabel()
        self.preview.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.bare = bare_box(session.history.hides, lambda _: self._look_again())
        self.table = WordTable(("when", "who", "what"), stretch=1)
        self.revert = button(
            "Take this mask", "Make the chosen mask the current one; the others are kept", self._revert
        )
        self.table.itemSelectionChanged.connect(self._choose)
        layout = QVBoxLayout(self)
        layout.addWidget(self.notice)
        layout.addWidget(self.table, 1000)
        layout.addWidget(self.preview)
        layout.addWidget(self.bare)
        layout.addStretch(1)
        layout.addWidget(self.revert)
        self.refresh()

    def refresh(self) -> None:
        """Read the list again; it appears as soon as it is there."""
        self.session.history.read(self._show)

    def _show(self, photo: int | None, current: Revision | None, revisions: list[Revision]) -> None:
        if photo != self._photo:
            self._photo = photo
            self.table.clearSelection()
        self._current = None if current is None else current.id
        self._revisions = {revision.id: revision for revision in revisions}
        if photo is None:
            said = "Open a photo to see its masks."
        else:
            said = "Click a mask to look at it." if revisions else "This photo has no mask yet."
        self.notice.setText(said)
        self.table.setVisible(bool(revisions))
        self.table.show_rows(history_rows(revisions, self._current))
        self._choose()

    def _choose(self) -> None:
        """Show the chosen mask; the current one cannot be taken again."""
        chosen = self._revisions.get(self.table.selected() or "")
        takes = chosen is not None and chosen.id != self._current and not self.session.project.read_only
        self.revert.setEnabled(takes)
        if chosen is None:
            self._asked = None
            self.preview.clear()
        elif chosen.id != self._asked:
            self._asked = chosen.id
            self.session.history.preview(
                chosen, lambda picture: self._draw(chosen.id, picture), self.bare.isChecked()
            )

    def _look_again(self) -> None:
        self._asked = None
        self._choose()

    def _draw(self, revision_id: str, picture: NDArray[np.uint8]) -> None:
        if revision_id != self._asked:
            return
        height, width, _ = picture.shape
        data = np.ascontiguousarray(picture).tobytes()
        image = QImage(data, width, height, 3 * width, QImage.Format.Format_RGB888)
        kept, smooth = Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
        self.preview.setPixmap(QPixmap.fromImage(image).scaled(PREVIEW, PREVIEW, kept, smooth))

    def _revert(self) -> None:
        chosen = self._revisions.get(self.table.selected() or "")
        if chosen is not None:
            self.session.history.revert(chosen)
            self.refresh()


def history_rows(revisions: list[Revision], current: str | None) -> list[tuple[str, tuple[str, str, str]]]:
    """Return rows of a table: revision id; time, annotator, and its kind or that it is the current one."""
    return [
        (r.id, (moment(r.created), r.annotator, KINDS[r.kind] + (", current" if r.id == current else "")))
        for r in revisions
    ]
