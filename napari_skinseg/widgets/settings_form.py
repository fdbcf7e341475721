"""Forms made from sections of the settings: one field for each setting."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFormLayout, QLabel, QWidget

from napari_skinseg.views.setting_values import refusal, setting_label
from napari_skinseg.widgets.setting_field import SettingField

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pydantic import BaseModel


class SectionForm(QWidget):
    """A form of one section, filled with its values.

    Parameters
    ----------
    section : BaseModel
        The settings as they are.
    names : iterable of str, optional
        These settings only, in this order.
    optional : bool
        Settings that the file does not name stay empty: the recipe's own value counts, else the default.
    choices : mapping of str to sequence of str
        Suggestions for settings that take any text.

    Signals
    -------
    changed()
        A field was edited in the window.
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
        self.fields: dict[str, SettingField] = {}
        layout = QFormLayout(self)
        layout.setContentsMargins(0, 4, 0, 4)
        layout.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        layout.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        for name in names or type(section).model_fields:
            suggestions = (choices or {}).get(name, ())
            field = SettingField(type(section), name, optional=optional, choices=suggestions)
            self.fields[name] = field
            label = QLabel(setting_label(name))
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
        """Return the values that differ from the settings, by name; None where one was cleared."""
        return {
            name: field.value
            for name, field in self.fields.items()
            if not _same(field.value, self._known(name))
        }

    @property
    def problem(self) -> str:
        """First complaint under a field, with its name; empty where all is well."""
        return next((f"{setting_label(n)}: {f.problem}" for n, f in self.fields.items() if f.problem), "")

    def _known(self, name: str) -> object:
        given = not self.optional or name in self.section.model_fields_set
        return getattr(self.section, name) if given else None

    def _check(self) -> None:
        for name, field in self.fields.items():
            known = _same(field.value, self._known(name))
            field.complain("" if known else refusal(type(self.section), name, field.value))
        self.changed.emit()


def _same(one: object, other: object) -> bool:
    """Whether two values are equal; 1 and True are not, though Python says so."""
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)
