"""Errors that a user can mend. Each message is one line: what, where, and the mend."""

from __future__ import annotations

__all__ = [
    "ConfigError",
    "ConflictError",
    "MaskError",
    "PhotoError",
    "ProcessLostError",
    "ProjectError",
    "ReadOnlyError",
    "SkinsegError",
    "StorageFullError",
    "UnreachableError",
    "WeightsError",
    "in_words",
]


class SkinsegError(Exception):
    """Base of all errors that a user can act on; `str(error)` is one line: what, where, and the mend."""


class ProjectError(SkinsegError):
    """The project folder or its catalog cannot be used as asked."""


class UnreachableError(ProjectError):
    """The server of the catalog does not answer just now; what was saved is safe, the rest can wait."""


class ProcessLostError(SkinsegError):
    """Another process of a training with several is gone; what the checkpoint holds is safe."""


class PhotoError(SkinsegError):
    """A photo is missing, changed, or cannot be read."""


class MaskError(SkinsegError):
    """A mask does not fit its photo or its class set, or its files are damaged."""


class ConflictError(SkinsegError):
    """Another annotator was first: a revision became current, or the photo is taken."""


class ReadOnlyError(SkinsegError):
    """The project was opened for reading only."""


class StorageFullError(SkinsegError):
    """The disk, or the quota on it, is full. What had been saved before is untouched."""


class ConfigError(SkinsegError):
    """A setting, a class set or an argument is not usable."""


class WeightsError(SkinsegError):
    """Published weights cannot be had, or are not what they should be."""


def in_words(error: BaseException) -> str:
    """Say an error in one line for a person: of the system's own where, what and the mend, no number."""
    if not isinstance(error, OSError) or error.strerror is None:
        return str(error)
    where = "" if error.filename is None else f"{error.filename}: "
    return f"{where}{error.strerror}; check the rights on the folder, and whether the drive is still there"
