"""Take a picture of every state of the window at three sizes, to look at them critically.

``python docs/make_screens.py PROJECT OUT [--only STATE ...]``;
The project is opened as it is: give it a copy.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import napari

from napari_skinseg.widgets.event_loop import settle
from napari_skinseg.widgets.workspace import WorkspaceDock, open_workspace

if TYPE_CHECKING:
    from collections.abc import Iterator

SIZES = ((1100, 700), (1440, 900), (1920, 1080))
TABS = ("queue", "review", "history", "settings", "training", "honesty", "models")


def states(dock: WorkspaceDock, only: set[str]) -> Iterator[str]:
    """Bring the window into one state after another; yields the name of each."""
    assert dock.trainer is not None
    assert dock.desk is not None
    yield "photo"
    dock.trainer.toggle()
    yield "curves"
    dock.trainer.toggle()
    settle(0.3)
    dock.desk.toggle_layers()
    yield "layers"
    dock.desk.toggle_layers()
    for name in TABS:
        if not only or name in only:
            dock.show_extra(name)
            yield name
    if "training" in dock.tabs:
        dock.show_extra("training")
        dock.tabs["training"].toggle_advanced()
        yield "advanced"


def main() -> None:
    """Write the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("project", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--only", nargs="*", default=[], help="these states alone")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    only = set(options.only)
    for width, height in SIZES:
        viewer = napari.Viewer(show=False, show_welcome_screen=False)
        viewer.window.show()
        dock = open_workspace(viewer, remembers=False)
        viewer.window.resize(width, height)
        settle(0.5)
        take(viewer, options.out / f"start-{width}x{height}.png", only)
        dock.open(options.project, "anna")
        viewer.window.resize(width, height)
        settle(2.5)
        for name in states(dock, only):
            settle(0.8)
            take(viewer, options.out / f"{name}-{width}x{height}.png", only)
        dock.dispose()
        viewer.close()


def take(viewer: napari.Viewer, path: Path, only: set[str]) -> None:
    """Save a picture of the whole window, and say so where it has not the size that it was given."""
    if only and path.stem.rsplit("-", 1)[0] not in only:
        return
    window = viewer.window._qt_window
    viewer.window.screenshot(str(path), canvas_only=False, flash=False)
    wanted = path.stem.rsplit("-", 1)[1]
    grown = "" if wanted == f"{window.width()}x{window.height()}" else f" GROWN to {window.size()}"
    print(f"{path}{grown}", flush=True)


if __name__ == "__main__":
    main()
