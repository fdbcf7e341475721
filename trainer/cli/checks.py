"""Checks of what a command was given, before any work begins."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trainer.project.project import Project


def check_folder(folder: str, what: str) -> None:
    """Refuse a folder that is not there or cannot be read, by name."""
    from trainer.errors import ProjectError

    path = Path(folder)
    if not path.exists():
        raise ProjectError(f"no folder {folder}: check the spelling of the path to the {what}")
    if not path.is_dir():
        raise ProjectError(f"{folder} is a file: name the folder that holds the {what}")
    if not os.access(path, os.R_OK | os.X_OK):
        raise ProjectError(f"cannot read {folder}: ask for read permission on it")


def check_writable(project: Project) -> None:
    """Refuse to train in a project that can only be read."""
    from trainer.errors import ReadOnlyError

    if project.read_only:
        raise ReadOnlyError(f"{project.read_only_reason}; ask for write permission, or train in a copy of it")


def check_out(out: Path) -> None:
    """Make the folder to write to, and refuse one that takes no files."""
    from trainer.errors import ProjectError

    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out):
            pass
    except FileExistsError as error:
        raise ProjectError(f"{out} is a file: name a folder to write to") from error
    except OSError as error:
        raise ProjectError(
            f"cannot write to {out}: {error.strerror}; name a folder in which you may write"
        ) from error


def check_labels(project: Project) -> None:
    """Refuse to train on nothing."""
    from trainer.errors import ProjectError

    if project.photos.counts().by_split.get("train", (0, 0))[1] == 0:
        raise ProjectError(
            f"{project.path} has no labels yet: save masks (skinseg annotate) or skinseg import some"
        )


def check_truth(project: Project, split: str, masks: str | None) -> None:
    """Refuse an evaluation that has nothing to compare with."""
    from trainer.errors import ConfigError, ProjectError

    if split not in ("val", "test", "train"):
        raise ConfigError(f"--split {split}: use val or test")
    if masks is None and project.photos.counts().by_split.get(split, (0, 0))[1] == 0:
        name = {"val": "validation", "test": "test"}.get(split, split)
        raise ProjectError(
            f"no {name} photos with masks yet in {project.path}: label some (they come up at random), "
            "import masks for them, or name a folder with --masks"
        )
