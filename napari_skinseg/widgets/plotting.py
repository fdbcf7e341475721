"""pyqtgraph, on the Qt binding that qtpy has chosen: by itself it could load another one."""

from __future__ import annotations

import os

import qtpy

# Before the import: pyqtgraph chooses as it is loaded.
os.environ.setdefault("PYQTGRAPH_QT_LIB", {"pyqt6": "PyQt6", "pyside6": "PySide6"}.get(qtpy.API, ""))
import pyqtgraph as pg

__all__ = ["pg"]
