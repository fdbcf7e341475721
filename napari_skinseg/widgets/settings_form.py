"""Forms made from sections of the settings: one field for each setting, its docstring as tooltip."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from qtpy.QtCore import QSignalBlocker, Qt, Signal
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QCompleter,
    QFormLayout,
    QLabel,
    QLineEdit,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

UNSET = "by recipe"
TROUBLE = "#e5534b"
MATCH_ANYWHERE = Qt.MatchFlag.MatchContains


class SectionForm(QWidget):
    """A form of one section, filled with its values.

    Parameters
    ----------
    section : BaseModel
        The settings as they are.
    names : iterable of str, optional
        These settings only, in this order.
    optional : bool
        Settings that nobody set stay empty: the recipe's own value counts for them, else the default.
    choices : mapping of str to sequence of str
        Suggestions for settings that take any text.

    Signals
    -------
    changed()
        A field was edited.
    """

    changed = Signal()

    def __init__(
        self,
        section: BaseModel,
        names: Iterable[str] | None = None,
        *,
        optional: bool = False,
        choices: Mapping[str, Sequence[str]] | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.section, self.optional = section, optional
        self.fields: dict[str, Field] = {}
        layout = QFormLayout(self)
        layout.setContentsMargins(0, 4, 0, 4)
        layout.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        layout.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        for name in names or type(section).model_fields:
            field = Field(type(section), name, optional=optional, choices=(choices or {}).get(name, ()))
            self.fields[name] = field
            label = QLabel(words(name))
            label.setToolTip(field.toolTip())
            layout.addRow(label, field)
            layout.addRow(field.complaint)  # over both columns: one line is enough
        self.fill(section)
        for field in self.fields.values():
            field.edited.connect(self._check)

    def fill(self, section: BaseModel) -> None:
        """Show another state of the same section; what was edited is forgotten."""
        self.section = section
        for name, field in self.fields.items():
            field.show_value(self._known(name))
            field.complain("")

    def changes(self) -> dict[str, Any]:
        """What differs from the settings as they are: values by name, None where one was cleared."""
        return {
            name: field.value
            for name, field in self.fields.items()
            if not _same(field.value, self._known(name))
        }

    @property
    def problem(self) -> str:
        """The first complaint under a field, with its name; empty where all is well."""
        return next((f"{words(n)}: {f.problem}" for n, f in self.fields.items() if f.problem), "")

    def _known(self, name: str) -> Any:
        given = not self.optional or name in self.section.model_fields_set
        return getattr(self.section, name) if given else None

    def _check(self) -> None:
        for name, field in self.fields.items():
            known = _same(field.value, self._known(name))
            field.complain("" if known else refusal(type(self.section), name, field.value))
        self.changed.emit()


class Field(QWidget):
    """One setting: a check box, a list or a line; `complaint` says what is wrong with the value.

    Signals
    -------
    edited()
        By hand.
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
        self.editor: Any = self._make_editor(info.annotation, choices)
        self.complaint = QLabel()
        self.complaint.setWordWrap(True)
        self.complaint.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.editor)
        tip = " ".join((info.description or "").split())
        ending = f" Empty: as the recipe has it, else {plain(info.default)}." if optional else ""
        takes = f" Takes {expected(info)}." if isinstance(self.editor, QLineEdit) else ""
        self.setToolTip(f"<p>{tip}{takes}{ending}</p>")

    def _make_editor(self, kind: Any, choices: Sequence[str]) -> Any:
        if kind is bool and not self._optional:
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

    def _make_list(self, choices: Sequence[str]) -> Any:
        box = StillComboBox()
        box.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        if self._options:
            box.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
            if self._optional:
                box.addItem(self._empty, None)
            for option in self._options:
                if not (self._optional and option == self._empty):
                    box.addItem(plain(option), option)
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
    def value(self) -> Any:
        """What the field holds; None where it is left to the recipe."""
        if isinstance(self.editor, QCheckBox):
            return self.editor.isChecked()
        if isinstance(self.editor, QComboBox) and not self.editor.isEditable():
            return self.editor.currentData()
        text = self.editor.currentText() if isinstance(self.editor, QComboBox) else self.editor.text()
        return None if self._optional and not text.strip() else parsed(text)

    def show_value(self, value: Any) -> None:
        """Put a value in, silently."""
        if isinstance(self.editor, QCheckBox):
            self.editor.setChecked(bool(value))
        elif isinstance(self.editor, QComboBox) and not self.editor.isEditable():
            self.editor.setCurrentIndex(max(0, self.editor.findData(value)))
        elif isinstance(self.editor, QComboBox):
            self.editor.setEditText("" if value is None else plain(value))
        else:
            with QSignalBlocker(self.editor):
                self.editor.setText("" if value is None else plain(value))

    def enter(self, value: Any) -> None:
        """Put a value in as a hand does."""
        self.show_value(value)
        self.edited.emit()

    def complain(self, problem: str) -> None:
        """Say below the field what is wrong with it, or nothing."""
        self.problem = problem
        self.complaint.setText(f'<span style="color:{TROUBLE}">{problem}</span>')
        self.complaint.setVisible(bool(problem))


class StillComboBox(QComboBox):
    """A list that stays as it is while the wheel scrolls the form."""

    def wheelEvent(self, event: Any) -> None:
        """Qt: the form's to use."""
        event.ignore()


def options_of(annotation: Any) -> tuple[Any, ...]:
    """The values a Literal or bool setting can have; none for others."""
    if annotation is bool:
        return (True, False)
    return get_args(annotation) if get_origin(annotation) is Literal else ()


def refusal(section: type[BaseModel], name: str, value: Any) -> str:
    """Why a setting cannot have this value, in a few words; empty where it can."""
    if value is None:
        return ""
    try:
        section.model_validate({name: value})
    except ValidationError as error:
        own = [e["msg"].removeprefix("Value error, ") for e in error.errors() if e["type"] == "value_error"]
        return own[0] if own else f"must be {expected(section.model_fields[name])}"
    return ""


def expected(info: FieldInfo) -> str:
    """What a setting takes: ``a number, 0 to 1``, ``a whole number or auto``."""
    return " or ".join(_kinds(info.annotation, info.metadata))


def _kinds(kind: Any, metadata: Sequence[Any]) -> list[str]:
    if get_origin(kind) is Annotated:
        kind, *more = get_args(kind)
        nested = [m for one in more for m in (one.metadata if isinstance(one, FieldInfo) else [one])]
        return _kinds(kind, [*metadata, *nested])
    if get_origin(kind) in (Union, UnionType):
        return [text for part in get_args(kind) for text in _kinds(part, metadata)]
    if get_origin(kind) is Literal:
        return [plain(option) for option in get_args(kind)]
    noun = {int: "a whole number", float: "a number", bool: "yes or no"}.get(kind, "text")
    bounds = limits(metadata)
    return [f"{noun}, {bounds}" if bounds else noun]


def limits(metadata: Sequence[Any]) -> str:
    """``0 to 1``, ``1 or more``, ``above 0``; empty without limits."""
    low = next((f"{m.ge:g}" for m in metadata if isinstance(m, Ge)), "")
    above = next((f"above {m.gt:g}" for m in metadata if isinstance(m, Gt)), "")
    high = next((f"{m.le:g}" for m in metadata if isinstance(m, Le)), "")
    below = next((f"below {m.lt:g}" for m in metadata if isinstance(m, Lt)), "")
    if low and high:
        return f"{low} to {high}"
    parts = [f"{low} or more" if low else above, f"{high} or less" if high else below]
    return ", ".join(part for part in parts if part)


def parsed(text: str) -> Any:
    """Read a number where the text is one: ``513``, ``1e-4``; any other text as it is."""
    text = text.strip()
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def plain(value: Any) -> str:
    """A value as a person writes it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)


def words(name: str) -> str:
    """``steps_fast`` reads as ``steps fast``."""
    return name.replace("_", " ")


def _same(one: Any, other: Any) -> bool:
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)
