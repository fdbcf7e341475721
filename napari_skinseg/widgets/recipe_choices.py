"""The simple face of the Recipe tab: how suggestions are learnt, as five choices in plain words."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QButtonGroup, QRadioButton, QVBoxLayout, QWidget

from napari_skinseg.views.recipe import PLAIN_CHOICES
from napari_skinseg.widgets.elements import wrapped_label


class RecipeChoices(QWidget):
    """One of the recipes in plain words; none is marked where the project trains by another.

    Signals
    -------
    picked(str)
        Name of the recipe.
    """

    picked = Signal(str)

    def __init__(self, *, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.group = QButtonGroup(self)
        self.buttons: dict[str, QRadioButton] = {}
        self.other = wrapped_label("This project trains by another method: Advanced shows it.")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(wrapped_label("How should suggestions be learnt?"))
        for name, (title, words) in PLAIN_CHOICES.items():
            choice = self.buttons[name] = QRadioButton(title)
            self.group.addButton(choice)
            choice.clicked.connect(lambda _, name=name: self.picked.emit(name))
            about = wrapped_label(words)
            about.setContentsMargins(22, 0, 0, 6)
            layout.addWidget(choice)
            layout.addWidget(about)
        layout.addWidget(self.other)

    def show_recipe(self, recipe: str) -> None:
        """Mark a recipe; one that is none of the choices unmarks all and says so."""
        self.group.setExclusive(False)
        for name, choice in self.buttons.items():
            choice.setChecked(name == recipe)
        self.group.setExclusive(True)
        self.other.setVisible(recipe not in self.buttons)
