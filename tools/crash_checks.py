"""What must hold after a kill: whatever was acknowledged is there and equal, and nothing half is served."""

from __future__ import annotations

import random
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy as sa

from tools.crash_victims import ANNOTATOR, digest, entries, strokes_in
from trainer.errors import MaskError, SkinsegError
from trainer.project.catalog import schema
from trainer.project.catalog.counts import count_photos
from trainer.project.doctor import doctor
from trainer.project.maintenance.model_files import fault_of
from trainer.project.project import Project

UNSAVED_SECONDS = 5.0
"""No more than this much unsaved work may be lost."""
A_FEW = 12


def check(path: Path, journal: Path, whole: bool, rng: random.Random) -> list[str]:
    """Open a project after a kill and compare it with the journal; return what is wrong.

    Parameters
    ----------
    path, journal : Path
        The project, and what its writers noted, with a line at each kill of one.
    whole : bool
        Look at everything, not at the newest and a few by chance.
    rng : Random
        Chooses those.
    """
    book = list(entries(journal))
    try:
        with Project.open(path) as project:
            return [
                *_catalog(project),
                *_saved(project, _some([e for e in book if "saved" in e], whole, rng)),
                *_strokes(project, _kept(book), whole, rng),
                *_predictions(project, whole, rng),
                *_served(project),
                *((*_doctor(project), *_counts(project)) if whole else ()),
            ]
    except SkinsegError as error:
        return [f"the project does not open: {error}"]


def _some(those: list[Any], whole: bool, rng: random.Random) -> list[Any]:
    if whole or len(those) <= 2 * A_FEW:
        return those
    return [*rng.sample(those[:-A_FEW], A_FEW), *those[-A_FEW:]]


def _catalog(project: Project) -> list[str]:
    if not project.catalog.is_sqlite:
        return []
    with project.catalog.read() as connection:
        said = connection.exec_driver_sql("PRAGMA integrity_check").scalars().all()
    return [] if said == ["ok"] else [f"integrity check: {said}"]


def _saved(project: Project, saves: list[dict[str, Any]]) -> list[str]:
    wrong = []
    for entry in saves:
        try:
            labels, _ = project.masks.read(project.masks.revision(entry["saved"]))
        except MaskError as error:
            wrong.append(f"a saved mask is gone: {error}")
            continue
        if digest(labels) != entry["digest"]:
            wrong.append(f"the saved mask {entry['saved']} is another than was saved")
    return wrong


def _kept(book: list[dict[str, Any]]) -> dict[int, int]:
    """Count the strokes that must be there, by photo: in a draft, in a save, or older than what may go."""
    kept: dict[int, int] = defaultdict(int)
    of_this_life: list[dict[str, Any]] = []
    for entry in book:
        if "stroke" in entry:
            of_this_life.append(entry)
        elif "photo" in entry:
            kept[entry["photo"]] = max(kept[entry["photo"]], entry.get("draft", entry.get("strokes", 0)))
        elif "killed" in entry:
            for made in of_this_life:
                if made["at"] < entry["killed"] - UNSAVED_SECONDS:
                    kept[made["photo"]] = max(kept[made["photo"]], made["stroke"] + 1)
            of_this_life.clear()
    return {photo: strokes for photo, strokes in kept.items() if strokes}


def _strokes(project: Project, kept: dict[int, int], whole: bool, rng: random.Random) -> list[str]:
    wrong = []
    for photo_id in _some(list(kept), whole, rng):
        work = _work(project, photo_id)
        there = max((strokes_in(*mask) for mask in work), default=0)
        if there < kept[photo_id]:
            lost = f"{kept[photo_id] - there} of {kept[photo_id]} strokes on photo {photo_id} are lost"
            wrong.append(f"{lost} ({len(work)} masks and drafts of it)")
    return wrong


def _work(project: Project, photo_id: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Read draft and mask of a photo; a writer that lives may replace them meanwhile."""
    for _ in range(5):
        found = []
        try:
            if (draft := project.drafts.get(photo_id, ANNOTATOR)) is not None:
                found.append(project.drafts.read(draft))
            if (head := project.masks.head(photo_id)) is not None:
                found.append(project.masks.read(head))
        except MaskError:
            continue
        return found
    return []


def _predictions(project: Project, whole: bool, rng: random.Random) -> list[str]:
    with project.catalog.read() as connection:
        ids = list(connection.execute(sa.select(schema.prediction.c.photo_id)).scalars())
    wrong = []
    for photo_id in _some(ids, whole, rng):
        for _ in range(5):
            found = project.predictions.get(photo_id)
            if found is None:
                break
            try:
                project.predictions.read(found)
                break
            except MaskError as error:
                if project.predictions.get(photo_id) == found:
                    wrong.append(f"a half prediction is served: {error}")
                    break
    return wrong


def _served(project: Project) -> list[str]:
    served = project.models.served()
    fault = fault_of(served.path) if served is not None else ""
    return [f"a half model is served: {fault}"] if fault else []


def _doctor(project: Project) -> list[str]:
    return [f"doctor: {found.what}" for found in doctor(project) if found.level == "error"]


def _counts(project: Project) -> list[str]:
    """Compare the counts that are kept with the photos; whoever lives may change them in between."""
    kept = counted = None
    for _ in range(5):
        with project.catalog.read() as connection:
            kept, counted = (count_photos(connection, kept=how) for how in (True, False))
        if kept == counted:
            return []
    return [f"the counts that are kept are wrong: {kept} for {counted}"]
