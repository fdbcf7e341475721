"""Two readers' masks of the open photo beside each other; a click puts one on the desk."""

from __future__ import annotations

from html import escape
from math import isnan
from typing import TYPE_CHECKING

from qtpy.QtCore import QSize, Qt, Signal
from qtpy.QtGui import QIcon
from qtpy.QtWidgets import QSizePolicy, QToolButton, QVBoxLayout, QWidget

from napari_skinseg.session.thumbnails import Compared
from napari_skinseg.views.annotate import shortened
from napari_skinseg.widgets.elements import row_of, wrapped_label
from napari_skinseg.widgets.photo_list import pixmap

if TYPE_CHECKING:
    from qtpy.QtGui import QResizeEvent

    from napari_skinseg.session.session import AnnotationSession
    from napari_skinseg.session.two_readings import TwoReadings

SIDES = (112, 160, 224)
"""Long sides of a picture, pixels: the largest of which two have room is shown."""
NAME = 14
"""Letters of a reader's name below a picture; the tooltip has all."""
FRAME = """QToolButton { border: 2px solid transparent; background: transparent; padding: 2px }
QToolButton:checked { border-color: #4c9be8 }"""
"""Frames the picture whose mask is on the photo."""
TIP = "{}: a click puts this mask on the photo, V takes what is there (Shift+V shows the other)"


class ReadersBeside(QWidget):
    """Both readings of the open photo, marked where they differ; in sight while nobody has decided.

    Signals
    -------
    compares(bool)
        Whether there are two readings to show.
    """

    compares = Signal(bool)

    def __init__(self, session: AnnotationSession, *, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.found: TwoReadings | None = None
        self._bare, self._side = False, SIDES[0]
        self.pictures = tuple(self._picture(place) for place in range(2))
        self.agreement = wrapped_label()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(row_of(*((picture, 1) for picture in self.pictures)))
        layout.addWidget(self.agreement)
        session.photo_changed.connect(self.refresh)
        self.hide()
        self.refresh()

    def _picture(self, place: int) -> QToolButton:
        made = QToolButton()
        made.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
        made.setCheckable(True)
        made.setStyleSheet(FRAME)
        made.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        made.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        made.clicked.connect(lambda: self._put_on_desk(place))
        return made

    def refresh(self) -> None:
        """Read again what the readers of the open photo say."""
        self.session.reviewing.compare(self._show)

    def show_bare(self, bare: bool) -> None:
        """Show or hide the sensitive classes."""
        self._bare = bare
        self._draw()

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Qt: the pictures take the room that there is."""
        super().resizeEvent(event)
        fitting = [side for side in SIDES if 2 * (side + 16) <= self.width()]
        side = fitting[-1] if fitting else SIDES[0]
        if side != self._side:
            self._side = side
            self._draw()

    def _show(self, found: TwoReadings | None) -> None:
        self.found = found
        self.setVisible(found is not None)
        self.compares.emit(found is not None)
        if found is not None:
            classes = self.session.project.classes
            self.agreement.setText(agreement_words(found, classes.names, classes.colours))
            self._draw()

    def _draw(self) -> None:
        """Put the pictures in that are there; the others come."""
        found = self.found
        if found is None:
            return
        now = self.session.current
        shown = None if now is None or now.revision is None else now.revision.id
        for place, picture in enumerate(self.pictures):
            mine, other = (found.first, found.second) if place == 0 else (found.second, found.first)
            title = reader_title(found, place)
            picture.setText(shortened(title, NAME + 5))
            picture.setToolTip(TIP.format(title))
            picture.setChecked(mine == shown)
            picture.setIconSize(QSize(self._side, self._side))
            thumbnails, mask = self.session.browser.thumbnails, Compared(mine, other)
            pixels = thumbnails.get(found.photo_id, mask, self._draw, self._bare, self._side)
            picture.setIcon(QIcon() if pixels is None else QIcon(pixmap(pixels, self._side)))

    def _put_on_desk(self, place: int) -> None:
        if self.found is not None:
            self.session.reviewing.switch_reader(self.found.second if place else self.found.first)
        self._draw()  # what is on the desk stays marked, whatever was clicked


def reader_title(found: TwoReadings, place: int) -> str:
    """Name one of two readers; a first mask that somebody has changed since says so."""
    title = f"{'1st' if place == 0 else '2nd'}: {found.names[place]}"
    return f"{title}, corrected" if place == 0 and found.corrected else title


def agreement_words(found: TwoReadings, names: tuple[str, ...], colours: tuple[str, ...]) -> str:
    """Say how far two readers agree, in all and by class, the class with the least agreement first."""
    if isnan(found.same):
        return "They have labelled no pixel both."
    by_class = sorted(
        (value, name, colour)
        for value, name, colour in zip(found.dice, names, colours, strict=True)
        if not isnan(value)
    )
    said = (
        f'<span style="color:{colour}">■</span>&nbsp;{escape(name)}&nbsp;{value:.2f}'
        for value, name, colour in by_class
    )
    return f"Same class on {found.same:.0%} of the pixels; white: where not. By class: {', '.join(said)}"
