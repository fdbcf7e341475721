"""Projects from the window: opening, preferences, the demo. No Qt: the slow ones run in a worker thread."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from pathlib import Path
from typing import Any

from trainer.errors import ReadOnlyError, SkinsegError
from trainer.project.project import Project

DEMO = Path.home() / "skinseg-demo"
DEMO_PHOTOS = 48


def open_project(path: Path) -> Project:
    """Open a project, or only for reading where it cannot be written.

    Raises
    ------
    SkinsegError
        If it is no project or cannot be opened.
    """
    try:
        return Project.open(path)
    except ReadOnlyError:
        return Project.open(path, read_only=True)


def annotator_name() -> str:
    """The name in napari's preferences, else the login name."""
    if name := str(getattr(_preferences(), "annotator", "") or ""):
        return name
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "annotator"


def remember(path: Path) -> None:
    """Keep the project as the last one in napari's preferences."""
    preferences = _preferences()
    if preferences is not None:
        preferences.last_project = str(path)


def last_project() -> str:
    """The project folder that was open last and is still there, or an empty string."""
    path = str(getattr(_preferences(), "last_project", "") or "")
    return path if path and Path(path).is_dir() else ""


def wants_trainer() -> bool:
    """Whether napari's preferences ask for the trainer to start with the workspace."""
    return bool(getattr(_preferences(), "start_trainer", False))


def _preferences() -> Any:
    """Our section of napari's preferences, or None where napari is older or the plugin is not installed."""
    try:
        from napari.settings import get_plugin_settings

        return get_plugin_settings("napari-skinseg").window
    except (ImportError, KeyError, AttributeError):
        return None


def attempt(act: Callable[..., str], *given: Any) -> tuple[str, str]:
    """Call `act` and return its path and an empty string, or an empty path and what went wrong.

    A worker of napari that raises takes its window's task list into trouble on some Qt bindings.
    """
    try:
        return act(*given), ""
    except (SkinsegError, OSError) as error:
        return "", str(error)


def demo(folder: Path = DEMO) -> str:
    """Draw the demo's people and make its project, or take the one that is there; returns its path."""
    from trainer.synthetic.demo_project import make_demo

    return str(make_demo(folder, DEMO_PHOTOS).project)
