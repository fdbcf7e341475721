"""What was set up in the window, kept for the next one: tabs, folded docks, brush and class. No Qt."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import platformdirs
from pydantic import TypeAdapter, ValidationError

from trainer.atomic import write_text

FILE_VARIABLE = "SKINSEG_WINDOW"
"""Environment variable that names another file."""


@dataclass(frozen=True)
class Desk:
    """What the next window begins with.

    Attributes
    ----------
    tabs, front
        Tabs that were open, by name, and those of them that were in front.
    curves, layers
        Whether the trainer's curves, and napari's layer list, were unfolded.
    brush, brush_setting
        Diameter in pixels of the screen, and the project's `window.brush_size` at that time: where somebody
        has changed that meanwhile, it counts. 0: none.
    class_name
        The class that was painted.
    map
        Whether a zoomed photo has its small map.
    """

    tabs: tuple[str, ...] = ()
    front: tuple[str, ...] = ()
    curves: bool = False
    layers: bool = False
    brush: int = 0
    brush_setting: int = 0
    class_name: str = ""
    map: bool = True


_READER = TypeAdapter(Desk)


def desk_file() -> Path:
    """Return the file of this user, which need not exist."""
    chosen = os.environ.get(FILE_VARIABLE)
    return (
        Path(chosen) if chosen else platformdirs.user_state_path("skinseg", appauthor=False) / "window.json"
    )


def read_desk() -> Desk:
    """Read what was set up last; a file that is missing, damaged or out of reach counts as none."""
    try:
        return _READER.validate_json(desk_file().read_bytes())
    except (OSError, ValidationError):
        return Desk()


def write_desk(desk: Desk) -> None:
    """Keep it for the next window; where that cannot be written, the next one begins as before."""
    path = desk_file()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, _READER.dump_json(desk).decode())
    except OSError:
        return
