"""Masks of a project into a folder, under the relative paths of their photos."""

from __future__ import annotations

import errno
import getpass
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from trainer.errors import ConfigError, MaskError
from trainer.project.filesystem import storage_errors
from trainer.project.import_export.formats import Format, check_format
from trainer.project.import_export.writers import writer_of
from trainer.project.scan import SPLITS
from trainer.project.states import AccessKind

if TYPE_CHECKING:
    from collections.abc import Callable

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
    names = _names(project, truths)
    with storage_errors(place):
        place.mkdir(parents=True, exist_ok=True)
        writer = writer_of(format, place, project)
        for done, truth in enumerate(truths, start=1):
            try:
                writer.add(truth, names[truth.photo_id])
            except (MaskError, OSError) as error:
                if isinstance(error, OSError) and error.errno not in _NAMES:
                    raise
                relpath, why = project.photos.get(truth.photo_id).relpath, str(error)
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


def _names(project: Project, truths: list[Truth]) -> dict[int, str]:
    """Return a name for each mask: its photo's path, with the suffix only where two photos differ in it."""
    paths = {truth.photo_id: project.photos.get(truth.photo_id).relpath for truth in truths}
    count: dict[str, int] = {}
    for path in paths.values():
        bare = os.path.splitext(path)[0]
        count[bare] = count.get(bare, 0) + 1
    names = {
        photo_id: bare if count[bare := os.path.splitext(path)[0]] == 1 else path
        for photo_id, path in paths.items()
    }
    if len(set(names.values())) < len(names):
        raise ConfigError("two folders of photos hold the same relative path; export cannot tell them apart")
    return names
