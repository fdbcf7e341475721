"""Projects opened or made from the window, and the last one in napari's preferences. No Qt."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, Protocol

from trainer.errors import ReadOnlyError, SkinsegError
from trainer.networks.published.process import fetched_meanwhile
from trainer.networks.published.registry import MOBILESAM
from trainer.project.project import Project

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")

Made = tuple[str, str]
"""Path of a project, and a remark for people; without a path the remark says what went wrong."""

DEMO = Path.home() / "skinseg-demo"
DEMO_PHOTOS = 48


class Preferences(Protocol):
    """The plugin's section of napari's preferences."""

    annotator: str
    last_project: str
    start_trainer: bool


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
    """Return the name in napari's preferences, else the login name."""
    if name := str(getattr(_preferences(), "annotator", "") or ""):
        return name
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "annotator"


def remember(path: Path) -> None:
    """Write the project into napari's preferences as the last one."""
    preferences = _preferences()
    if preferences is not None:
        preferences.last_project = str(path)


def last_project() -> str:
    """Return the project folder that was open last, or an empty string if it is gone."""
    path = str(getattr(_preferences(), "last_project", "") or "")
    return path if path and Path(path).is_dir() else ""


def wants_trainer() -> bool:
    """Return whether napari's preferences ask for the trainer to start with the workspace."""
    return bool(getattr(_preferences(), "start_trainer", False))


def _preferences() -> Preferences | None:
    """Return our section of napari's preferences, None where napari is older or the plugin not installed."""
    try:
        from napari.settings import get_plugin_settings

        preferences: Preferences = get_plugin_settings("napari-skinseg").window
    except (ImportError, KeyError, AttributeError):
        return None
    return preferences


def attempt(act: Callable[P, Made], *args: P.args, **kwargs: P.kwargs) -> Made:
    """Call `act` and return its path and remark, or an empty path and the error as text.

    A worker of napari that raises takes its window's task list into trouble on some Qt bindings.
    """
    try:
        return act(*args, **kwargs)
    except (SkinsegError, OSError) as error:
        return "", str(error)


def demo(folder: Path = DEMO) -> Made:
    """Render the demo's photos and make its project, or take the one that is there.

    Meanwhile MobileSAM's weights are fetched, unless they are at hand; the remark says where that failed.
    """
    from trainer.synthetic.demo_project import make_demo

    said: list[str] = []
    with fetched_meanwhile(MOBILESAM, said.append):
        path = str(make_demo(folder, DEMO_PHOTOS).project)
    return path, said[1] if len(said) > 1 else ""
