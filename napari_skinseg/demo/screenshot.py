"""Pictures of the workspace for the documents, taken from the real window."""

from __future__ import annotations

from typing import TYPE_CHECKING

import napari

from napari_skinseg.widgets.event_loop import settle
from trainer.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from napari_skinseg.widgets.workspace import WorkspaceDock


def window_of_size(text: str) -> tuple[int, int]:
    """Read ``1440x900``.

    Raises
    ------
    ConfigError
        If it is not two numbers.
    """
    try:
        width, height = (int(part) for part in text.lower().split("x"))
    except ValueError:
        raise ConfigError(f"size {text!r}: write width and height in pixels, as 1440x900") from None
    return width, height


def workspace_picture(
    project: Path,
    out: Path,
    size: tuple[int, int] = (1440, 900),
    annotator: str = "picture",
    act: Callable[[WorkspaceDock], None] | None = None,
) -> Path:
    """Open the workspace and save a picture of the whole window.

    Parameters
    ----------
    project, out
        Folder of the project, and file of the picture.
    size
        Width and height of the window in pixels.
    annotator
        Name of the session.
    act
        Called with the dock before the picture is taken.

    Returns
    -------
    Path
        `out`.
    """
    from napari_skinseg.widgets.workspace import open_workspace

    viewer = napari.Viewer(show=False, show_welcome_screen=False)
    try:
        viewer.window.show()  # brings the window's last size back, so ours comes after
        viewer.window.resize(*size)
        dock = open_workspace(viewer, project, annotator, remembers=False)
        settle(1.5)
        viewer.reset_view()
        if act is not None:
            act(dock)
            settle(1.0)
        out.parent.mkdir(parents=True, exist_ok=True)
        viewer.window.screenshot(str(out), canvas_only=False, flash=False)
        dock.dispose()
    finally:
        viewer.close()
    return out
