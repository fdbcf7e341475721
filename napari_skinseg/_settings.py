"""Settings as a tab: forms made from the settings models, written to the project's skinseg.toml."""

from __future__ import annotations

from typing import Any

from annotated_types import Ge, Gt, Le, Lt
from magicgui.widgets import LineEdit, create_widget
from pydantic import BaseModel, ValidationError
from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QFormLayout,
    QFrame,
    QLabel,
    QPushButton,
    QScrollArea,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from trainer.project import Project, SkinsegError
from trainer.settings import load_settings, save_settings

SECTIONS = (("window", "window"), ("queue", "queue"), ("training", "training"))


class SettingsPanel(QWidget):
    """One form for each section that people change; the rest stays in the file."""

    def __init__(self, project: Project, *, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.project = project
        self.file = project.path / "skinseg.toml"
        self.settings = load_settings(self.file)
        self.forms = {name: SectionForm(getattr(self.settings, name)) for name, _ in SECTIONS}
        tabs = QTabWidget()
        for name, title in SECTIONS:
            area = QScrollArea()
            area.setWidgetResizable(True)
            area.setFrameShape(QFrame.Shape.NoFrame)
            area.setWidget(self.forms[name])
            tabs.addTab(area, title)
        self.save = QPushButton("Save")
        self.save.setEnabled(not project.read_only)
        self.save.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.save.clicked.connect(lambda: self.write())
        self.words = QLabel(f"Kept in {self.file.name}; point at a field to read what it does.")
        self.words.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.addWidget(tabs, 1)
        layout.addWidget(self.words)
        layout.addWidget(self.save)

    def write(self) -> None:
        """Check the forms and write the file; say under the forms what came of it."""
        try:
            changed = {name: form.filled() for name, form in self.forms.items()}
            settings = self.settings.model_copy(update=changed)
            save_settings(self.file, settings)
        except ValidationError as error:
            first = error.errors()[0]
            self.words.setText(f"Not saved: {words(str(first['loc'][0]))}: {first['msg']}")
        except (SkinsegError, OSError) as error:
            self.words.setText(f"Not saved: {error}")
        else:
            self.settings = settings
            self.words.setText(
                "Saved. The trainer uses it from its next round, the window when it opens next."
            )


class SectionForm(QWidget):
    """A form of one section, filled with its values: one magicgui widget for each setting."""

    def __init__(self, section: BaseModel, *, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.section = section
        self.rows = {name: _field(section, name) for name in type(section).model_fields}
        layout = QFormLayout(self)
        for name, row in self.rows.items():
            label = QLabel(words(name))
            label.setToolTip(row.tooltip)
            layout.addRow(label, row.native)

    def filled(self) -> Any:
        """Read the form back into a section of the same kind.

        Raises
        ------
        pydantic.ValidationError
            If a value is not one the setting takes.
        """
        return type(self.section).model_validate({name: _plain(row.value) for name, row in self.rows.items()})


def _field(section: BaseModel, name: str) -> Any:
    info, value = type(section).model_fields[name], getattr(section, name)
    kind: Any = info.annotation
    about: dict[str, Any] = {"name": name}
    if kind in (int, float):
        row = create_widget(value, kind, **about, options=_limits(info, kind is int))
    elif kind is bool:
        row = create_widget(value, kind, **about)
    else:
        row = LineEdit(**about, value=str(value))
    row.tooltip = info.description or ""
    return row


def _limits(info: Any, whole: bool) -> dict[str, Any]:
    step = (info.json_schema_extra or {}).get("step", 1 if whole else 0.05)
    low, high = (0, 10**6) if whole else (0.0, 1e6)
    for limit in info.metadata:
        if isinstance(limit, Ge | Gt):
            low = getattr(limit, "ge", getattr(limit, "gt", low))
        elif isinstance(limit, Le | Lt):
            high = getattr(limit, "le", getattr(limit, "lt", high))
    return {"min": low, "max": high, "step": step}


def _plain(value: Any) -> Any:
    return int(value) if isinstance(value, str) and value.strip().isdigit() else value


def words(name: str) -> str:
    """``steps_fast`` reads as ``steps fast``."""
    return name.replace("_", " ")
