"""The editor of one setting, chosen by its type, with its docstring as tooltip."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QSignalBlocker, Qt, Signal
from qtpy.QtWidgets import QCheckBox, QComboBox, QCompleter, QLineEdit, QSizePolicy, QVBoxLayout, QWidget

from napari_skinseg.views.setting_values import expected_values, options_of, parse_value, value_text
from napari_skinseg.widgets.elements import wrapped_label

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic import BaseModel
    from qtpy.QtGui import QWheelEvent

UNSET = "by recipe"
PROBLEM_COLOUR = "#e5534b"
MATCH_ANYWHERE = Qt.MatchFlag.MatchContains


class SettingField(QWidget):
    """Editor of one setting: a check box, a list or a line; `complaint` says what is wrong with the value.

    Signals
    -------
    edited()
        The value was changed in the window, not by `show_value`.
    """

    edited = Signal()

    def __init__(
        self,
        section: type[BaseModel],
        name: str,
        *,
        optional: bool = False,
        choices: Sequence[str] = (),
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        info = section.model_fields[name]
        self.problem = ""
        self._options = options_of(info.annotation)
        self._optional, self._empty = optional, UNSET if info.default != "auto" else "auto"
        self.editor = self._make_editor(info.annotation, choices)
        self.complaint = wrapped_label()
        self.complaint.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.editor)
        tip = " ".join((info.description or "").split())
        ending = f" Empty: as the recipe has it, else {value_text(info.default)}." if optional else ""
        takes = f" Takes {expected_values(info)}." if isinstance(self.editor, QLineEdit) else ""
        self.setToolTip(f"<p>{tip}{takes}{ending}</p>")

    def _make_editor(self, annotation: object, choices: Sequence[str]) -> QCheckBox | QComboBox | QLineEdit:
        if annotation is bool and not self._optional:
            box = QCheckBox()
            box.clicked.connect(self.edited)
            return box
        if self._options or choices:
            return self._make_list(choices)
        line = QLineEdit()
        if self._optional:
            line.setPlaceholderText(self._empty)
        line.textChanged.connect(self.edited)  # typed, pasted or put there by an input method
        return line

    def _make_list(self, choices: Sequence[str]) -> QComboBox:
        box = StillComboBox()
        box.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        if self._options:
            box.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
            if self._optional:
                box.addItem(self._empty, None)
            for option in self._options:
                if not (self._optional and option == self._empty):
                    box.addItem(value_text(option), option)
        else:
            box.setEditable(True)
            box.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
            box.addItems(list(choices))
            completer = QCompleter(list(choices))
            completer.setFilterMode(MATCH_ANYWHERE)
            box.setCompleter(completer)
        box.activated.connect(lambda _: self.edited.emit())
        if (line := box.lineEdit()) is not None:
            line.textEdited.connect(lambda _: self.edited.emit())
        return box

    @property
    def value(self) -> object:
        """Value in the editor; None where it is left to the recipe."""
        if isinstance(self.editor, QCheckBox):
            return self.editor.isChecked()
        if isinstance(self.editor, QComboBox) and not self.editor.isEditable():
            return self.editor.currentData()
        text = self.editor.currentText() if isinstance(self.editor, QComboBox) else self.editor.text()
        return None if self._optional and not text.strip() else parse_value(text)

    def show_value(self, value: object) -> None:
        """Put a value in without emitting `edited`."""
        if isinstance(self.editor, QCheckBox):
            self.editor.setChecked(bool(value))
        elif isinstance(self.editor, QComboBox) and not self.editor.isEditable():
            self.editor.setCurrentIndex(max(0, self.editor.findData(value)))
        elif isinstance(self.editor, QComboBox):
            self.editor.setEditText("" if value is None else value_text(value))
        else:
            with QSignalBlocker(self.editor):
                self.editor.setText("" if value is None else value_text(value))

    def enter(self, value: object) -> None:
        """Put a value in as an edit in the window does: with `edited`."""
        self.show_value(value)
        self.edited.emit()

    def complain(self, problem: str) -> None:
        """Show below the field what is wrong with it; hide the line where that is nothing."""
        self.problem = problem
        self.complaint.setText(f'<span style="color:{PROBLEM_COLOUR}">{problem}</span>')
        self.complaint.setVisible(bool(problem))


class StillComboBox(QComboBox):
    """A list that stays as it is while the wheel scrolls the form."""

    def wheelEvent(self, event: QWheelEvent | None) -> None:
        """Qt: leave the wheel to the form, which scrolls."""
        if event is not None:
            event.ignore()
