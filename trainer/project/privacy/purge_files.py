"""Files made from a photo that is purged: removed by name, or as a whole where names do not tell whose."""

from __future__ import annotations

import json
import shutil
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np

from trainer.atomic import replacing
from trainer.project.maintenance.janitor import collect_orphans

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from trainer.project.privacy.traces import Traces
    from trainer.project.project import Project

__all__ = ["cached_files", "learning_rounds", "log_files", "remove_files", "study_files"]

PER_PHOTO = ("embeddings", "activations")
UNTOLD = ("features",)
"""Folders of the cache whose file names are hashes of scaled pixels: they go as a whole."""
NEW_SECONDS = 60.0
"""A group of arrays so young may be on its way into the catalog, from another window."""


def remove_files(project: Project, traces: Traces) -> dict[str, int]:
    """Remove what was made from a photo; returns how many of each kind. May be called again after a crash."""
    counts = {"arrays": sum(_remove(project.path / name) for name in traces.doomed)}
    counts["unnamed arrays"] = collect_orphans(project, NEW_SECONDS)
    counts["cached"] = sum(_remove(path) for path in cached_files(project.path, traces))
    counts["pictures"] = sum(_remove(path) for path in (project.path / "panels").glob("*"))
    counts["rounds under way"] = sum(_remove(path) for path in learning_rounds(project.path, traces))
    counts["study runs"] = sum(_out_of_study(path, traces.photo_id) for path in study_files(project.path))
    counts["log lines"] = sum(_out_of_log(path, traces) for path in log_files(project.path))
    return {name: count for name, count in counts.items() if count}


def cached_files(project: Path, traces: Traces) -> Iterator[Path]:
    """Files of the cache that hold pixels, labels or features of a photo, or might."""
    cache = project / "cache"
    for kind in UNTOLD:
        yield from (cache / kind).glob("*.npy")
    for kind in PER_PHOTO:
        yield from (cache / kind).glob(f"{traces.photo_id}-*.npy")
    if traces.sha256 is not None:
        yield from (cache / "decoded").glob(f"c-{traces.sha256[:32]}-*.npy")
    for revision in traces.revisions:
        yield from (cache / "decoded").glob(f"t-{revision}-*.npy")


def learning_rounds(project: Path, traces: Traces) -> Iterator[Path]:
    """Folders of rounds under way that learn from a photo, or do not tell from which ones."""
    for folder in (project / "rounds").glob("*"):
        try:
            record = json.loads((folder / "begun.json").read_text(encoding="utf-8"))
            learns = any(item[0] == traces.photo_id for item in record["items"])
        except (OSError, ValueError, LookupError, TypeError):
            learns = True
        if learns:
            yield folder


def log_files(project: Path) -> list[Path]:
    """Return what the trainer has logged and printed."""
    return [path for path in sorted(project.glob("trainer*.log*")) if path.is_file()]


def study_files(project: Path) -> list[Path]:
    """Return the runs of studies and simulations."""
    return sorted((project / "studies").rglob("*.json"))


def _remove(path: Path) -> int:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
        return 1
    with suppress(FileNotFoundError):
        path.unlink()
        return 1
    return 0


def _out_of_log(path: Path, traces: Traces) -> int:
    lines = path.read_text(encoding="utf-8", errors="surrogateescape").splitlines(keepends=True)
    kept = [traces.out_of(line) if traces.is_in(line) else line for line in lines]
    changed = sum(int(a != b) for a, b in zip(kept, lines, strict=True))
    if changed:
        with replacing(path) as partial:
            partial.write_text("".join(kept), encoding="utf-8", errors="surrogateescape")
    return changed


def _out_of_study(path: Path, photo_id: int) -> int:
    """Take the figures of one photo out of a run: its row in each list, and in the arrays beside it."""
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
        ids = list(about.get("photo_ids") or [])
    except (OSError, ValueError, AttributeError, TypeError):
        return 0
    changed = _without_rows(about, photo_id)
    if photo_id in ids:
        place = ids.index(photo_id)
        arrays = path.with_suffix(".npz")
        if arrays.is_file():
            _drop_row(arrays, place, len(ids))
        about["photo_ids"] = ids[:place] + ids[place + 1 :]
        if len(about.get("groups", ())) == len(ids):
            del about["groups"][place]
        changed = True
    if changed:
        with replacing(path) as partial:
            partial.write_text(json.dumps(about, indent=1, ensure_ascii=False), encoding="utf-8")
    return int(changed)


def _without_rows(about: dict[str, Any], photo_id: int) -> bool:
    rows = about.get("photos")
    if not isinstance(rows, list):
        return False
    kept = [row for row in rows if not (isinstance(row, dict) and row.get("photo") == photo_id)]
    about["photos"] = kept
    return len(kept) < len(rows)


def _drop_row(path: Path, place: int, count: int) -> None:
    with np.load(path, allow_pickle=False) as found:
        arrays = dict(found)
    if not any(values.ndim and len(values) == count for values in arrays.values()):
        return  # a run before this one was interrupted here: the rows are gone already
    less = {
        name: np.delete(values, place, axis=0) if values.ndim and len(values) == count else values
        for name, values in arrays.items()
    }
    with replacing(path) as partial, partial.open("wb") as file:
        np.savez_compressed(file, **less)
