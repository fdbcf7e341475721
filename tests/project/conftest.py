"""Fixtures for the store: projects on SQLite and, where a server is named, on PostgreSQL too."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pytest
import sqlalchemy as sa
from PIL import Image

from trainer.project.project import Project

if TYPE_CHECKING:
    from pathlib import Path

    from trainer.settings.model import Settings

SERVER = os.environ.get("SKINSEG_TEST_POSTGRES")
BACKENDS = ["sqlite", "postgres"] if SERVER else ["sqlite"]

Labels = npt.NDArray[np.uint8]
MakeProject = Callable[..., Project]


@pytest.fixture(params=BACKENDS)
def database_url(request: pytest.FixtureRequest) -> Iterator[str | None]:
    """None for SQLite; else a fresh database on the server that SKINSEG_TEST_POSTGRES names."""
    if request.param == "sqlite":
        yield None
        return
    assert SERVER is not None
    name = f"skinseg_{uuid.uuid4().hex[:12]}"
    server = sa.create_engine(SERVER, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    yield sa.make_url(SERVER).set(database=name).render_as_string(hide_password=False)
    with server.connect() as connection:
        connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))
    server.dispose()


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
