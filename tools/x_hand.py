"""A hand at mouse and keys, by real events of the X server (its XTEST extension), that counts what it does.

The events take the way of every key and click: server, window system, Qt, napari. Seconds are those of
`trainer.effort.costs`; what the window makes the hand wait is measured and added.
"""

from __future__ import annotations

import ctypes
import time
from ctypes.util import find_library
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QPoint
from qtpy.QtWidgets import QApplication

from napari_skinseg.widgets.event_loop import settle
from trainer.effort.costs import GLANCE, KEY, STEERING
from trainer.effort.hand import WORKING_LONG_SIDE
from trainer.effort.strokes import Stroke
from trainer.errors import SkinsegError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from napari_skinseg.session.session import AnnotationSession

MODIFIERS = {"Alt": "Alt_L", "Shift": "Shift_L", "Ctrl": "Control_L"}
CLIENT_MESSAGE, LONGS = 33, 32
"""Kind of an event of the protocol X11, and the size of what it bears, bits."""
PATIENCE = 60.0
TURN = 0.02
"""Seconds that the window gets for an event to arrive."""
STEP = 3.0
"""Pixels of the photo between two moves of a drawn line."""


class XServer:
    """The server of the display, and what a program may feign on it.

    Raises
    ------
    SkinsegError
        If there is no display, or the library of its extension is missing.
    """

    def __init__(self) -> None:
        x11, xtest = find_library("X11"), find_library("Xtst")
        if x11 is None or xtest is None:
            raise SkinsegError("feigned keys need libX11 and libXtst: apt install libxtst6")
        self._x, self._test = ctypes.CDLL(x11), ctypes.CDLL(xtest)
        self._x.XOpenDisplay.restype = ctypes.c_void_p
        self._x.XStringToKeysym.restype = self._x.XInternAtom.restype = ctypes.c_ulong
        display = self._x.XOpenDisplay(None)
        if not display:
            raise SkinsegError("no display: run it under xvfb-run")
        self._display = ctypes.c_void_p(display)

    def focus(self, window: int) -> None:
        """Give a window the keys, as a window manager does."""
        self._x.XSetInputFocus(self._display, ctypes.c_ulong(window), 2, ctypes.c_ulong(0))
        self._x.XSync(self._display, 0)

    def close(self, window: int) -> None:
        """Ask a window to close, as the cross in its frame does."""
        event = (ctypes.c_long * 24)()
        words = ctypes.cast(event, ctypes.POINTER(ctypes.c_int))
        words[0] = CLIENT_MESSAGE
        event[4], event[5] = window, self._x.XInternAtom(self._display, b"WM_PROTOCOLS", 0)
        words[12] = LONGS
        event[7] = self._x.XInternAtom(self._display, b"WM_DELETE_WINDOW", 0)
        self._x.XSendEvent(self._display, ctypes.c_ulong(window), 0, ctypes.c_long(0), ctypes.byref(event))
        self._x.XSync(self._display, 0)

    def key(self, name: str, down: bool) -> None:
        """Press or release a key of an English board."""
        symbol = ctypes.c_ulong(self._x.XStringToKeysym(name.encode()))
        code = self._x.XKeysymToKeycode(self._display, symbol)
        self._test.XTestFakeKeyEvent(self._display, code, int(down), ctypes.c_ulong(0))
        self._x.XSync(self._display, 0)

    def move(self, x: int, y: int) -> None:
        """Move the mouse on the screen."""
        self._test.XTestFakeMotionEvent(self._display, -1, x, y, ctypes.c_ulong(0))
        self._x.XSync(self._display, 0)

    def button(self, down: bool) -> None:
        """Press or release the left button."""
        self._test.XTestFakeButtonEvent(self._display, 1, int(down), ctypes.c_ulong(0))
        self._x.XSync(self._display, 0)


class XHand:
    """A hand over the photo that a session has open; places are (row, column) of the photo.

    Parameters
    ----------
    server
        Takes the events.
    session
        Of a window that is shown.
    """

    def __init__(self, server: XServer, session: AnnotationSession) -> None:
        self._server, self._session = server, session
        viewer: Any = session.viewer
        self._canvas = viewer.window._qt_viewer.canvas.native
        self._window = int(viewer.window._qt_window.winId())
        self._camera = getattr(viewer, "scene", viewer).camera
        self.begin()

    def begin(self) -> None:
        """Count from nothing, with the keys going to the photo."""
        self.inputs: list[str] = []
        self.seconds = self.waited = 0.0
        self._canvas.setFocus()
        self._server.focus(self._window)
        settle(0.2)

    def key(self, name: str, *modifiers: str, until: Callable[[], object] | None = None) -> None:
        """Press a key, with others held; one input."""
        for held in modifiers:
            self._server.key(MODIFIERS[held], True)
        self._server.key(name, True)
        self._server.key(name, False)
        for held in reversed(modifiers):
            self._server.key(MODIFIERS[held], False)
        self._done("+".join((*modifiers, name)), KEY * (1 + len(modifiers)), until)

    def point(self, place: tuple[float, float]) -> None:
        """Move the mouse to a place: no input, but an aim."""
        self._to(place)
        self.seconds += STEERING.aim
        settle(TURN)

    def click(
        self, place: tuple[float, float], *modifiers: str, until: Callable[[], object] | None = None
    ) -> None:
        """Click on a place."""
        self._to(place)
        settle(QApplication.doubleClickInterval() / 1000)  # an aim takes longer; two clicks are no double one
        for held in modifiers:
            self._server.key(MODIFIERS[held], True)
        self._server.button(True)
        self._server.button(False)
        for held in modifiers:
            self._server.key(MODIFIERS[held], False)
        self._done("+".join((*modifiers, "click")), STEERING.aim + KEY * len(modifiers), until)

    def outline(self, corners: np.ndarray, shape: tuple[int, ...]) -> None:
        """Drag along a closed line ``(n, 2)`` on a photo of a shape, as exactly as an outline asks for."""
        self._to(corners[0])
        self._server.button(True)
        settle(TURN)
        for place in _dense(corners):
            self._to(place)
            settle(TURN / 2)
        self._server.button(False)
        scale = WORKING_LONG_SIDE / max(shape)
        stroke = Stroke(0, corners * scale, 0.0, 0)
        self._done("drag", STEERING.of(stroke, WORKING_LONG_SIDE), None)

    def drag_over(
        self, way: np.ndarray, shape: tuple[int, ...], room: float, until: Callable[[], object] | None = None
    ) -> None:
        """Drag along a way ``(n, 2)`` with so many pixels of room on a photo of a shape."""
        self._to(way[0])
        self._server.button(True)
        settle(TURN)
        for place in _dense(way, closed=False):
            self._to(place)
            settle(TURN / 2)
        self._server.button(False)
        scale = WORKING_LONG_SIDE / max(shape)
        stroke = Stroke(0, way * scale, 1.0, 0, room=room * scale)
        self._done("drag", STEERING.of(stroke, WORKING_LONG_SIDE), until)

    def look(self) -> None:
        """See whether what appeared is right."""
        self.seconds += GLANCE

    def _to(self, place: Iterable[float]) -> None:
        row, column = place
        middle, zoom = self._camera.center[-2:], self._camera.zoom
        x = self._canvas.width() / 2 + (column + 0.5 - middle[1]) * zoom
        y = self._canvas.height() / 2 + (row + 0.5 - middle[0]) * zoom
        there = self._canvas.mapToGlobal(QPoint(round(x), round(y)))
        self._server.move(there.x(), there.y())

    def _done(self, name: str, seconds: float, until: Callable[[], object] | None) -> None:
        """Count an input, and the time until the window has answered it."""
        self.inputs.append(name)
        self.seconds += seconds
        start = time.perf_counter()
        settle(TURN)
        while until is not None and not until():
            if time.perf_counter() - start > PATIENCE:
                raise SkinsegError(f"{name} had no answer within {PATIENCE:.0f} s: {self._session.status}")
            settle(TURN)
        self.waited += time.perf_counter() - start


def _dense(corners: np.ndarray, closed: bool = True) -> Iterable[np.ndarray]:
    """Yield places along a line, and the first again where it is closed."""
    ends = np.roll(corners, -1, axis=0)
    for start, end in list(zip(corners, ends, strict=True))[: len(corners) if closed else -1]:
        steps = max(1, round(float(np.linalg.norm(end - start)) / STEP))
        for step in range(1, steps + 1):
            yield start + (end - start) * step / steps
