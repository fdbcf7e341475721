"""Masks of a folder into a project: each file that fits a photo becomes a revision."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from trainer.errors import ConfigError, ConflictError, MaskError, PhotoError
from trainer.labels.truth import to_labels
from trainer.labels.values import PAINTED
from trainer.project.import_export.claims import Claim, claim_of, rivals
from trainer.project.import_export.entries import Entry, Offer, Said, offer_of
from trainer.project.import_export.formats import FORMATS, Format, check_format
from trainer.project.import_export.import_report import ImportReport
from trainer.project.states import RevisionKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from trainer.labels.ids import Labels
    from trainer.project.photos.photos import Photo
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
    colours: str | Path | None = None,
    rest: str | None = None,
) -> ImportReport:
    """Take masks of registered photos from files; each becomes a revision, painted where it is labelled.

    The report has counts, also by class, and why each refused file was refused. A file belongs to the photo
    with its relative path, else to the only photo with its stem. What the values
    of a format stand for is in `formats.FORMATS`; what may mean something else too, or fits nothing, is
    refused.

    Parameters
    ----------
    folder : str or Path
        Where from; subfolders too. Of COCO and CVAT also the file itself.
    annotator : str
        The name on the revisions.
    ids : str or Path, optional
        JSON {"value": "class name"} or a table (value, class name); of shapes, of their names or numbers.
    binary : str, optional
        Class of all pixels but 0, which are background; of shapes, of every one.
    dry_run : bool
        Report only; a project that is open for reading only will do.
    colours : str or Path, optional
        A table or JSON that says which colour is which class.
    rest : str, optional
        Class of what lies under no shape; see `shapes.meaning_of`.

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
    check_format(format)
    said = Said(_path(ids), binary, _path(colours), rest)
    _check_said(said, format)
    offer = offer_of(project.classes, place, format, said)
    report = ImportReport(project.classes, offer.files, offer.source, dry_run)
    _import_all(_Source(project, place, offer, annotator, dry_run), report, progress)
    if not dry_run:
        counts = {"imported": report.imported, "unchanged": report.unchanged, "refused": len(report.refused)}
        project.events.add("import", annotator, folder=str(place), reading=offer.source, **counts)
    return report


def _path(given: str | Path | None) -> Path | None:
    return None if given is None else Path(given).expanduser()


def _check_said(said: Said, format: Format) -> None:
    if said.ids is not None and said.binary is not None:
        raise ConfigError("--ids and --binary both say what the values mean; give one of them")
    if said.rest is not None and not FORMATS[format].shapes:
        raise ConfigError("--rest is for formats of shapes (coco, labelme, cvat); leave it out")
    if said.colours is not None and format not in ("colours", "voc", "png"):
        raise ConfigError("--colours is for coloured masks; name them with --format colours, or leave it out")
    if said.colours is not None and (said.ids is not None or said.binary is not None):
        raise ConfigError("--colours says what the colours mean; leave out --ids and --binary")


@dataclass(frozen=True)
class _Source:
    """Files of one import, and all that is the same for each of them."""

    project: Project
    place: Path
    offer: Offer
    annotator: str
    dry_run: bool


def _import_all(source: _Source, report: ImportReport, progress: Callable[[int], None] | None) -> None:
    entries = source.offer.entries
    claims = [_claim_of(source.project, entry) for entry in entries]
    against = rivals([claim if isinstance(claim, Claim) else None for claim in claims])
    for done, (entry, claim) in enumerate(zip(entries, claims, strict=True), start=1):
        try:
            if isinstance(claim, PhotoError):
                raise claim
            if (rival := against.get(done - 1)) is not None:
                raise MaskError(
                    f"belongs to the same photo as {entries[rival].name}: {claim.relpath}; keep one of them"
                )
            _import_one(source, entry, claim, report)
        except (PhotoError, MaskError, ConflictError) as error:
            why = str(error)
            for place in (source.place / entry.name, source.place):
                why = why.removeprefix(f"{place}: ")
            report.refused.append({"file": entry.name, "why": why})
        if progress is not None:
            progress(done)


def _import_one(source: _Source, entry: Entry, claim: Claim, report: ImportReport) -> None:
    """Import one mask, and count it unless it says the same as the current one."""
    project = source.project
    known = project.photos.probe(claim.photo_id)
    assert known.height is not None
    assert known.width is not None
    mask = entry.read((known.height, known.width))
    _check_size(known, mask.labels)
    if not mask.labels.any():
        raise MaskError("labels no pixel; a mask that says nothing is left out; draw it, or take it away")
    head = project.masks.head(known.id)
    changed = head is None or not _stands(project, head, mask.labels)
    if changed and not source.dry_run:
        provenance = np.where(mask.labels > 0, np.uint8(PAINTED), np.uint8(0))
        expected = None if head is None else head.id
        project.masks.save(
            known.id, mask.labels, provenance, source.annotator, expected, kind=RevisionKind.IMPORT
        )
    report.add(entry.name, mask, changed)


def _claim_of(project: Project, entry: Entry) -> Claim | PhotoError:
    """Return the photo of a mask, or why it has none: names that lead to two photos lead nowhere."""
    found, first = list[Claim](), None
    for name in entry.photos:
        try:
            found.append(claim_of(project, name, entry.whole))
        except PhotoError as error:
            first = first or error
    if not found:
        assert first is not None
        return first
    others = [claim.relpath for claim in found if claim.photo_id != found[0].photo_id]
    if others:
        return PhotoError(
            f"is named like {found[0].relpath}, and says that it is of {others[0]}; rename it, or mend the "
            "name in it"
        )
    return max(found, key=lambda claim: claim.exact)


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
