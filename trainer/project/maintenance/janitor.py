"""Files of a project that no row of the catalog names: found, and removed once they are old enough."""

from __future__ import annotations

import logging
import os
import shutil
import time
from typing import TYPE_CHECKING

import sqlalchemy as sa

from trainer.project.catalog import schema
from trainer.project.maintenance.model_files import prune_models

if TYPE_CHECKING:
    from pathlib import Path

    from trainer.project.project import Project

__all__ = ["Sweep", "collect_orphans", "find_orphans", "tidy_up"]

log = logging.getLogger(__name__)

SWEEP_SECONDS = 3600.0


class Sweep:
    """Tidies up once in a while."""

    def __init__(self, project: Project) -> None:
        self._project, self._at = project, 0.0

    def look(self) -> None:
        """Tidy up if the last time is an hour ago."""
        if time.monotonic() < self._at:
            return
        self._at = time.monotonic() + SWEEP_SECONDS
        for line in tidy_up(self._project):
            log.info(line)


def tidy_up(project: Project) -> list[str]:
    """Remove orphans, and the files of old models as `service.keep_models` says; a line for each kind."""
    lines = []
    if removed := collect_orphans(project):
        lines.append(f"removed {removed} groups of files that belonged to nothing")
    project.catalog.fold_changes()
    keep = project.settings.service.keep_models
    if keep and (pruned := prune_models(project, keep)).ids:
        lines.append(f"removed the files of {len(pruned.ids)} old models, {pruned.bytes / 1e6:.0f} MB")
    return lines


def collect_orphans(project: Project, older_than: float = 3600.0) -> int:
    """Remove groups that no row names and that are older than some seconds; returns how many.

    They are left where a program was killed between writing files and naming them, or where a newer
    prediction or draft took their place.

    Raises
    ------
    ReadOnlyError
        If the project is open for reading only.
    """
    project.require_writable()
    orphans = find_orphans(project, older_than)
    for path in orphans:
        shutil.rmtree(path, ignore_errors=True)
    return len(orphans)


def find_orphans(project: Project, older_than: float) -> list[Path]:
    """Return the groups of arrays that no row names and that are older than some seconds."""
    before = time.time() - older_than
    found: list[Path] = []
    for name in ("masks", "predictions", "drafts"):
        folder = project.path / name
        if folder.is_dir():
            with os.scandir(folder) as entries:
                found += [folder / entry.name for entry in entries if _age(entry) < before]
    # Asked after looking: what was named in between is there, and what is not yet named is too young.
    with project.catalog.read() as connection:
        named = {
            path
            for table in (schema.revision, schema.prediction, schema.draft)
            for path in connection.execute(sa.select(table.c.path)).scalars()
        }
    return [path for path in found if path.relative_to(project.path).as_posix() not in named]


def _age(entry: os.DirEntry[str]) -> float:
    try:
        return entry.stat(follow_symlinks=False).st_mtime
    except FileNotFoundError:
        return float("inf")
