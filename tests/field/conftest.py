"""Projects in the field: a folder of photos, a folder of masks as others wrote them, the command line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from command_line import Skinseg
from field_masks import HEIGHT, WIDTH, MakeStudy
from PIL import Image


@pytest.fixture
def make_study(tmp_path: Path, skinseg: Skinseg) -> MakeStudy:
    """Make a project of noise photos of 60 × 80 pixels, `p0.jpg` to `p3.jpg` unless named."""

    def make(classes: str = "skin9", names: tuple[str, ...] = (), where: str = "study") -> Path:
        for index, name in enumerate(names or tuple(f"p{i}.jpg" for i in range(4))):
            path = tmp_path / f"{where}-photos" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            pixels = np.random.default_rng(index).integers(0, 255, (HEIGHT, WIDTH, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(path)
        made = skinseg(
            "new", tmp_path / where, "--photos", tmp_path / f"{where}-photos", "--classes", classes
        )
        assert made.code == 0, made.err
        return tmp_path / where

    return make


@pytest.fixture
def masks(tmp_path: Path) -> Path:
    """An empty folder for masks."""
    folder = tmp_path / "masks"
    folder.mkdir()
    return folder
