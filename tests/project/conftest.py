"""Fixtures for the store: projects on SQLite and, where the store matters, on PostgreSQL too."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image
from postgres_fixtures import NAMED

from trainer.project.project import Project

if TYPE_CHECKING:
    from pathlib import Path

    from trainer.settings.model import Settings

Labels = npt.NDArray[np.uint8]
MakeProject = Callable[..., Project]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run tests on SQLite, and those marked `both_stores` on PostgreSQL too; all where a server is named."""
    if "database_url" in metafunc.fixturenames:
        both = NAMED or metafunc.definition.get_closest_marker("both_stores")
        metafunc.parametrize("database_url", ["sqlite", "postgres"] if both else ["sqlite"], indirect=True)


@pytest.fixture
def database_url(request: pytest.FixtureRequest) -> str | None:
    """None for SQLite; else the URL of a fresh database on PostgreSQL."""
    return None if request.param == "sqlite" else request.getfixturevalue("postgres_url")


@pytest.fixture
def photo_folder(tmp_path: Path) -> Path:
    """Eight photos of 60 × 80 pixels, half of them in a subfolder."""
    folder = tmp_path / "photos"
    for index in range(8):
        write_photo(folder / ("ward" if index % 2 else ".") / f"p{index}.jpg", seed=index)
    return folder


@pytest.fixture
def make_project(tmp_path: Path, database_url: str | None) -> Iterator[MakeProject]:
    """Make a project beside the photos; closed at the end."""
    made: list[Project] = []

    def make(name: str = "project", settings: Settings | None = None, classes: str = "skin9") -> Project:
        made.append(
            Project.create(tmp_path / name, classes=classes, database_url=database_url, settings=settings)
        )
        return made[-1]

    yield make
    for project in made:
        project.close()


@pytest.fixture
def project(make_project: MakeProject, photo_folder: Path) -> Project:
    """A project with eight photos, each a group of its own."""
    made = make_project()
    made.registration.add_folder(photo_folder)
    return made


def write_photo(path: Path, height: int = 60, width: int = 80, seed: int = 0) -> Path:
    """A photo of noise."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 255, (height, width, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)
    return path


def some_mask(value: int = 3, height: int = 60, width: int = 80) -> tuple[Labels, Labels]:
    """Labels with one value in the lower two thirds, of which the upper half is only proposed."""
    labels = np.zeros((height, width), np.uint8)
    labels[height // 3 :] = value
    provenance = np.zeros((height, width), np.uint8)
    provenance[height // 3 :] = 1
    provenance[2 * height // 3 :] = 3
    return labels, provenance
