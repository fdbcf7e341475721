"""napari's own icons and theme colours, for our buttons, rows and plots."""

from collections.abc import Callable
from functools import lru_cache

from napari.resources import get_colorized_svg, get_icon_path
from napari.utils.theme import get_theme
from qtpy.QtCore import QByteArray, QRectF, Qt
from qtpy.QtGui import QColor, QIcon, QPainter, QPen, QPixmap
from qtpy.QtSvg import QSvgRenderer

SIZE = 32


def theme_colour(theme: str, role: str) -> str:
    """Return the hex colour of a role (``text``, ``current``, ``warning`` …) in a napari theme."""
    return str(getattr(get_theme(theme), role).as_hex("long"))


@lru_cache(maxsize=256)
def icon(name: str, colour: str, opacity: float = 1.0) -> QIcon:
    """Draw one of napari's icons as a QIcon.

    Parameters
    ----------
    name : str
        Stem of a file in napari's icon folder, such as ``paint`` or ``visibility``.
    colour : str
        Hex colour to fill it with.
    opacity : float, optional
        0 (invisible) to 1.
    """
    svg = get_colorized_svg(get_icon_path(name), colour, opacity)
    return QIcon(_drawn(lambda p: QSvgRenderer(QByteArray(svg.encode())).render(p, QRectF(0, 0, SIZE, SIZE))))


@lru_cache(maxsize=256)
def swatch(colour: str) -> QIcon:
    """Draw a filled, rounded square of a class colour as a QIcon; an empty outline for ``""``."""

    def draw(painter: QPainter) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QColor("#8a8f98"))
        painter.setBrush(QColor(colour) if colour else Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(QRectF(3, 3, SIZE - 6, SIZE - 6), 5, 5)

    return QIcon(_drawn(draw))


@lru_cache(maxsize=64)
def key_cap(key: str, colour: str) -> QIcon:
    """Draw a key of the keyboard with its letter as a QIcon, for the button that it presses."""

    def draw(painter: QPainter) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(colour), 1.5))
        painter.drawRoundedRect(QRectF(2, 2, SIZE - 4, SIZE - 4), 6, 6)
        font = painter.font()
        font.setPixelSize(20)
        painter.setFont(font)
        painter.drawText(QRectF(0, 0, SIZE, SIZE), Qt.AlignmentFlag.AlignCenter, key)

    return QIcon(_drawn(draw))


def _drawn(draw: Callable[[QPainter], object]) -> QPixmap:
    pixmap = QPixmap(SIZE, SIZE)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    draw(painter)
    painter.end()
    return pixmap
