"""Masks of a folder into a project: each file that fits a photo becomes a revision."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from trainer.errors import ConflictError, MaskError, PhotoError
from trainer.labels.truth import to_labels
from trainer.labels.values import PAINTED
from trainer.project.import_export.formats import SUFFIX, Format, check_format
from trainer.project.import_export.import_report import ImportReport
from trainer.project.import_export.mask_files import check_place, find_masks, photo_of
from trainer.project.import_export.reading import Reading, check_set, reading_of
from trainer.project.states import RevisionKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from trainer.project.import_export.ids import Labels
    from trainer.project.import_export.mask_files import MaskFiles
    from trainer.project.photos import Photo
    from trainer.project.project import Project
    from trainer.project.revisions import Revision

__all__ = ["ImportReport", "import_masks"]


def import_masks(
    project: Project,
    folder: str | Path,
    format: Format = "png",
    annotator: str = "import",
    ids: str | Path | None = None,
    progress: Callable[[int], None] | None = None,
    *,
    binary: str | None = None,
    dry_run: bool = False,
) -> ImportReport:
    """Take masks of registered photos from files; each becomes a revision, painted where it is labelled.

    A file belongs to the photo with its relative path, else to the only photo with its stem. PNG values are
    class indices where nothing else is said; what may mean something else too, or fits nothing, is refused.

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
    binary : str, optional
        Class of all pixels but 0, which are background.
    dry_run : bool
        Report only; a project that is open for reading only will do.

    Returns
    -------
    ImportReport
        Counts, also by class, and why each refused file was refused.

    Raises
    ------
    MaskError
        If the folder is missing or holds no masks, or all of them may mean two things.
    ConfigError
        If `ids`, `binary` or `format` is not usable.
    StorageFullError
        If the disk is full; what had been imported stays.
    """
    if not dry_run:
        project.require_writable()
    place = Path(folder).expanduser()
    files, reading = _masks_in(place, format, ids), reading_of(project.classes, place, format, ids, binary)
    check_set(reading, place, files.masks)
    report = ImportReport(project.classes, files, reading.source, dry_run)
    _import_all(_Source(project, place, reading, annotator, dry_run), report, progress)
    if not dry_run:
        counts = {"imported": report.imported, "unchanged": report.unchanged, "refused": len(report.refused)}
        project.events.add("import", annotator, folder=str(place), reading=reading.source, **counts)
    return report


def _masks_in(place: Path, format: Format, ids: str | Path | None) -> MaskFiles:
    check_format(format)
    files = find_masks(place, SUFFIX[format], but=None if ids is None else Path(ids))
    if not files.masks:
        there = "; ".join(files.passed_over)
        raise MaskError(f"{place}: no masks here ({SUFFIX[format]} files)" + (f"; {there}" if there else ""))
    return files


@dataclass(frozen=True)
class _Source:
    """Files of one import, and all that is the same for each of them."""

    project: Project
    place: Path
    reading: Reading
    annotator: str
    dry_run: bool


def _import_all(source: _Source, report: ImportReport, progress: Callable[[int], None] | None) -> None:
    taken: dict[int, str] = {}
    for done, name in enumerate(report.files.masks, start=1):
        try:
            _import_one(source, name, taken, report)
        except (PhotoError, MaskError, ConflictError) as error:
            why = str(error).removeprefix(f"{source.place / name}: ")
            report.refused.append({"file": name, "why": why})
        if progress is not None:
            progress(done)


def _import_one(source: _Source, name: str, taken: dict[int, str], report: ImportReport) -> None:
    """Import one file, and count it unless it says the same as the current mask."""
    project = source.project
    photo = photo_of(project, name)
    if photo.id in taken:
        raise MaskError(f"belongs to the same photo as {taken[photo.id]}: {photo.relpath}; keep one of them")
    check_place(project, name, photo)
    taken[photo.id] = name
    known = project.photos.probe(photo.id)
    mask = source.reading.read(source.place / name)
    _check_size(known, mask.labels)
    if not mask.labels.any():
        raise MaskError("labels no pixel; a mask that says nothing is left out")
    head = project.masks.head(photo.id)
    changed = head is None or not _stands(project, head, mask.labels)
    if changed and not source.dry_run:
        provenance = np.where(mask.labels > 0, np.uint8(PAINTED), np.uint8(0))
        expected = None if head is None else head.id
        project.masks.save(
            photo.id, mask.labels, provenance, source.annotator, expected, kind=RevisionKind.IMPORT
        )
    report.add(name, mask, changed)


def _check_size(photo: Photo, labels: Labels) -> None:
    if labels.shape != (photo.height, photo.width):
        raise MaskError(
            f"has {labels.shape[1]} × {labels.shape[0]} pixels, but the photo {photo.relpath}, upright, has "
            f"{photo.width} × {photo.height}; export the mask at the photo's size"
        )


def _stands(project: Project, head: Revision, labels: Labels) -> bool:
    """Whether the current mask says the same; a damaged one is replaced."""
    try:
        return np.array_equal(to_labels(project.masks.read_truth(head)), labels)
    except MaskError:
        return False
