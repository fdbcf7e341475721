"""Masks of a project into a folder, under the relative paths of their photos."""

from __future__ import annotations

import errno
import getpass
import os
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from trainer.errors import ConfigError, MaskError
from trainer.project.files.filesystem import storage_errors
from trainer.project.import_export.formats import Format, check_format
from trainer.project.import_export.writers import writer_of
from trainer.project.states import SPLITS, AccessKind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from trainer.project.project import Project
    from trainer.project.revisions import Truth

__all__ = ["NOTHING", "ExportReport", "export_masks"]

_NAMES = frozenset({errno.ENAMETOOLONG, errno.EINVAL, errno.EILSEQ})
"""What file systems say of names that they do not take: too long, or with letters that they have not."""

NOTHING = "no photo here has a mask yet: there is nothing to export; label some first"


@dataclass
class ExportReport:
    """Result of `export_masks`; `left_out` holds {"photo", "why"} for each mask that could not be read."""

    out: Path
    written: int = 0
    left_out: list[dict[str, str]] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The result in one line."""
        return f"{self.written:,} masks in {self.out}."

    @property
    def details(self) -> list[str]:
        """One line for each mask left out, or that there was none."""
        lines = [f"left out {item['photo']}: {item['why']}" for item in self.left_out]
        return lines if lines or self.written else [NOTHING]


def export_masks(
    project: Project,
    out: str | Path,
    format: Format = "png",
    split: str | None = None,
    progress: Callable[[int], None] | None = None,
) -> ExportReport:
    """Write the current masks into a new folder, under the relative paths of their photos.

    What is exported is what people accepted or painted; pixels that only a model proposed count as not
    labelled. All formats hold every pixel as it is; COCO and CVAT are one file. Masks of photos that cannot
    be read any more are exported too. A damaged mask is left out and reported; the others are written.

    Returns
    -------
    ExportReport
        How many masks were written, and why each one left out was left out.

    Raises
    ------
    ConfigError
        If the folder is not empty, or `format` or `split` is not one.
    StorageFullError
        If the disk is full.
    """
    check_format(format)
    if split not in (None, *SPLITS):
        raise ConfigError(f"there is no split {split!r}; use train, val or test")
    place = Path(out).expanduser()
    if place.exists() and (not place.is_dir() or any(place.iterdir())):
        raise ConfigError(f"{place}: is not an empty folder; name a new one for the masks")
    truths = project.masks.truth(split) + project.masks.truth_of_broken(split)
    report = ExportReport(Path(out))
    paths = _paths(project, truths)
    names = _names(paths)
    with storage_errors(place):
        place.mkdir(parents=True, exist_ok=True)
        writer = writer_of(format, place, project)
        for done, truth in enumerate(truths, start=1):
            try:
                writer.add(truth, names[truth.photo_id], paths[truth.photo_id])
            except (MaskError, OSError) as error:
                if isinstance(error, OSError) and error.errno not in _NAMES:
                    raise
                relpath, why = paths[truth.photo_id], str(error)
                if isinstance(error, OSError):
                    why = f"its name cannot be written there ({error.strerror}); rename the photo"
                report.left_out.append({"photo": relpath, "why": why})
            else:
                report.written += 1
            if progress is not None:
                progress(done)
        if report.written:
            writer.finish()
    project.access.note(getpass.getuser(), AccessKind.EXPORT, [truth.photo_id for truth in truths])
    return report


def _paths(project: Project, truths: list[Truth]) -> dict[int, str]:
    """Return the relative path of each photo, with folders above it where two would have the same."""
    photos = [project.photos.get(truth.photo_id) for truth in truths]
    paths = {photo.id: photo.relpath for photo in photos}
    wholes = {photo.id: photo.path.as_posix().lstrip("/") for photo in photos}
    depths = {photo_id: path.count("/") + 1 for photo_id, path in paths.items()}
    while shared := [i for i, count in _counted(paths).items() if count > 1]:
        for photo_id in shared:
            depths[photo_id] += 1
            if depths[photo_id] > wholes[photo_id].count("/") + 1:
                raise ConfigError(
                    f"{wholes[photo_id]} was added twice, by two names of its folder; see: skinseg doctor"
                )
            paths[photo_id] = "/".join(wholes[photo_id].split("/")[-depths[photo_id] :])
    return paths


def _names(paths: Mapping[int, str]) -> dict[int, str]:
    """Return a name for each mask: its photo's path, with the suffix only where two photos differ in it."""
    bare = {photo_id: os.path.splitext(path)[0] for photo_id, path in paths.items()}
    return {i: bare[i] if count == 1 else paths[i] for i, count in _counted(bare).items()}


def _counted(names: Mapping[int, str]) -> dict[int, int]:
    """Return how many have the same name as each."""
    count = Counter(names.values())
    return {photo_id: count[name] for photo_id, name in names.items()}
