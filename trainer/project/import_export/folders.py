"""Folders of masks in and out of a project that is named by its path, and the checks before any work."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from trainer.errors import ProjectError
from trainer.project.import_export.formats import FORMATS, check_format
from trainer.project.import_export.mask_export import export_masks
from trainer.project.import_export.mask_import import import_masks
from trainer.project.project import Project

if TYPE_CHECKING:
    from collections.abc import Callable

    from trainer.project.import_export.formats import Format
    from trainer.project.import_export.mask_export import ExportReport
    from trainer.project.import_export.mask_import import ImportReport

__all__ = ["check_folder", "check_out", "export_folder", "import_folder"]


def import_folder(
    directory: str | Path,
    masks: str | Path,
    file_format: Format = "png",
    annotator: str = "import",
    ids: str | Path | None = None,
    progress: Callable[[int], None] | None = None,
    binary: str | None = None,
    dry_run: bool = False,
    colours: str | Path | None = None,
    rest: str | None = None,
) -> ImportReport:
    """Bring masks made elsewhere into a project.

    Parameters
    ----------
    directory
        The project folder.
    masks, file_format, annotator, ids, progress, binary, dry_run, colours, rest
        See `import_masks`.

    Raises
    ------
    SkinsegError
        If the project cannot be written, or the folder cannot be read or holds no masks.
    """
    check_format(file_format)
    if not (FORMATS[file_format].shapes and Path(masks).is_file()):
        check_folder(masks, "masks")
    with Project.open(directory, read_only=dry_run) as project:
        return import_masks(
            project,
            masks,
            file_format,
            annotator,
            ids,
            progress,
            binary=binary,
            dry_run=dry_run,
            colours=colours,
            rest=rest,
        )


def export_folder(
    directory: str | Path,
    out: str | Path,
    file_format: Format = "png",
    split: str | None = None,
    progress: Callable[[int], None] | None = None,
) -> ExportReport:
    """Write the masks of a project into a new or empty folder.

    Parameters
    ----------
    directory
        The project folder.
    out, file_format, split, progress
        See `export_masks`.

    Raises
    ------
    SkinsegError
        If there is no such project, or the folder cannot be written or is not empty.
    """
    with Project.open(directory) as project:  # for the access log, where it can be written
        check_out(Path(out).expanduser())
        return export_masks(project, out, file_format, split=split, progress=progress)


def check_folder(folder: str | Path, what: str) -> None:
    """Refuse a folder that is not there or cannot be read.

    Raises
    ------
    ProjectError
        Naming the folder, and `what` it should hold.
    """
    path = Path(folder)
    if not path.exists():
        raise ProjectError(f"no folder {folder}: check the spelling of the path to the {what}")
    if not path.is_dir():
        raise ProjectError(f"{folder} is a file: name the folder that holds the {what}")
    if not os.access(path, os.R_OK | os.X_OK):
        raise ProjectError(f"cannot read {folder}: ask for read permission on it")


def check_out(out: Path) -> None:
    """Make the folder to write to, and refuse one that takes no files.

    Raises
    ------
    ProjectError
        Naming the folder and the reason.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out):
            pass
    except FileExistsError as error:
        raise ProjectError(f"{out} is a file: name a folder to write to") from error
    except OSError as error:
        raise ProjectError(
            f"cannot write to {out}: {error.strerror}; name a folder in which you may write"
        ) from error
