"""Checks of what a command was given, before any work begins."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trainer.project.project import Project


def check_writable(project: Project) -> None:
    """Refuse to train in a project that can only be read."""
    from trainer.errors import ReadOnlyError

    if project.read_only:
        raise ReadOnlyError(f"{project.read_only_reason}; ask for write permission, or train in a copy of it")


def check_labels(project: Project) -> None:
    """Refuse to train on nothing."""
    from trainer.errors import ProjectError

    if project.photos.counts().by_split.get("train", (0, 0))[1] == 0:
        raise ProjectError(
            f"{project.path} has no labels yet: save masks (skinseg annotate) or skinseg import some"
        )


def check_values(masks: str | None, ids: str | None, binary: str | None) -> None:
    """Refuse a meaning of values where there are no masks whose values they could be."""
    from trainer.errors import ConfigError

    if masks is None and (ids is not None or binary is not None):
        raise ConfigError("--ids and --binary say what masks mean; name the folder of the masks with --masks")


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
