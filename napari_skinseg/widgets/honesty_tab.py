"""The honesty meter as a tab: how good the suggestions really are, by what people saved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_skinseg.views.honesty import resolve_honesty
from napari_skinseg.widgets.elements import wrapped_label
from napari_skinseg.widgets.word_table import WordTable
from trainer.evaluation.honesty import look_honestly
from trainer.project.queue.slots import missing_validation

if TYPE_CHECKING:
    from trainer.project.masks.measurements import Measured
    from trainer.project.project import Project

DRAWS = 200
"""Bootstrap samples: an interval to read off a window needs no more."""


class HonestyTab(QWidget):
    """Sentences and a table of classes, computed again where a mask was measured since."""

    def __init__(self, project: Project, *, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.project = project
        self._shown: tuple[list[Measured], int] | None = None
        self.notice = wrapped_label()
        self.table = WordTable(("class", "masks", "seen", "blind"), stretch=0)
        layout = QVBoxLayout(self)
        layout.addWidget(self.notice)
        layout.addWidget(self.table, 1000)
        layout.addStretch(1)
        self.refresh()

    def refresh(self) -> None:
        """Read the measured masks again."""
        project = self.project
        counts, wanted = project.photos.counts(), project.settings.gate.min_photos
        now = (project.measurements.all(), missing_validation(counts.by_split, wanted))
        if now == self._shown:
            return
        self._shown = now
        view = resolve_honesty(look_honestly(now[0], project.classes, DRAWS), now[1])
        self.notice.setText("\n\n".join(view.sentences))
        self.table.show_rows(list(view.rows))
        self.table.setVisible(bool(now[0]))
