"""Training as a tab: which recipe, from which weights, with which settings; saved for the next round."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QCheckBox,
    QFormLayout,
    QGroupBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)
from superqt import QCollapsible

from napari_skinseg.views.recipe import (
    CHOSEN_ABOVE,
    ENCODER_CHOICES,
    INIT_WORDS,
    INITS,
    RECIPES,
    SCHEDULE,
    encoder_words,
    init_problem,
    published_words,
)
from napari_skinseg.widgets.settings_form import SectionForm, StillComboBox
from napari_skinseg.widgets.settings_tab import scrolled
from trainer.errors import SkinsegError
from trainer.project.project import Project
from trainer.service.process import trainer_liveness
from trainer.service.schedule import PRETEXT
from trainer.settings.model import Settings
from trainer.settings.recipes import RECIPE_OPTIONS, RECIPE_WORDS
from trainer.settings.toml_file import change_settings, load_settings
from trainer.settings.training import TrainingSettings


class TrainingPanel(QWidget):
    """The choice of recipe, starting weights and encoder, and the forms that belong to it.

    What is saved counts from the trainer's next round on.

    Parameters
    ----------
    project : Project
        Whose `skinseg.toml` is read and written.
    annotator : str
        Who orders rounds.
    """

    def __init__(self, project: Project, annotator: str, *, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.project, self.annotator = project, annotator
        self.file, self.pretrained = project.path / "skinseg.toml", project.path / "pretrained"
        self.settings = load_settings(self.file)
        self._seen = self._stamp()
        self.recipe = StillComboBox()
        self.recipe.addItems(list(RECIPES))
        for place, name in enumerate(RECIPES):
            self.recipe.setItemData(place, RECIPE_WORDS[name], Qt.ItemDataRole.ToolTipRole)
        choices = {"init": INITS, "encoder": ENCODER_CHOICES}
        self.start = SectionForm(self.settings.training, ("init", "encoder"), choices=choices)
        self.about, self.licence, self.published = _words(), _words(), _words()
        self.methods: dict[str, SectionForm] = {}
        self.method_box = QGroupBox()
        self._method_layout = QVBoxLayout(self.method_box)
        self._method_layout.setContentsMargins(6, 6, 6, 6)
        self.schedule = SectionForm(self.settings.training, SCHEDULE, optional=True)
        rest = [n for n in TrainingSettings.model_fields if n not in (*CHOSEN_ABOVE, *SCHEDULE)]
        self.rest = SectionForm(self.settings.training, rest, optional=True)
        more = QCollapsible("everything else")
        more.addWidget(self.rest)

        self.anew = QCheckBox("from the starting weights")
        self.anew.setToolTip(
            "A full round on all masks; else the served model learns on, where its network fits"
        )
        self.save = _button("Save", "For the trainer's next round")
        self.train = _button("Train now", "Save, and have the trainer begin a round with it")
        self.words = _words()
        for button in (self.save, self.train, self.anew):
            button.setEnabled(not project.read_only)

        top = QFormLayout()
        top.addRow("recipe", self.recipe)
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 0, 6, 0)
        column.addLayout(top)
        for widget in (
            self.about,
            self.start,
            self.licence,
            self.published,
            self.method_box,
            _group("schedule", self.schedule),
            more,
        ):
            column.addWidget(widget)
        column.addStretch(1)
        buttons = QHBoxLayout()
        buttons.addWidget(self.save, 1)
        buttons.addWidget(self.train, 1)
        layout = QVBoxLayout(self)
        layout.addWidget(scrolled(inside), 1)
        layout.addWidget(self.anew)
        layout.addLayout(buttons)
        layout.addWidget(self.words)

        self.show_settings(self.settings)
        self.recipe.activated.connect(lambda _: self.choose(self.recipe.currentText()))
        self.start.changed.connect(self._start_changed)
        self.save.clicked.connect(lambda: self.write())
        self.train.clicked.connect(self._train_now)

    # -- what is shown ---------------------------------------------------------------------------

    @property
    def chosen(self) -> str:
        """The recipe in hand, saved or not."""
        return self.recipe.currentText()

    def forms(self) -> dict[str, list[SectionForm]]:
        """The forms in hand, by section of the file."""
        method = {self.chosen: [self.methods[self.chosen]]} if self.chosen in self.methods else {}
        return {"training": [self.start, self.schedule, self.rest], **method}

    def show_settings(self, settings: Settings) -> None:
        """Fill all forms anew; what was edited and not saved is forgotten."""
        self.settings = settings
        for form in (self.start, self.schedule, self.rest):
            form.fill(settings.training)
        for name, form in self.methods.items():
            form.fill(getattr(settings, name))
        self.choose(settings.training.recipe)
        self.anew.setChecked(False)

    def choose(self, recipe: str) -> None:
        """Show a recipe's own form in place of the other's."""
        if self.recipe.findText(recipe) < 0:
            self.recipe.addItem(recipe)  # the file may name one that is not there: the trainer refuses it
        self.recipe.setCurrentText(recipe)
        self.about.setText(RECIPE_WORDS.get(recipe, "no recipe of this name"))
        if recipe in RECIPE_OPTIONS and recipe not in self.methods:
            self.methods[recipe] = SectionForm(getattr(self.settings, recipe))
            self._method_layout.addWidget(self.methods[recipe])
        self.method_box.setVisible(recipe in self.methods)
        self.method_box.setTitle(recipe)
        for name, form in self.methods.items():
            form.setVisible(name == recipe)
        pretext = recipe == PRETEXT
        self.train.setText("Make weights now" if pretext else "Train now")
        self.anew.setVisible(not pretext)
        self.anew.setChecked(self.anew.isChecked() or recipe != self.settings.training.recipe)
        self._say_start()

    def _start_changed(self) -> None:
        if self.start.changes():
            self.anew.setChecked(True)
        self._say_start()

    def _say_start(self) -> None:
        init, encoder = (str(self.start.fields[name].value) for name in ("init", "encoder"))
        self.start.fields["init"].complain(init_problem(init))
        self.start.fields["init"].editor.setToolTip(INIT_WORDS.get(init, init))
        self.licence.setText(encoder_words(encoder, init, self.pretrained))
        self.published.setText(published_words(self.pretrained))

    def refresh(self) -> None:
        """Take up what somebody else wrote into the file, unless something here waits to be saved."""
        if self._stamp() != self._seen and not self.changes():
            self._reload()

    def _reload(self) -> None:
        self._seen = self._stamp()
        try:
            self.show_settings(load_settings(self.file))
        except SkinsegError as error:
            self.words.setText(str(error))

    def _stamp(self) -> int:
        return self.file.stat().st_mtime_ns if self.file.exists() else 0

    # -- what is done ----------------------------------------------------------------------------

    def changes(self) -> dict[str, dict[str, Any]]:
        """What differs from the file, by section."""
        found: dict[str, dict[str, Any]] = {}
        for section, forms in self.forms().items():
            for form in forms:
                found.setdefault(section, {}).update(form.changes())
        if self.chosen not in (PRETEXT, self.settings.training.recipe):
            found["training"]["recipe"] = self.chosen
        return {section: values for section, values in found.items() if values}

    def write(self) -> bool:
        """Save what was changed, unless a field says no; say below what came of it."""
        problem = next((f.problem for forms in self.forms().values() for f in forms if f.problem), "")
        if problem:
            self.words.setText(f"Not saved: {problem}")
            return False
        anew, chosen = self.anew.isChecked(), self.chosen
        try:
            settings = change_settings(self.file, self.changes())
        except (SkinsegError, OSError) as error:
            self.words.setText(f"Not saved: {error}")
            return False
        self._seen = self._stamp()
        self.show_settings(settings)
        if chosen == PRETEXT:
            self.choose(chosen)
        self.anew.setChecked(anew)
        self.words.setText("Saved. The trainer takes it up with its next round.")
        return True

    def _train_now(self) -> None:
        if self.write():
            self.order()

    def order(self) -> None:
        """Ask the trainer for a round with what was saved."""
        if trainer_liveness(self.project) != "running":
            self.words.setText("Saved. The trainer is not running: press Start, it begins with this.")
            return
        args = {"recipe": PRETEXT} if self.chosen == PRETEXT else {}
        lane = "full" if self.anew.isChecked() or args else "fast"
        self.project.trainer.send("train_now", by=self.annotator, lane=lane, **args)
        self.anew.setChecked(False)
        self.words.setText(f"Saved, and asked the trainer for a round of {self.chosen}.")


def _words() -> QLabel:
    label = QLabel()
    label.setWordWrap(True)
    return label


def _button(text: str, tip: str) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(tip)
    button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    return button


def _group(title: str, content: QWidget) -> QGroupBox:
    box = QGroupBox(title)
    layout = QVBoxLayout(box)
    layout.setContentsMargins(6, 6, 6, 6)
    layout.addWidget(content)
    return box
