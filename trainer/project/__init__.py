"""The project store: photos, masks, predictions, models and the channel between window and trainer.

Free of torch and Qt: this is all that the napari plugin imports from `trainer`, beside classes and settings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trainer.project.errors import (
    ConfigError,
    ConflictError,
    MaskError,
    PhotoError,
    ProjectError,
    ReadOnlyError,
    SkinsegError,
    StorageFullError,
)

if TYPE_CHECKING:
    from trainer.project.project import Project

__all__ = [
    "ConfigError",
    "ConflictError",
    "MaskError",
    "PhotoError",
    "Project",
    "ProjectError",
    "ReadOnlyError",
    "SkinsegError",
    "StorageFullError",
]


def __getattr__(name: str) -> object:
    # Late, because trainer.classes needs the errors from here and the project needs the classes.
    if name == "Project":
        from trainer.project.project import Project

        return Project
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
