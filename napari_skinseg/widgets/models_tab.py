"""The models as a tab: every round and its reason; promote one, roll back, see what was accepted."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from napari.utils.notifications import show_error
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_skinseg.session.status import model_number
from napari_skinseg.views.trainer import macro_dice, plain
from napari_skinseg.widgets.accepted_dialog import AcceptedDialog
from napari_skinseg.widgets.elements import button, row_of, wrapped_label
from napari_skinseg.widgets.word_table import WordTable
from trainer.errors import SkinsegError
from trainer.project.states import ModelDecision

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_skinseg.session.accepted_from import AcceptedFrom
    from trainer.project.models.models import Model
    from trainer.project.project import Project

LANE_NAMES = {"fast": "quick", "batch": "full, by command"}
"""Kinds of a training whose own names are a programmer's."""
DECISION_TEXTS = {
    ModelDecision.SERVED: "in use",
    ModelDecision.PROVISIONAL: "in use for now",
    ModelDecision.REPLACED: "in use before",
    ModelDecision.KEPT_OLD: "not used",
}


class ModelsTab(QWidget):
    """Table of models, newest first."""

    def __init__(
        self, project: Project, annotator: str, accepted: AcceptedFrom, *, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.project, self.annotator, self._accepted = project, annotator, accepted
        self.dialog: AcceptedDialog | None = None
        self.notice = wrapped_label()
        self.table = WordTable(("model", "when", "recipe", "agreement", "decision", "why"), stretch=5)
        self.promote = button(
            "Promote",
            "The selected model makes the suggestions, whatever was said of it",
            self._promote,
        )
        self.rollback = button(
            "Roll back", "Have the model before this one make the suggestions again", self._rollback
        )
        self.masks = button(
            "Accepted …",
            "List the masks that hold what the selected model proposed and nobody painted, to put them back",
            self._show_accepted,
        )
        self.table.itemSelectionChanged.connect(self._enable)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 4, 8, 4)
        layout.addLayout(row_of((self.notice, 1), (self.masks, 0), (self.promote, 0), (self.rollback, 0)))
        layout.addWidget(self.table, 1)
        self.refresh()

    def refresh(self) -> None:
        """Read the models again."""
        models = sorted(self.project.models.all(), key=lambda model: model.created, reverse=True)
        served = self.project.models.served()
        self.notice.setText(
            "Every model, newest first; ● makes the suggestions now."
            if models
            else "No model yet: the first comes with a round."
        )
        self.table.setVisible(bool(models))
        self.table.show_rows([(m.id, _cells(m, served is not None and m.id == served.id)) for m in models])
        self._enable()

    def _enable(self) -> None:
        served = self.project.models.served()
        selected = self.table.selected()
        writable = not self.project.read_only
        self.masks.setEnabled(selected is not None)
        self.promote.setEnabled(
            writable and selected is not None and (served is None or selected != served.id)
        )
        self.rollback.setEnabled(writable and served is not None and len(self.project.models.all()) > 1)

    def _promote(self) -> None:
        model_id = self.table.selected()
        self._try(
            lambda: self.project.models.promote(
                model_id, why=f"chosen by {self.annotator}", by=self.annotator
            )
        )

    def _rollback(self) -> None:
        self._try(lambda: self.project.models.rollback(by=self.annotator))

    def _show_accepted(self) -> None:
        if self.dialog is not None:
            self.dialog.close()
            self.dialog.deleteLater()
        model_id, writable = self.table.selected(), not self.project.read_only
        self.dialog = AcceptedDialog(self._accepted, model_id, writable, parent=self)
        self.dialog.show()

    def _try(self, change: Callable[[], object]) -> None:
        try:
            change()
        except SkinsegError as error:
            show_error(str(error))
        self.refresh()


def _cells(model: Model, served: bool) -> tuple[str, ...]:
    dice = macro_dice(model.metrics)
    when = datetime.fromtimestamp(model.created).strftime("%d %b %H:%M")
    name = f"● {model_number(model.id)}" if served else model_number(model.id)
    kind = LANE_NAMES.get(model.lane or "", model.lane)
    recipe = model.recipe if model.lane in (None, model.recipe) else f"{model.recipe}, {kind}"
    return (
        name,
        when,
        recipe,
        "" if dice is None else f"{dice:.2f}",
        DECISION_TEXTS[model.decision] if model.decision else "",
        plain(model.why or ""),
    )
