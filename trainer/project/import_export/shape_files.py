"""What files of shapes have in common: the photos they name, their sizes, and the reading of JSON."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from trainer.errors import ConfigError, MaskError
from trainer.labels.text_files import read_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from trainer.project.import_export.shapes import Shape

__all__ = ["Drawn", "drawn_size", "load_json"]


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
    """

    photo: str
    path: Path
    shapes: list[Shape]
    size: tuple[int, int] | None


def drawn_size(height: object, width: object) -> tuple[int, int] | None:
    """Return a size that a file states; None where it states none."""
    try:
        return int(height), int(width)  # type: ignore[call-overload]
    except (TypeError, ValueError):
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
