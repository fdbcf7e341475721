"""The forms *Import masks* and *Export masks*."""

from pathlib import Path
from typing import Annotated, cast

from napari_skinseg.session.job import Job, Outcome
from napari_skinseg.widgets.forms.form import Form, Then
from napari_skinseg.widgets.forms.questions import (
    ColoursFile,
    Format,
    FormatName,
    OneClass,
    ProjectFolder,
    Rest,
    ValuesFile,
    choices,
    folder,
)
from trainer.project.import_export.folders import export_folder, import_folder


def take_masks(
    job: Job,
    project: ProjectFolder,
    masks: Annotated[Path, folder("masks", "A folder of masks named like their photos, and as large")],
    file_format: Format = "png",
    ids: ValuesFile = None,
    binary: OneClass = "",
    colours: ColoursFile = None,
    rest: Rest = "",
    annotator: Annotated[
        str, {"label": "annotator", "tooltip": "The name that stands on the masks"}
    ] = "import",
    dry_run: Annotated[
        bool, {"label": "dry run", "tooltip": "Show what would come of it, and write nothing"}
    ] = False,
) -> Outcome:
    """Bring in masks made elsewhere."""
    report = import_folder(
        project,
        masks,
        cast("FormatName", file_format),
        annotator or "import",
        ids,
        job.counter("masks"),
        binary.strip() or None,
        dry_run,
        colours,
        rest.strip() or None,
    )
    level = "info" if not report.details else "warning" if report.fits else "error"
    return Outcome(report.text, report.details, level, None if dry_run else project, report.summary)


def write_masks(
    job: Job,
    project: ProjectFolder,
    out: Annotated[Path, folder("out", "A new or empty folder; one that is not there is made")],
    file_format: Format = "png",
    split: Annotated[
        str,
        choices(
            "of",
            "The photos whose masks are written",
            ("all photos", ""),
            ("photos that models learn from", "train"),
            ("photos for comparing models", "val"),
            ("photos kept for the end", "test"),
        ),
    ] = "",
) -> Outcome:
    """Write masks out."""
    report = export_folder(project, out, cast("FormatName", file_format), split or None, job.counter("masks"))
    return Outcome(report.text, report.details, "warning" if report.left_out else "info")


def import_masks(then: Then | None = None, project: Path | None = None) -> Form:
    """Build the form *Import masks*."""
    about = "Each mask becomes the newest of its photo. Masks there are already stay in its history."
    return Form(take_masks, "Import the masks", about, then, project=project)


def export_masks(then: Then | None = None, project: Path | None = None) -> Form:
    """Build the form *Export masks*."""
    about = "One file for each labelled photo, with what was painted or accepted."
    return Form(write_masks, "Export the masks", about, then, project=project)
