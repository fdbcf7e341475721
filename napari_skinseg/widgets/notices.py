"""Notices of the session and of the trainer, as napari's notifications or in its status bar."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari.utils.notifications import show_error, show_info, show_warning

if TYPE_CHECKING:
    import napari

    from napari_skinseg.views.trainer import TrainerView


def show_notice(viewer: napari.Viewer, level: str, text: str) -> None:
    """Show a notice where its level belongs.

    Parameters
    ----------
    level : str
        ``error``, ``warning`` and ``news`` become notifications; all else goes into the status bar.
    """
    if level == "error":
        show_error(text)
    elif level == "warning":
        show_warning(text)
    elif level == "news":
        show_info(text)
    else:
        viewer.status = text


class TrainerDeathNotice:
    """A warning, once, when a trainer that was seen running has died."""

    def __init__(self) -> None:
        self._was_running = False

    def look(self, view: TrainerView | None) -> None:
        """Compare the trainer's state with the one seen before."""
        if view is not None:
            if self._was_running and view.died:
                show_warning(view.line)
            self._was_running = view.running
