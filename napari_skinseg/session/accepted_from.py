"""Masks that were accepted from a model, in the window: listed and put back into the queue, in threads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trainer.project.maintenance.accepted import AcceptedMask, accepted_masks, put_back

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from napari_skinseg.session.background import Background
    from trainer.project.project import Project

    Failed = Callable[[BaseException], None]


class AcceptedFrom:
    """Reads and puts back. All methods belong to the main thread, and answer there."""

    def __init__(self, project: Project, annotator: str, background: Background) -> None:
        self._project, self._annotator, self._background = project, annotator, background

    def find(self, model_id: str, show: Callable[[list[AcceptedMask]], None], failed: Failed) -> None:
        """List the masks that hold what a model proposed and nobody painted; every one is read for that."""
        self._background.read(lambda: accepted_masks(self._project, model_id), show, failed)

    def put_back(
        self, masks: Sequence[AcceptedMask], done: Callable[[list[AcceptedMask]], None], failed: Failed
    ) -> None:
        """Put their photos back into the queue; answers with those that were."""
        self._background.write(lambda: put_back(self._project, masks, self._annotator), done, failed)
