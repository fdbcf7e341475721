"""Small parts that several docks and tabs are built of: buttons, labels, rows, boxes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from qtpy.QtCore import QEvent, QObject, QSize, Qt
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFrame,
    QGroupBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QMainWindow,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QTableView,
    QVBoxLayout,
    QWidget,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

BREAK = "\u200b"
"""A place where a line may break, and nothing that can be seen."""
BREAKABLE = re.compile(r"[/\\_\-.=]|[^\s/\\_\-.=]{24}(?=\S)")
"""What a line may break after: the joints of a path, and long words where they must."""
LEAST_ROOM = 72
"""Height that a part which scrolls keeps in the lowest window, pixels."""


def keys_to_photo(widget: QWidget) -> None:
    """Give the keyboard to the photo of the window that a widget is in: it was just opened from there."""
    above: QWidget | None = widget
    while above is not None and not isinstance(above, QMainWindow):
        above = above.parentWidget()
    photo = None if above is None else above.centralWidget()
    if photo is not None:
        photo.setFocus()


def button(text: str, tip: str = "", action: Callable[[], object] | None = None) -> QPushButton:
    """Make a button that leaves the keyboard to the canvas: Space must reach it, not the last button.

    Parameters
    ----------
    text
        Label of the button.
    tip
        Its tooltip.
    action
        Called without arguments at every click.
    """
    made = QPushButton(text)
    made.setToolTip(tip)
    made.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    if action is not None:
        made.clicked.connect(lambda: action())  # Qt would pass whether it is checked
    return made


def bare_box(shown: bool, action: Callable[[bool], object]) -> QCheckBox:
    """Make the box beside small pictures by which somebody asks to see sensitive classes."""
    made = QCheckBox("show what is hidden")
    made.setToolTip("Sensitive classes (privacy.sensitive) are blurred in small pictures")
    if not shown:
        made.hide()
    made.toggled.connect(action)
    return made


def choice(any_of_them: str, items: Iterable[tuple[str, object]]) -> QComboBox:
    """Make a list of values to filter by, whose first entry asks for none."""
    box = QComboBox()
    box.setMinimumContentsLength(8)
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    box.addItem(any_of_them, None)
    for text, value in items:
        box.addItem(text, value)
    return box


class WrappedLabel(QLabel):
    """A label that breaks its text anywhere it must: a long path would else widen the whole window."""

    def __init__(self, text: str = "") -> None:
        super().__init__()
        self._text = ""
        self.setWordWrap(True)
        self.setText(text)

    def setText(self, text: str | None) -> None:
        """Qt: show a text; markup stays as it is."""
        self._text = text or ""
        markup = "<" in self._text and self.textFormat() != Qt.TextFormat.PlainText
        super().setText(self._text if markup else BREAKABLE.sub(rf"\g<0>{BREAK}", self._text))

    def text(self) -> str:
        """Qt: the text as it was given."""
        return self._text


def wrapped_label(text: str = "") -> QLabel:
    """Make a label that breaks its text where the dock is narrow."""
    return WrappedLabel(text)


def set_bold(label: QLabel) -> None:
    """Set the text of a label in bold."""
    font = label.font()
    font.setBold(True)
    label.setFont(font)


def horizontal_line() -> QFrame:
    """Make a line between the widgets above and below."""
    line = QFrame()
    line.setFrameShape(QFrame.Shape.HLine)
    return line


def row_of(*widgets: tuple[QWidget, int]) -> QHBoxLayout:
    """Lay (widget, stretch factor) pairs out from left to right."""
    row = QHBoxLayout()
    for widget, stretch in widgets:
        row.addWidget(widget, stretch)
    return row


def group_box(title: str = "", content: QWidget | None = None) -> QGroupBox:
    """Put a frame with a title around a widget, or around those that are added to its layout later."""
    box = QGroupBox(title)
    layout = QVBoxLayout(box)
    layout.setContentsMargins(6, 6, 6, 6)
    if content is not None:
        layout.addWidget(content)
    return box


def hide_row_numbers(table: QTableView, row_height: int) -> QHeaderView:
    """Hide the header of the rows and give all rows one height, in pixels; return the header."""
    header = table.verticalHeader()
    assert header is not None
    header.hide()
    header.setDefaultSectionSize(row_height)
    return header


def column_header(table: QTableView) -> QHeaderView:
    """Return the header of the columns, which every table has."""
    header = table.horizontalHeader()
    assert header is not None
    return header


def scrolled(content: QWidget) -> QScrollArea:
    """Put a form into an area that scrolls where the window is low."""
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setWidget(content)
    return area


class SnugScroll(QScrollArea):
    """As high as its content where there is room; scrolls in a lower window."""

    def __init__(self, content: QWidget) -> None:
        super().__init__()
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self.setWidget(content)

    def sizeHint(self) -> QSize:
        """Qt: the content's, and napari's border around it."""
        content = self.widget()
        return super().sizeHint() if content is None else content.sizeHint() + QSize(2, 2)

    def minimumSizeHint(self) -> QSize:
        """Qt: a few rows of the content."""
        return QSize(super().minimumSizeHint().width(), min(LEAST_ROOM, self.sizeHint().height()))

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Qt: follow the content as it grows."""
        if event is not None and event.type() == QEvent.Type.LayoutRequest:
            self.updateGeometry()
        return bool(super().eventFilter(watched, event))
