"""A real project with tiny labelled photos."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from trainer.project import Project
from trainer.project.exchange import import_masks


@pytest.fixture(autouse=True)
def keep_threads():
    """Engines set the number of threads; other tests must not notice."""
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def project(tiny_folder, tmp_path: Path):
    """Twelve photos (8 train, 4 val), all with masks."""
    with Project.create(tmp_path / "project") as project:
        project.add_photos(tiny_folder.photos, groups=tiny_folder.groups)
        assert import_masks(project, tiny_folder.masks).imported == 12
        yield project
