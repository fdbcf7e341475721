"""Work that had to be left while the catalog was out of reach: kept as files, drafts again the next time."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from trainer.errors import MaskError, PhotoError
from trainer.project.files.filesystem import make_private
from trainer.project.files.zarr_store import read_arrays, read_attributes, write_arrays

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import Any

    from trainer.project.project import Project

__all__ = ["keep_stranded", "stranded_of_photo", "take_up_stranded"]

FOLDER, ASIDE = "stranded", "aside"
_BASE, _PHOTO, _ANNOTATOR, _MODEL, _TIME = "base_revision", "photo_id", "annotator", "model_id", "created"
_SESSION = "session_id"
Labels = npt.NDArray[np.uint8]


def keep_stranded(
    project: Project,
    photo_id: int,
    annotator: str,
    labels: Labels,
    provenance: Labels,
    base_revision: str | None,
    model_id: str | None,
    session_id: int | None = None,
) -> Path:
    """Keep unfinished work without the catalog, in the project's folder; returns where.

    Parameters
    ----------
    labels, provenance
        uint8 ``(height, width)``.
    session_id
        The sitting that ended with it, and could not say so.

    Raises
    ------
    StorageFullError
        If the disk is full.
    """
    folder = project.path / FOLDER
    make_private(folder)
    about = {
        _PHOTO: photo_id,
        _ANNOTATOR: annotator,
        _BASE: base_revision,
        _MODEL: model_id,
        _SESSION: session_id,
        _TIME: time.time(),
    }
    path, _ = write_arrays(folder, {"labels": labels, "provenance": provenance}, project.classes, about)
    return path


def take_up_stranded(project: Project, annotator: str) -> list[int]:
    """Make drafts of what an annotator had to leave, the latest of each photo; return their photos.

    What is damaged, of a photo that is gone, or overtaken by a mask or a draft saved since, goes to
    ``aside/``.
    """
    taken: list[int] = []
    mine = [(path, about) for path, about in _all(project) if about.get(_ANNOTATOR) == annotator]
    if left := {about[_SESSION]: about[_TIME] for _, about in mine if about.get(_SESSION) is not None}:
        project.sessions.end_left(left)  # the window is closed, though the program may go on
    for path, about in sorted(mine, key=lambda item: -item[1][_TIME]):
        photo_id, base, model_id = about[_PHOTO], about[_BASE], about[_MODEL]
        if photo_id not in taken and _is_newest(project, about):
            with suppress(MaskError):
                labels, provenance = read_arrays(path, None, "labels", "provenance")
                project.drafts.save(photo_id, annotator, labels, provenance, base, model_id)
                taken.append(photo_id)
        _set_aside(project, path)
    return taken


def _is_newest(project: Project, about: dict[str, Any]) -> bool:
    """Whether neither a mask nor a draft of a photo has come since work on it was left."""
    try:
        project.photos.get(about[_PHOTO])
    except PhotoError:  # purged meanwhile
        return False
    head, draft = project.masks.head(about[_PHOTO]), project.drafts.get(about[_PHOTO], about[_ANNOTATOR])
    same = (None if head is None else head.id) == about[_BASE]
    return same and (draft is None or draft.created <= about[_TIME])


def stranded_of_photo(project: Project, photo_id: int) -> list[Path]:
    """Return the groups of a photo, also those that were set aside."""
    return [path for path, about in _all(project, FOLDER, ASIDE) if about.get(_PHOTO) == photo_id]


def _all(project: Project, *folders: str) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Yield every group with what is noted on it; one that was cut off while it was written has nothing."""
    for folder in folders or (FOLDER,):
        for path in sorted((project.path / folder).glob("*")):
            with suppress(MaskError):
                yield path, read_attributes(path).get("skinseg", {})


def _set_aside(project: Project, path: Path) -> None:
    folder = project.path / ASIDE
    make_private(folder)
    with suppress(OSError):  # held open on Windows: the next window tries again
        path.rename(folder / path.name)
