"""Forms of the Recipe tab: recipe, starting weights and encoder, the recipe's own settings, the schedule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QFormLayout, QVBoxLayout, QWidget
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
from napari_skinseg.widgets.elements import group_box, wrapped_label
from napari_skinseg.widgets.setting_field import StillComboBox
from napari_skinseg.widgets.settings_form import SectionForm
from trainer.service.schedule import PRETEXT
from trainer.settings.recipes import RECIPE_OPTIONS, RECIPE_WORDS
from trainer.settings.training import TrainingSettings

if TYPE_CHECKING:
    from pathlib import Path

    from trainer.settings.model import Settings

FOR_WHOM = (
    "For those who know how networks are trained: the choices above are enough for all others. Point at a "
    "field to read what it does. A training takes many steps; in each it looks at a few pieces of photos."
)


class RecipeForms(QWidget):
    """The choice of a recipe, and the forms of those settings that it reads.

    Parameters
    ----------
    settings : Settings
        Shown, and compared with what is entered.
    pretrained : Path
        Folder of starting weights: their licence is shown.

    Signals
    -------
    recipe_shown(str)
        The forms belong to this recipe now.
    """

    recipe_shown = Signal(str)

    def __init__(self, settings: Settings, pretrained: Path, *, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.settings, self._pretrained = settings, pretrained
        self.recipe = StillComboBox()
        self.recipe.addItems(list(RECIPES))
        for place, name in enumerate(RECIPES):
            self.recipe.setItemData(place, RECIPE_WORDS[name], Qt.ItemDataRole.ToolTipRole)
        choices = {"init": INITS, "encoder": ENCODER_CHOICES}
        self.start = SectionForm(settings.training, ("init", "encoder"), choices=choices)
        self.about, self.licence, self.published = (wrapped_label() for _ in range(3))
        self.methods: dict[str, SectionForm] = {}
        self.method_box = group_box()
        self.schedule = SectionForm(settings.training, SCHEDULE, optional=True)
        rest = [name for name in TrainingSettings.model_fields if name not in (*CHOSEN_ABOVE, *SCHEDULE)]
        self.rest = SectionForm(settings.training, rest, optional=True)
        self._lay_out()
        self.recipe.activated.connect(lambda _: self.choose(self.recipe.currentText()))
        self.start.changed.connect(self._show_start)

    def _lay_out(self) -> None:
        top = QFormLayout()
        top.addRow("recipe", self.recipe)
        more = QCollapsible("everything else")
        more.addWidget(self.rest)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 6, 0)
        column.addWidget(wrapped_label(FOR_WHOM))
        column.addLayout(top)
        for widget in (
            self.about,
            self.start,
            self.licence,
            self.published,
            self.method_box,
            group_box("schedule", self.schedule),
            more,
        ):
            column.addWidget(widget)
        column.addStretch(1)

    @property
    def chosen(self) -> str:
        """The recipe whose forms are shown, saved or not."""
        return self.recipe.currentText()

    def fill(self, settings: Settings) -> None:
        """Show other settings in all forms; what was edited and not saved is forgotten."""
        self.settings = settings
        for form in (self.start, self.schedule, self.rest):
            form.fill(settings.training)
        for name, form in self.methods.items():
            form.fill(getattr(settings, name))
        self.choose(settings.training.recipe)

    def choose(self, recipe: str) -> None:
        """Show a recipe's own form in place of the other's."""
        if self.recipe.findText(recipe) < 0:
            self.recipe.addItem(recipe)  # the file may name one that is not there: the trainer refuses it
        self.recipe.setCurrentText(recipe)
        self.about.setText(RECIPE_WORDS.get(recipe, "no recipe of this name"))
        if recipe in RECIPE_OPTIONS and recipe not in self.methods:
            form = self.methods[recipe] = SectionForm(getattr(self.settings, recipe))
            layout = self.method_box.layout()
            assert layout is not None
            layout.addWidget(form)
        self.method_box.setVisible(recipe in self.methods)
        self.method_box.setTitle(recipe)
        for name, form in self.methods.items():
            form.setVisible(name == recipe)
        self._show_start()
        self.recipe_shown.emit(recipe)

    def _show_start(self) -> None:
        """Show problem, explanation and licence of the starting weights, and the published ones at hand."""
        init, encoder = (str(self.start.fields[name].value) for name in ("init", "encoder"))
        self.start.fields["init"].complain(init_problem(init))
        self.start.fields["init"].editor.setToolTip(INIT_WORDS.get(init, init))
        self.licence.setText(encoder_words(encoder, init, self._pretrained))
        self.published.setText(published_words(self._pretrained))

    def sections(self) -> dict[str, list[SectionForm]]:
        """Return the forms that are shown, by section of the file."""
        method = {self.chosen: [self.methods[self.chosen]]} if self.chosen in self.methods else {}
        return {"training": [self.start, self.schedule, self.rest], **method}

    @property
    def problem(self) -> str:
        """First complaint under a field that is shown; empty where all is well."""
        return next((f.problem for forms in self.sections().values() for f in forms if f.problem), "")

    def changes(self) -> dict[str, dict[str, Any]]:
        """Return the values that differ from the settings, by section.

        Making starting weights is a round and not a choice for the models: its recipe is never among them.
        """
        found: dict[str, dict[str, Any]] = {}
        for section, forms in self.sections().items():
            for form in forms:
                found.setdefault(section, {}).update(form.changes())
        if self.chosen not in (PRETEXT, self.settings.training.recipe):
            found["training"]["recipe"] = self.chosen
        return {section: values for section, values in found.items() if values}
