"""Settings as a tab: forms made from the settings models, written to the project's skinseg.toml."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QTabWidget, QVBoxLayout, QWidget

from napari_skinseg.widgets.elements import button, scrolled, wrapped_label
from napari_skinseg.widgets.settings_form import SectionForm
from trainer.errors import SkinsegError
from trainer.settings.toml_file import change_settings, load_settings

if TYPE_CHECKING:
    from trainer.project.project import Project

SECTIONS = ("window", "queue", "review", "privacy", "gate")
TITLES = {"window": "desk", "gate": "models"}
"""Short: five of them stand in a narrow dock without arrows."""


class SettingsTab(QWidget):
    """One form for each section that people change; training has its own tab, the rest stays in the file."""

    def __init__(self, project: Project, *, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.file = project.path / "skinseg.toml"
        settings = load_settings(self.file)
        self.forms = {name: SectionForm(getattr(settings, name)) for name in SECTIONS}
        tabs = QTabWidget()
        for name, form in self.forms.items():
            tabs.addTab(scrolled(form), TITLES.get(name, name))
        self.save = button("Save", action=self.write)
        self.save.setEnabled(not project.read_only)
        self.notice = wrapped_label("Point at a field to read what it does.")
        layout = QVBoxLayout(self)
        layout.addWidget(tabs, 1)
        layout.addWidget(self.notice)
        layout.addWidget(self.save)

    def write(self) -> None:
        """Write what was changed into the file, unless a field says no; say below what came of it."""
        problem = next((form.problem for form in self.forms.values() if form.problem), "")
        if problem:
            self.notice.setText(f"Not saved: {problem}")
            return
        try:
            settings = change_settings(self.file, {name: form.changes() for name, form in self.forms.items()})
        except (SkinsegError, OSError) as error:
            self.notice.setText(f"Not saved: {error}")
            return
        for name, form in self.forms.items():
            form.fill(getattr(settings, name))
        self.notice.setText("Saved. The trainer uses it from its next round, the window when it opens next.")
