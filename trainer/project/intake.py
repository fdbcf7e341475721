"""Intake of photos: a new project made of a folder of them, and more photos for a project there is."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from trainer.errors import ConfigError
from trainer.project.catalog.schema import photo, photo_group
from trainer.project.import_export.folders import check_folder
from trainer.project.import_export.mask_import import import_masks
from trainer.project.project import Project

if TYPE_CHECKING:
    from collections.abc import Callable

    from trainer.project.import_export.mask_import import ImportReport
    from trainer.project.photos.registration import Added

__all__ = ["Intake", "add_photos", "create_project"]


@dataclass(frozen=True)
class Intake:
    """Photos that a project took.

    Attributes
    ----------
    project : Path
        The project folder, as it was named.
    created : bool
        Whether the project was made for them.
    new, photos : int
        Photos that were not known before, and photos in all.
    added : Added
        What became of the folder's files.
    ungrouped : int or None
        New photos of no group, where groups were given.
    masks : ImportReport or None
        The masks that came along.
    """

    project: Path
    created: bool
    new: int
    photos: int
    added: Added
    ungrouped: int | None = None
    masks: ImportReport | None = None

    @property
    def text(self) -> str:
        """The result in one line."""
        if not self.created:
            moved = f", {self.added.moved:,} moved" if self.added.moved else ""
            return f"{self.new:,} new photos{moved}, {self.photos:,} in all."
        masks = "" if self.masks is None else f" Masks: {self.masks.text}"
        return f"Made {self.project} with {self.photos:,} photos.{masks}"

    @property
    def details(self) -> list[str]:
        """One line for each thing that was not as it should be."""
        lines = []
        if self.ungrouped:
            lines.append(
                f"--groups: {self.ungrouped:,} of {self.new:,} photos have no match: "
                "each is a group of its own"
            )
        return lines + self.added.lines + ([] if self.masks is None else self.masks.details)

    @property
    def summary(self) -> list[str]:
        """One line for each class of the masks that came along."""
        return [] if self.masks is None else self.masks.summary


def create_project(
    directory: str | Path,
    photos: str | Path,
    classes: str | Path = "skin9",
    groups: str | None = None,
    masks: str | Path | None = None,
    database: str | None = None,
    progress: Callable[[int], None] | None = None,
    ids: str | Path | None = None,
    binary: str | None = None,
) -> Intake:
    """Make a project of a folder of photos; nothing is left behind where that fails.

    Parameters
    ----------
    directory : str or Path
        The project folder: new, or empty.
    photos : str or Path
        The folder with the photos; they stay there.
    classes : str or Path
        Name of a class set, or a file that describes one.
    groups : str, optional
        A CSV file (photo, group[, split]) or a regular expression on the relative path.
    masks : str or Path, optional
        A folder of PNG masks to import at once; one that does not fit is left out and reported.
    database : str, optional
        A PostgreSQL address; by default SQLite in the folder.
    progress : callable, optional
        Called with the number of photos, then of masks, done so far.
    ids, binary
        Meaning of the masks' values; see `import_masks`.

    Raises
    ------
    SkinsegError
        If there are no photos or no masks, no photo has a group, or the folder cannot become a project.
    """
    check_folder(photos, "photos")
    if masks is not None:
        check_folder(masks, "masks")
    elif ids is not None or binary is not None:
        raise ConfigError("--ids and --binary say what masks mean; name their folder with --masks")
    path = Path(directory)
    fresh = not path.exists() or (path.is_dir() and not any(path.iterdir()))
    with Project.create(path, classes=classes, database_url=database) as project:
        try:
            added = project.registration.add_folder(photos, groups=groups, progress=progress)
            total, alone = project.photos.counts().photos, _ungrouped(project)
            if groups is not None and alone == total:
                raise _no_group(project, groups, photos)
            imported = None
            if masks is not None:
                imported = import_masks(project, masks, ids=ids, binary=binary, progress=progress)
        except BaseException:
            project.close()
            if fresh:  # a project without photos would only stand in the way of the next try
                shutil.rmtree(path, ignore_errors=True)
            raise
    ungrouped = None if groups is None else alone
    return Intake(path, True, added.new, total, added, ungrouped, imported)


def _no_group(project: Project, groups: str, photos: str | Path) -> ConfigError:
    ids = project.photos.ids()
    return ConfigError(
        f"--groups {groups}: matches none of the {len(ids):,} photos; it is searched for in their "
        f"paths below {photos}, such as {project.photos.get(ids[0]).relpath}"
    )


def add_photos(
    directory: str | Path,
    photos: str | Path,
    groups: str | None = None,
    progress: Callable[[int], None] | None = None,
) -> Intake:
    """Register more photos with a project; those already known are left as they are.

    Parameters
    ----------
    directory : str or Path
        The project folder.
    photos, groups, progress
        See `create_project`.

    Raises
    ------
    SkinsegError
        If the project cannot be written, there are no photos, or `groups` is not usable.
    """
    check_folder(photos, "photos")
    with Project.open(directory) as project:
        before = _ungrouped(project)
        added = project.registration.add_folder(photos, groups=groups, progress=progress)
        total, alone = project.photos.counts().photos, _ungrouped(project) - before
    ungrouped = None if groups is None else alone
    return Intake(Path(directory), False, added.new, total, added, ungrouped)


def _ungrouped(project: Project) -> int:
    """Count the photos that are a group of their own because nothing named one."""
    named = sa.select(photo_group.c.name)
    query = sa.select(sa.func.count()).select_from(photo).where(photo.c.group_name.not_in(named))
    with project.catalog.read() as connection:
        return int(connection.execute(query).scalar_one())
