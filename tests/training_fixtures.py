"""A real project with tiny labelled photos, and settings that train on it within seconds."""

from pathlib import Path

import pytest
import torch

from trainer.project.import_export.mask_import import import_masks
from trainer.project.project import Project
from trainer.settings.model import Settings

SMALLEST = "tu-test_resnet"
"""A real residual encoder with a tenth of the default's weights: for promises that hold for any encoder."""
TINY = {"size": 64, "long_side": 64, "batch": 4, "steps_full": 6, "steps_fast": 4, "threads": 1}
TINY |= {"encoder": SMALLEST}


@pytest.fixture(autouse=True)
def keep_threads():
    """Engines set the number of threads; other tests must not notice."""
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def empty_project(tiny_folder, tmp_path: Path):
    """Twelve registered photos (8 train, 4 val), none labelled."""
    with Project.create(tmp_path / "project") as project:
        project.registration.add_folder(tiny_folder.photos, groups=tiny_folder.groups)
        yield project


@pytest.fixture
def project(tiny_folder, empty_project):
    """The same with all masks."""
    report = import_masks(empty_project, tiny_folder.masks)
    assert report.imported == 12
    return empty_project


@pytest.fixture
def settings():
    """Rounds of a few steps."""
    return Settings.model_validate({"training": TINY, "service": {"checkpoint_seconds": 1000}})
