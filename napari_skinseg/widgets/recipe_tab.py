"""The recipe as a tab: forms of what trains, saved for the trainer's next round, or for one now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QCheckBox, QVBoxLayout, QWidget

from napari_skinseg.widgets.elements import button, row_of, scrolled, wrapped_label
from napari_skinseg.widgets.recipe_choices import RecipeChoices
from napari_skinseg.widgets.recipe_forms import RecipeForms
from trainer.errors import SkinsegError
from trainer.project.states import CommandKind
from trainer.service.process import trainer_liveness
from trainer.service.schedule import PRETEXT
from trainer.settings.plan import Lane
from trainer.settings.toml_file import change_settings, load_settings

if TYPE_CHECKING:
    from trainer.project.project import Project
    from trainer.settings.model import Settings


class RecipeTab(QWidget):
    """The forms of a recipe, and the buttons that save them or have the trainer begin a round.

    What is saved counts from the trainer's next round on.

    Parameters
    ----------
    project : Project
        Its `skinseg.toml` is read and written.
    annotator : str
        Name on the commands for rounds.
    """

    def __init__(self, project: Project, annotator: str, *, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.project, self.annotator = project, annotator
        self.file = project.path / "skinseg.toml"
        self._known_stamp = self._stamp()
        settings = load_settings(self.file)
        self.forms = RecipeForms(settings, project.path / "pretrained")
        self.from_start = QCheckBox("from the starting weights")
        self.from_start.setToolTip(
            "A full training on all masks, from the beginning; else the present model learns on, if it can"
        )
        self.save = button("Save", "For the trainer's next round", self.write)
        self.train = button("Train now", "Save, and have the trainer begin a round with it", self.train_now)
        self.notice = wrapped_label()
        for writing in (self.save, self.train, self.from_start):
            writing.setEnabled(not project.read_only)
        self.choices = RecipeChoices()
        self.advanced = QWidget()
        self.unfold = button(
            "Advanced",
            "Every setting of the method, for those who know how networks are trained",
            self.toggle_advanced,
        )
        self.unfold.setCheckable(True)
        self._lay_out()
        self.choices.picked.connect(self.forms.choose)
        self.forms.recipe_shown.connect(self._take_recipe)
        self.forms.start.changed.connect(self._take_start)
        self.show_settings(settings)

    def _lay_out(self) -> None:
        inside = QVBoxLayout(self.advanced)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.addWidget(self.forms)
        inside.addWidget(self.from_start)
        self.advanced.hide()
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(0, 0, 6, 0)
        for part in (self.choices, self.unfold, self.advanced):
            column.addWidget(part)
        column.addStretch(1)
        layout = QVBoxLayout(self)
        layout.addWidget(scrolled(content), 1)
        layout.addLayout(row_of((self.save, 1), (self.train, 1)))
        layout.addWidget(self.notice)

    def toggle_advanced(self) -> None:
        """Show all settings of the method, or the plain choices alone."""
        self.advanced.setHidden(not self.advanced.isHidden())
        self.unfold.setChecked(not self.advanced.isHidden())

    # -- reading ---------------------------------------------------------------------------------

    def show_settings(self, settings: Settings) -> None:
        """Show other settings; what was edited and not saved is forgotten."""
        self.forms.fill(settings)
        self.from_start.setChecked(False)

    def refresh(self) -> None:
        """Read a file that was changed elsewhere, unless something here waits to be saved."""
        if self._stamp() == self._known_stamp or self.forms.changes():
            return
        self._known_stamp = self._stamp()
        try:
            self.show_settings(load_settings(self.file))
        except SkinsegError as error:
            self.notice.setText(str(error))

    def _stamp(self) -> int:
        return self.file.stat().st_mtime_ns if self.file.exists() else 0

    def _take_recipe(self, recipe: str) -> None:
        """Fit the buttons to a recipe: another one than the saved begins from the starting weights."""
        self.choices.show_recipe(recipe)
        another = recipe != self.forms.settings.training.recipe
        self.train.setText("Make weights now" if recipe == PRETEXT else "Train now")
        self.from_start.setVisible(recipe != PRETEXT)
        self.from_start.setChecked(self.from_start.isChecked() or another)

    def _take_start(self) -> None:
        if self.forms.start.changes():
            self.from_start.setChecked(True)

    # -- writing ---------------------------------------------------------------------------------

    def write(self) -> bool:
        """Save what was changed, unless a field says no; say below what came of it."""
        if self.forms.problem:
            self.notice.setText(f"Not saved: {self.forms.problem}")
            return False
        from_start, chosen = self.from_start.isChecked(), self.forms.chosen
        try:
            settings = change_settings(self.file, self.forms.changes())
        except (SkinsegError, OSError) as error:
            self.notice.setText(f"Not saved: {error}")
            return False
        self._known_stamp = self._stamp()
        self.show_settings(settings)
        if chosen == PRETEXT:
            self.forms.choose(chosen)
        self.from_start.setChecked(from_start)
        self.notice.setText("Saved. The trainer takes it up with its next round.")
        return True

    def train_now(self) -> None:
        """Save, and ask the trainer for a round with it."""
        if self.write():
            self._request_round()

    def _request_round(self) -> None:
        if trainer_liveness(self.project) != "running":
            self.notice.setText("Saved. The trainer is not running: press Start, it begins with this.")
            return
        chosen = self.forms.chosen
        args = {"recipe": PRETEXT} if chosen == PRETEXT else {}
        lane = Lane.FULL if self.from_start.isChecked() or args else Lane.FAST
        self.project.trainer.send(CommandKind.TRAIN_NOW, by=self.annotator, lane=lane, **args)
        self.from_start.setChecked(False)
        self.notice.setText(f"Saved, and asked the trainer for a round of {chosen}.")
