"""A hand in a real window, by real events of Qt: a mouse over the photo, and keys."""

from __future__ import annotations

import os
import sys
import time

import pytest
from qtpy.QtCore import QPoint, QPointF, Qt
from qtpy.QtGui import QWheelEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication
from workbench import until

LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


class Hand:
    """A mouse over the canvas of a session, in pixels of the photo."""

    def __init__(self, session) -> None:
        self.session, self.viewer = session, session.viewer
        self.canvas = self.viewer.window._qt_viewer.canvas.native
        self.camera = getattr(self.viewer, "scene", self.viewer).camera

    def at(self, row: float, column: float) -> QPoint:
        """The place of a pixel of the photo on the canvas."""
        middle = self.camera.center[-2:]
        zoom = self.camera.zoom
        x = self.canvas.width() / 2 + (column - middle[1]) * zoom
        y = self.canvas.height() / 2 + (row - middle[0]) * zoom
        return QPoint(round(x), round(y))

    def press(self, row, column, button=LEFT):
        QTest.mousePress(self.canvas, button, NONE, self.at(row, column))

    def move(self, row, column):
        QTest.mouseMove(self.canvas, self.at(row, column))

    def release(self, row, column, button=LEFT):
        QTest.mouseRelease(self.canvas, button, NONE, self.at(row, column))

    def click(self, row, column):
        self.press(row, column)
        self.release(row, column)
        self.rest()

    def wheel(self, modifiers, turns=1):
        place = QPointF(self.at(20, 20))
        for _ in range(turns):
            event = QWheelEvent(
                place,
                QPointF(self.canvas.mapToGlobal(place.toPoint())),
                QPoint(0, 0),
                QPoint(0, 120),
                Qt.MouseButton.NoButton,
                modifiers,
                Qt.ScrollPhase.NoScrollPhase,
                False,
            )
            QApplication.sendEvent(self.canvas, event)

    def key(self, key, modifiers=NONE):
        QTest.keyClick(self.canvas, key, modifiers)

    def rest(self, seconds=0.05):
        """Let Qt and the session do what is due."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            QApplication.processEvents()
            self.session.poll()
            time.sleep(0.005)


@pytest.fixture
def hand(make_napari_viewer, project, open_session):
    """A hand over the first photo of a session, in a window of 1000 by 800."""
    if sys.platform == "linux" and not os.environ.get("DISPLAY"):
        pytest.skip("napari's canvas needs a display")
    viewer = make_napari_viewer()
    viewer.window._qt_window.resize(1000, 800)
    viewer.window._qt_window.show()
    session = open_session(project, viewer=viewer)
    session.open_next()
    until(session, lambda: session.current is not None)
    hand = Hand(session)
    hand.rest(0.3)
    yield hand
    session.close()
