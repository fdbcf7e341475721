"""Revisions of masks as values: one saved state of a mask, and the truth that the current one holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from trainer.errors import ConflictError

if TYPE_CHECKING:
    from pathlib import Path

    from trainer.project.states import RevisionKind

__all__ = ["Labels", "MaskConflictError", "Revision", "Truth"]

Labels = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Revision:
    """One saved state of a photo's mask."""

    id: str
    photo_id: int
    parent_id: str | None
    path: Path
    annotator: str
    created: float
    kind: RevisionKind
    model_id: str | None
    checksum: str
    truth_pixels: int
    seconds: float | None = None
    strokes: int | None = None


@dataclass(frozen=True)
class Truth:
    """A photo that has pixels to learn from."""

    photo_id: int
    group: str
    revision_id: str
    path: Path


class MaskConflictError(ConflictError):
    """Another revision became current meanwhile; this one is stored too.

    Attributes
    ----------
    revision : Revision
        The revision that was stored but did not become current.
    """

    def __init__(self, message: str, revision: Revision) -> None:
        super().__init__(message)
        self.revision = revision
