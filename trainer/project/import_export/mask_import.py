"""Masks of a folder into a project: each file that fits a photo becomes a revision."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from trainer.errors import ConflictError, MaskError, PhotoError
from trainer.labels.truth import to_labels
from trainer.labels.values import PAINTED
from trainer.project.import_export.formats import SUFFIX, Format, check_format
from trainer.project.import_export.ids import Ids, Labels, read_ids
from trainer.project.import_export.ngff import read_ngff
from trainer.project.import_export.png import read_png
from trainer.project.states import RevisionKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from trainer.project.photos import Photo
    from trainer.project.project import Project
    from trainer.project.revisions import Revision

__all__ = ["ImportReport", "import_masks"]


@dataclass
class ImportReport:
    """Result of `import_masks`; `refused` holds {"file", "why"} for each file left out."""

    imported: int = 0
    unchanged: int = 0
    refused: list[dict[str, str]] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The result in one line."""
        return f"{self.imported:,} imported, {self.unchanged:,} unchanged, {len(self.refused):,} refused."

    @property
    def details(self) -> list[str]:
        """One line for each file left out."""
        return [f"refused {item['file']}: {item['why']}" for item in self.refused]

    @property
    def fits(self) -> bool:
        """Whether any file did."""
        return bool(self.imported or self.unchanged or not self.refused)


def import_masks(
    project: Project,
    folder: str | Path,
    format: Format = "png",
    annotator: str = "import",
    ids: str | Path | None = None,
    progress: Callable[[int], None] | None = None,
) -> ImportReport:
    """Take masks of registered photos from files; each becomes a revision, painted where it is labelled.

    A file belongs to the photo with its relative path (with or without the photo's own suffix), else to the
    only photo with its stem. A file that does not fit is left out and reported; the others are taken.

    Parameters
    ----------
    project : Project
        Where to.
    folder : str or Path
        Where from; subfolders too.
    format : {"png", "ngff"}
        Files named .png, or groups named .zarr.
    annotator : str
        The name on the revisions.
    ids : str or Path, optional
        JSON {"value": "class name"} or CSV (value, class name) that says what the pixel values mean.
    progress : callable, optional
        Called with the number of files done so far.

    Returns
    -------
    ImportReport
        Counts, and why each refused file was refused.

    Raises
    ------
    MaskError
        If the folder is missing or holds no masks.
    ConfigError
        If `ids` or `format` is not usable.
    StorageFullError
        If the disk is full; what had been imported stays.
    """
    project.require_writable()
    check_format(format)
    place = Path(folder).expanduser()
    mapping = None if ids is None else read_ids(Path(ids), project.classes)
    files = _find(place, SUFFIX[format])
    if not files:
        raise MaskError(f"{place}: no masks here ({SUFFIX[format]} files)")
    report = _import_all(_Source(project, place, format, annotator, mapping), files, progress)
    project.events.add(
        "import",
        annotator,
        folder=str(place),
        imported=report.imported,
        unchanged=report.unchanged,
        refused=len(report.refused),
    )
    return report


@dataclass(frozen=True)
class _Source:
    """Files of one import, and all that is the same for each of them."""

    project: Project
    place: Path
    format: Format
    annotator: str
    ids: Ids | None


def _import_all(source: _Source, files: list[str], progress: Callable[[int], None] | None) -> ImportReport:
    report = ImportReport()
    taken: dict[int, str] = {}
    for done, name in enumerate(files, start=1):
        try:
            changed = _import_one(source, name, taken)
        except (PhotoError, MaskError, ConflictError) as error:
            why = str(error).removeprefix(f"{source.place / name}: ")
            report.refused.append({"file": name, "why": why})
        else:
            report.imported += changed
            report.unchanged += not changed
        if progress is not None:
            progress(done)
    return report


def _import_one(source: _Source, name: str, taken: dict[int, str]) -> bool:
    """Import one file; returns whether it says something else than the current mask."""
    project = source.project
    photo = _photo_of(project, os.path.splitext(name)[0])
    if photo.id in taken:
        raise MaskError(f"belongs to the same photo as {taken[photo.id]}: {photo.relpath}; keep one of them")
    taken[photo.id] = name
    known = project.photos.probe(photo.id)
    read = read_png if source.format == "png" else read_ngff
    labels = read(source.place / name, project.classes, source.ids)
    if labels.shape != (known.height, known.width):
        raise MaskError(
            f"has {labels.shape[1]} × {labels.shape[0]} pixels, but the photo {photo.relpath}, upright, has "
            f"{known.width} × {known.height}; export the mask at the photo's size"
        )
    if not labels.any():
        raise MaskError("labels no pixel; a mask that says nothing is left out")
    head = project.masks.head(photo.id)
    if head is not None and _stands(project, head, labels):
        return False
    provenance = np.where(labels > 0, np.uint8(PAINTED), np.uint8(0))
    expected = None if head is None else head.id
    project.masks.save(photo.id, labels, provenance, source.annotator, expected, kind=RevisionKind.IMPORT)
    return True


def _stands(project: Project, head: Revision, labels: Labels) -> bool:
    """Whether the current mask says the same; a damaged one is replaced."""
    try:
        return np.array_equal(to_labels(project.masks.read_truth(head)), labels)
    except MaskError:
        return False


def _photo_of(project: Project, name: str) -> Photo:
    try:
        return project.photos.find_path(name) or project.photos.find(name.rpartition("/")[2])
    except PhotoError as error:
        found = "is the name of" in str(error)
        raise PhotoError(str(error) if found else f"no photo is called {name}") from error


def _find(place: Path, suffix: str) -> list[str]:
    if not place.is_dir():
        raise MaskError(f"{place}: there is no such folder of masks")
    found: list[str] = []
    for folder, folders, files in os.walk(place):
        relative = os.path.relpath(folder, place).replace(os.sep, "/")
        prefix = "" if relative == "." else f"{relative}/"
        names = folders if suffix == ".zarr" else files
        found += [
            f"{prefix}{name}" for name in names if name.lower().endswith(suffix) and not name.startswith(".")
        ]
        folders[:] = sorted(name for name in folders if not name.endswith(".zarr") and name[0] != ".")
    return sorted(found)
