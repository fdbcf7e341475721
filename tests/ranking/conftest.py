"""A project of small photos of which some are labelled, and a probe that learnt from them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from trainer.project.import_export.mask_import import import_masks
from trainer.project.project import Project
from trainer.settings.model import Settings
from trainer.training.round import run_round

PHOTOS, LABELLED = 44, 8


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty-four photos, eight of them labelled, one nearly the same as another, and a served model."""
    folder = tmp_path_factory.mktemp("ranking")
    random = np.random.default_rng(3)
    for name in ("photos", "masks"):
        (folder / name).mkdir()
    for index in range(PHOTOS):
        picture, mask = draw(random, 3 if index % 2 else 6)
        Image.fromarray(picture).save(folder / "photos" / f"p{index:02}.jpg", quality=95)
        if index < LABELLED:
            Image.fromarray(mask).save(folder / "masks" / f"p{index:02}.png")
    shutil.copy(folder / "photos" / "p20.jpg", folder / "photos" / "p20_again.jpg")
    settings = Settings.model_validate(
        {
            "training": {"recipe": "probe", "seed": 1},
            "probe": {"steps_heads": 30, "photo_side": 96, "heads": 2, "width": 16},
            "splits": {"val_share": 0, "test_share": 0},
            "queue": {"random_share": 0, "bursts_apart": 4},
        }
    )
    with Project.create(folder / "project", settings=settings) as project:
        project.registration.add_folder(folder / "photos")
        import_masks(project, folder / "masks")
    return folder


@pytest.fixture(scope="session")
def made_with_model(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with a probe."""
    folder = tmp_path_factory.mktemp("with_model")
    shutil.copytree(made / "project", folder / "project")
    with Project.open(folder / "project") as project:
        run_round(project, project.settings, lane="batch", device="cpu")
    return folder


@pytest.fixture
def fresh(made: Path, tmp_path: Path) -> Iterator[Project]:
    """A copy without a model."""
    with copied(made, tmp_path) as project:
        yield project


@pytest.fixture
def open_copy(made_with_model: Path, tmp_path: Path) -> Iterator[Callable[[str], Project]]:
    """Copies with a model, by name."""
    opened: list[Project] = []

    def copy(name: str = "project") -> Project:
        opened.append(copied(made_with_model, tmp_path / name))
        return opened[-1]

    yield copy
    for project in opened:
        project.close()


def copied(source: Path, to: Path) -> Project:
    shutil.copytree(source / "project", to / "project")
    return Project.open(to / "project")


def draw(random: np.random.Generator, value: int) -> tuple[np.ndarray, np.ndarray]:
    """A blob of a class on a background that differs from photo to photo, and its mask of class indices."""
    row, column = np.mgrid[:96, :128]
    middle, axes = random.uniform(0.3, 0.7, 2) * (96, 128), random.uniform(12, 40, 2)
    inside = ((row - middle[0]) / axes[0]) ** 2 + ((column - middle[1]) / axes[1]) ** 2 < 1
    picture = random.normal(random.uniform(60, 160, 3), 12, (96, 128, 3))
    picture[inside] = random.normal((205, 150, 125) if value == 3 else (150, 95, 70), 10, (inside.sum(), 3))
    return picture.clip(0, 255).astype(np.uint8), np.where(inside, value, 0).astype(np.uint8)
