"""What finds masks for clicks on the open photo: MobileSAM where its embedding is there, else superpixels."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from trainer.errors import SkinsegError
from trainer.networks.published.folder import find_part
from trainer.networks.published.registry import DECODER, MOBILESAM
from trainer.selection.proposals import ClickModel
from trainer.selection.sam_decoder import SamDecoder
from trainer.selection.superpixels import Superpixels
from trainer.service.process import trainer_liveness

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from trainer.project.photo import Photo
    from trainer.project.project import Project
    from trainer.selection.proposals import Proposer


STROKES = "; drag over all of a thing"
"""What a hand does best where a click finds a piece alone."""
DRAGS = {False: " or drag a box around it", True: " or drag over all of it"}
"""What a drag is to a proposer, by whether it takes strokes."""


@dataclass(frozen=True)
class Found:
    """What finds masks now, and what is still to come."""

    proposer: Proposer
    why: str = ""
    """A sentence where it is not MobileSAM, which may still come: weights, a trainer, or its embedding."""


def help_words(found: Found | None) -> str:
    """Say what a hand can do; a drag does what the finder of masks makes of it."""
    drag = "" if found is None else DRAGS[found.proposer.by_strokes]
    return f"click a thing (Shift: less of it){drag}; Tab: another; Enter or a digit paints it"


class ClickProposers:
    """Finds the proposer of one photo; called in threads.

    Parameters
    ----------
    project
        Holds embeddings, and the weights of its own that come before the user's.
    photo
        The photo as it was when it was read: what was made of other pixels is not used.
    image
        ``(height, width, 3)`` uint8.
    """

    def __init__(self, project: Project, photo: Photo, image: NDArray[np.uint8]) -> None:
        self._project, self._photo, self._image = project, photo, image
        self._superpixels: Superpixels | None = None

    def find(self) -> Found:
        """Find the best proposer there is now."""
        decoder, why = self._decoder()
        if decoder is not None:
            photo = self._photo
            embedding = self._project.embeddings.read(photo.id, photo.sha256, MOBILESAM.sha256)
            if embedding is not None:
                height, width = self._image.shape[:2]
                return Found(ClickModel(decoder, embedding, (height, width)))
            if trainer_liveness(self._project) != "running":
                mend = "Start it below to select whole things"
                why = f"the trainer is not running: {mend}; colour patches meanwhile"
            else:
                why = "colour patches, until the trainer has looked at this photo"
        if self._superpixels is None:
            self._superpixels = Superpixels(self._image)
        return Found(self._superpixels, f"{why}{STROKES}")

    def _decoder(self) -> tuple[SamDecoder | None, str]:
        path = find_part(MOBILESAM, DECODER, self._project.path / "pretrained")
        if path is None:
            mend = f"skinseg weights get {MOBILESAM.name} ({MOBILESAM.megabytes})"
            return None, f"colour patches: {mend} finds whole things"
        try:
            return _load(path, path.stat().st_mtime_ns), ""
        except (SkinsegError, OSError) as error:
            return None, f"colour patches: {error}"


@lru_cache(maxsize=1)
def _load(path: Path, changed: int) -> SamDecoder:
    return SamDecoder.load(path)
