"""What files of shapes have in common: the photos they name, their sizes, and the reading of JSON."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from trainer.errors import ConfigError, MaskError
from trainer.labels.text_files import read_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from trainer.project.import_export.shapes import Shape

__all__ = ["Drawn", "drawn_size", "farthest", "load_json", "reach_of"]


@dataclass(frozen=True)
class Drawn:
    """Shapes of one photo.

    Attributes
    ----------
    photo : str
        The photo's name as the file writes it.
    path : Path
        The file.
    shapes : list of Shape
        From the lowest to the topmost.
    size : tuple of int, or None
        (height, width) that the file gives the photo.
    lines : int
        Points and lines beside them, which have no area.
    reach : tuple of float, or None
        (row, column) of the farthest corner, where no size is given.
    """

    photo: str
    path: Path
    shapes: list[Shape]
    size: tuple[int, int] | None
    lines: int = 0
    reach: tuple[float, float] | None = None

    def check_size(self, size: tuple[int, int]) -> None:
        """Refuse a photo, (height, width), of another size than the one that was drawn on.

        Raises
        ------
        MaskError
            If it is, by what the file says or by how far its shapes reach.
        """
        has = f"the photo {self.photo}, upright, has {size[1]} × {size[0]}"
        if self.size is not None and self.size != size:
            raise MaskError(
                f"{self.path}: is of {self.size[1]} × {self.size[0]} pixels, but {has}; draw on the "
                "photo as it is"
            )
        if self.reach is not None and any(r > 1.02 * s + 1 for r, s in zip(self.reach, size, strict=True)):
            raise MaskError(
                f"{self.path}: its shapes reach to {self.reach[1]:.0f} × {self.reach[0]:.0f} pixels, but "
                f"{has}; draw on the photo as it is"
            )


def reach_of(points: object) -> tuple[float, float] | None:
    """Return the farthest (row, column) of corners, one after the other or in pairs; None: there is none."""
    try:
        corners = np.asarray(points, np.float64).reshape(-1, 2)
        return (float(corners[:, 1].max()), float(corners[:, 0].max())) if len(corners) else None
    except (TypeError, ValueError, OverflowError):  # whoever draws them is told
        return None


def farthest(reaches: Iterable[tuple[float, float] | None]) -> tuple[float, float] | None:
    """Return the farthest of several."""
    known = [reach for reach in reaches if reach is not None]
    return (max(row for row, _ in known), max(column for _, column in known)) if known else None


def drawn_size(height: object, width: object) -> tuple[int, int] | None:
    """Return a size that a file states; None where it states none."""
    try:
        return int(float(height)), int(float(width))  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return None


@contextmanager
def load_json(path: Path, what: str) -> Iterator[Any]:
    """Read JSON, and turn what goes wrong with its content in the block into one line about the file.

    Raises
    ------
    MaskError
        If it cannot be read, or is not what it should be.
    """
    try:
        yield json.loads(read_text(path))
    except (OSError, ValueError, RecursionError, ConfigError) as error:
        raise MaskError(f"{path}: cannot be read as JSON: {error}; export it anew") from error
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        raise MaskError(f"{path}: is not {what}: {error!r}; export it anew, or name its --format") from error
