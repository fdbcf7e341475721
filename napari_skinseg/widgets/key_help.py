"""The table of keys, in the window, made from the bindings themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from qtpy.QtCore import QSize, Qt
from qtpy.QtWidgets import QDialog, QGridLayout, QLabel, QVBoxLayout, QWidget

from napari_skinseg.widgets.elements import scrolled, wrapped_label

Binding = tuple[str, str, Callable[..., object]]
COLUMNS = 2
FIRST = "Keys work while a photo is open. If one does nothing, click the photo first."
DRAWN = (
    "On the photo dots mean background; other classes have a line around them; what is bare is not labelled."
)
AROUND = (48, 88)
"""Width and height around the table of keys, pixels."""


class KeyHelp(QDialog):
    """A small window that stays open beside the photo; neither modal nor given the keyboard.

    Parameters
    ----------
    bindings
        The keys in force.
    mouse
        What the mouse does, and its name.
    """

    def __init__(
        self,
        bindings: Iterable[Binding],
        mouse: Iterable[tuple[str, str]] = (),
        *,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent, Qt.WindowType.Tool)  # a tool window leaves the parent its shortcuts
        self.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
        self.setWindowTitle("SkinSeg keys")
        self.setModal(False)
        self.lines = [(key_text(key), sentence) for key, sentence, _ in bindings] + list(mouse)
        table = QWidget()
        grid = QGridLayout(table)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(14)
        height = -(-len(self.lines) // COLUMNS)
        sentences: list[QLabel] = []
        for place, (key, sentence) in enumerate(self.lines):
            row, column = place % height, 2 * (place // height)
            label = QLabel(f"<b>{key}</b>")
            label.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            grid.addWidget(label, row, column)
            sentences.append(QLabel(sentence))
            grid.addWidget(sentences[-1], row, column + 1)
            grid.setColumnStretch(column + 1, 1)
        layout = QVBoxLayout(self)
        for line in (FIRST, DRAWN):
            layout.addWidget(wrapped_label(line))
        layout.addWidget(scrolled(table), 1)
        whole = table.sizeHint() + QSize(*AROUND)
        screen = self.screen()
        room = whole if screen is None else whole.boundedTo(screen.availableSize() * 0.9)
        for label in sentences:
            label.setWordWrap(room.width() < whole.width())
        self.resize(room)


def key_text(key: str) -> str:
    """Write ``Control-Shift-Z`` as ``Ctrl + Shift + Z``."""
    names = {"Control": "Ctrl", "Period": ".", "Comma": ",", "BracketLeft": "[", "BracketRight": "]"}
    parts = key.split("-") if len(key) > 1 else [key]
    return " + ".join(names.get(part, part).replace("<", "&lt;") for part in parts)
