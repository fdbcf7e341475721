"""What the tests of masks from the field work with: drawn masks, and the truth that came of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from trainer.project.project import Project

HEIGHT, WIDTH = 60, 80


MakeStudy = Callable[..., Path]


def disc(value: int, around: int = 0, radius: int = 20) -> np.ndarray:
    """One round thing in the middle, (60, 80) uint8."""
    row, column = np.mgrid[:HEIGHT, :WIDTH]
    inside = (row - HEIGHT // 2) ** 2 + (column - WIDTH // 2) ** 2 < radius**2
    return np.where(inside, value, around).astype(np.uint8)


def save(values: np.ndarray, path: Path) -> np.ndarray:
    """Write values as a file; its suffix says of which kind."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(values).save(path)
    return values


def truth_of(study: Path, name: str) -> np.ndarray:
    """Class indices of a photo's current mask."""
    with Project.open(study, read_only=True) as project:
        return project.masks.read_truth(project.photos.find(name).id)


def labelled(study: Path) -> int:
    """Number of photos with a mask."""
    with Project.open(study, read_only=True) as project:
        return project.photos.counts().labelled
