"""Masks in and out of a project: PNG (one file per photo) and OME-NGFF groups.

In a PNG a pixel is the class index, 0 to K-1, and 255 where it is not labelled.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa
from PIL import Image

from trainer.errors import ConfigError, ConflictError, MaskError, PhotoError
from trainer.labels.values import ACCEPTED, IGNORE, PAINTED
from trainer.project.filesystem import storage_errors
from trainer.project.import_export.mask_files import Ids, read_ids, read_ngff, read_png
from trainer.project.masks import Revision, Truth
from trainer.project.photos import Photo
from trainer.project.project import Project
from trainer.project.schema import photo, revision
from trainer.project.zarr_store import write_group_at

__all__ = ["ExportReport", "ImportReport", "export_masks", "import_masks", "truth_of_broken"]

Format = Literal["png", "ngff"]
Labels = npt.NDArray[np.uint8]
_SUFFIX = {"png": ".png", "ngff": ".zarr"}


@dataclass
class ImportReport:
    """What `import_masks` did; `refused` holds {"file", "why"} for each file left out."""

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


@dataclass
class ExportReport:
    """What `export_masks` did; `left_out` holds {"photo", "why"} for each mask that could not be read."""

    out: Path
    written: int = 0
    left_out: list[dict[str, str]] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The result in one line."""
        return f"{self.written:,} masks in {self.out}."

    @property
    def details(self) -> list[str]:
        """One line for each mask left out."""
        return [f"left out {item['photo']}: {item['why']}" for item in self.left_out]


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
        Whose name stands on the revisions.
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
    _check_format(format)
    place = Path(folder).expanduser()
    mapping = None if ids is None else read_ids(Path(ids), project.classes)
    files = _find(place, _SUFFIX[format])
    if not files:
        raise MaskError(f"{place}: no masks here ({_SUFFIX[format]} files)")
    report = ImportReport()
    taken: dict[int, str] = {}
    for done, name in enumerate(files, start=1):
        try:
            changed = _import_one(project, place, name, format, annotator, mapping, taken)
        except (PhotoError, MaskError, ConflictError) as error:
            why = str(error).removeprefix(f"{place / name}: ")
            report.refused.append({"file": name, "why": why})
        else:
            report.imported += changed
            report.unchanged += not changed
        if progress is not None:
            progress(done)
    project.events.add(
        "import",
        annotator,
        folder=str(place),
        imported=report.imported,
        unchanged=report.unchanged,
        refused=len(report.refused),
    )
    return report


def _import_one(
    project: Project,
    place: Path,
    name: str,
    format: Format,
    annotator: str,
    ids: Ids | None,
    taken: dict[int, str],
) -> bool:
    photo = _photo_of(project, os.path.splitext(name)[0])
    if photo.id in taken:
        raise MaskError(f"belongs to the same photo as {taken[photo.id]}: {photo.relpath}; keep one of them")
    taken[photo.id] = name
    known = project.photos.probe(photo.id)
    read = read_png if format == "png" else read_ngff
    labels = read(place / name, project.classes, ids)
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
    project.masks.save(photo.id, labels, provenance, annotator, expected, kind="import")
    return True


def _stands(project: Project, head: Revision, labels: Labels) -> bool:
    """Whether the current mask says the same; a damaged one is replaced."""
    try:
        return np.array_equal(project.masks.read_truth(head) + np.uint8(1), labels)
    except MaskError:
        return False


def _photo_of(project: Project, name: str) -> Photo:
    try:
        return project.photos.find_path(name) or project.photos.find(name.rpartition("/")[2])
    except PhotoError as error:
        found = "is the name of" in str(error)
        raise PhotoError(str(error) if found else f"no photo is called {name}") from error


def export_masks(
    project: Project,
    out: str | Path,
    format: Format = "png",
    split: str | None = None,
    progress: Callable[[int], None] | None = None,
) -> ExportReport:
    """Write the current masks into a new folder, under the relative paths of their photos.

    What is exported is what people accepted or painted; pixels that only a model proposed count as not
    labelled. Masks of photos that cannot be read any more are exported too. A damaged mask is left out and
    reported; the others are written.

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
    _check_format(format)
    if split not in (None, "train", "val", "test"):
        raise ConfigError(f"there is no split {split!r}; use train, val or test")
    place = Path(out).expanduser()
    if place.exists() and (not place.is_dir() or any(place.iterdir())):
        raise ConfigError(f"{place}: is not an empty folder; name a new one for the masks")
    truths = project.masks.truth(split) + truth_of_broken(project, split)
    report = ExportReport(Path(out))
    names = _names(project, truths)
    with storage_errors(place):
        place.mkdir(parents=True, exist_ok=True)
        for done, truth in enumerate(truths, start=1):
            target = place / f"{names[truth.photo_id]}{_SUFFIX[format]}"
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                _export_one(project, truth, target, format)
            except MaskError as error:
                relpath = project.photos.get(truth.photo_id).relpath
                report.left_out.append({"photo": relpath, "why": str(error)})
            else:
                report.written += 1
            if progress is not None:
                progress(done)
    return report


def truth_of_broken(project: Project, split: str | None = None) -> list[Truth]:
    """Like `Project.truth`, of the photos that cannot be read any more; their masks are as good as ever."""
    query = (
        sa.select(photo.c.id, photo.c.group_name, revision.c.id.label("revision_id"), revision.c.path)
        .join(revision, photo.c.head == revision.c.id)
        .where(photo.c.state == "broken", revision.c.truth_pixels > 0)
        .order_by(photo.c.id)
    )
    if split is not None:
        query = query.where(photo.c.split == split)
    with project.catalog.read() as connection:
        return [
            Truth(row.id, row.group_name, row.revision_id, project.path / row.path)
            for row in connection.execute(query)
        ]


def _export_one(project: Project, truth: Truth, target: Path, format: Format) -> None:
    if format == "png":
        Image.fromarray(project.masks.read_truth(truth)).save(target)
        return
    labels, provenance = project.masks.read(project.masks.revision(truth.revision_id))
    keep = provenance >= ACCEPTED
    zero = np.uint8(0)
    arrays = {"labels": np.where(keep, labels, zero), "provenance": np.where(keep, provenance, zero)}
    write_group_at(target, arrays, project.classes)


def _names(project: Project, truths: list[Truth]) -> dict[int, str]:
    """A name for each mask: its photo's path, with the suffix only where two photos differ in it."""
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


def _check_format(format: str) -> None:
    if format not in _SUFFIX:
        raise ConfigError(f"there is no format {format!r}; use {' or '.join(_SUFFIX)}")


assert IGNORE == 255  # what a PNG holds where it is not labelled
