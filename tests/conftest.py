"""Fixtures that several packages of tests share: a folder of tiny photos with known masks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch  # noqa: F401  # before any window: after one, software OpenGL and triton clash in one process
from PIL import Image


@dataclass(frozen=True)
class TinyFolder:
    """A few tiny photos, each with one blob of a class on a background."""

    photos: Path
    masks: Path
    groups: Path


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> TinyFolder:
    """Twelve photos of 96 to 128 pixels, four of them for validation, with masks (PNG, class index)."""
    root = tmp_path_factory.mktemp("tiny")
    photos, masks = root / "photos", root / "masks"
    photos.mkdir()
    masks.mkdir()
    random = np.random.default_rng(0)
    rows = ["photo,group,split"]
    for index in range(12):
        picture, mask = draw_blob(random, 3 if index % 2 else 6)
        Image.fromarray(picture).save(photos / f"tiny_{index:02}.jpg", quality=95)
        Image.fromarray(mask).save(masks / f"tiny_{index:02}.png")
        rows.append(f"tiny_{index:02},g{index},{'val' if index >= 8 else 'train'}")
    groups = root / "groups.csv"
    groups.write_text("\n".join(rows) + "\n")
    return TinyFolder(photos, masks, groups)


def draw_blob(random: np.random.Generator, index: int) -> tuple[np.ndarray, np.ndarray]:
    """A skin-coloured ellipse (class `index`) on a bluish background, and its mask of class indices."""
    height, width = (int(side) for side in random.integers(96, 129, 2))
    row, column = np.mgrid[:height, :width]
    middle = random.uniform(0.35, 0.65, 2) * (height, width)
    axes = (14, 38) if index == 3 else (34, 30)
    inside = ((row - middle[0]) / axes[0]) ** 2 + ((column - middle[1]) / axes[1]) ** 2 < 1
    picture = random.normal((90, 110, 140), 12, (height, width, 3))
    picture[inside] = random.normal(
        (205, 150, 125) if index == 3 else (150, 95, 70), 10, (int(inside.sum()), 3)
    )
    return picture.clip(0, 255).astype(np.uint8), np.where(inside, index, 0).astype(np.uint8)
