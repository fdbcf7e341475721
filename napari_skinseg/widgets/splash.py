"""What stands on the screen while the window is being loaded: the project's name, and what is being done."""

from __future__ import annotations

import sys
import time

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication, QLabel

WIDTH, HEIGHT = 420, 120
SHOWN_SECONDS = 0.5
"""It is waited for so long at most until the screen has it."""


class Splash(QLabel):
    """A small box over the middle of the screen; closed when the window is there.

    It needs Qt alone, so that it comes before napari and the store have been imported.

    Parameters
    ----------
    title
        Name of the project.
    """

    def __init__(self, title: str) -> None:
        self.application = QApplication.instance() or QApplication(sys.argv[:1])
        super().__init__(None, Qt.WindowType.SplashScreen)
        self._title = title
        self.setAttribute(Qt.WidgetAttribute.WA_QuitOnClose, False)
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setTextFormat(Qt.TextFormat.RichText)
        self.setStyleSheet("background: #262930; color: #f0f1f2;")  # napari's dark, before napari is there
        self.setFixedSize(WIDTH, HEIGHT)
        screen = self.screen()
        if screen is not None:
            self.move(screen.availableGeometry().center() - self.rect().center())

    def say(self, doing: str) -> None:
        """Show what is being done, and return when the screen has it: imports keep the event loop waiting."""
        self.setText(f"<h3>SkinSeg – {self._title}</h3><p>{doing} …</p>")
        self.show()
        self.repaint()
        end = time.monotonic() + SHOWN_SECONDS
        handle = self.windowHandle()
        while time.monotonic() < end and (handle is None or not handle.isExposed()):
            QApplication.processEvents()
            time.sleep(0.005)
        QApplication.processEvents()
