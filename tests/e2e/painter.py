"""A real window that is painted in without rest until somebody kills it: what the kill test starts.

Every stroke is journalled after it was made, so that the journal of a killed window tells what was lost.
Run as ``python -P painter.py PROJECT JOURNAL``.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from pathlib import Path

CELL = 6
"""Every stroke has a cell of its own, so that none hides another: pixels."""
STROKES_PER_PHOTO = 25


def cell_of(number: int, shape: tuple[int, int]) -> tuple[int, int]:
    """Middle of the cell that belongs to the stroke of this number on a photo."""
    columns = shape[1] // CELL
    return number // columns * CELL + CELL // 2, number % columns * CELL + CELL // 2


def paint_until_killed(project: Path, journal: Path) -> None:
    """Open the workspace and paint; returns only when the queue has run empty."""
    import napari
    from qtpy.QtCore import QTimer

    from napari_skinseg.widgets.workspace import open_workspace

    lines = journal.read_text().splitlines() if journal.exists() else []
    strokes = Counter(entry["photo"] for line in lines if "photo" in (entry := json.loads(line)))
    with journal.open("a", buffering=1) as book:

        def note(**entry: object) -> None:
            book.write(json.dumps(entry) + "\n")

        viewer = napari.Viewer(show=False)
        dock = open_workspace(viewer, project, "painter")
        assert dock.session is not None
        dock.session.notice.connect(lambda level, text: note(notice=text, level=level))
        note(opened=time.time())

        def paint() -> None:
            session = dock.session
            if session is None or session.current is None:
                return
            photo, layer = session.current.photo.id, session.annotation_layer
            place = cell_of(strokes[photo], layer.data.shape)
            value = 1 + strokes[photo] % 9
            layer.brush_size = 3
            layer.paint(place, value)
            strokes[photo] += 1
            note(photo=photo, row=place[0], column=place[1], value=value, at=time.time())
            if strokes[photo] % STROKES_PER_PHOTO == 0:
                session.accept_and_next()

        timer = QTimer()
        timer.timeout.connect(paint)
        timer.start(40)
        napari.run()


if __name__ == "__main__":
    paint_until_killed(Path(sys.argv[1]), Path(sys.argv[2]))
