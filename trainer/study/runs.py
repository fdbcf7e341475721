"""Runs of a study: names, files, writing and reading.

`DIR/studies/NAME/runs/ARM-LABELS-sSEED-HASH.json` and `.npz` are written whole, the JSON last: where it is,
the run is done. HASH is over the settings and over what was learnt from and tested on, so that runs which
cannot be compared never share a name.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import numpy as np

from trainer.atomic import replacing
from trainer.errors import ProjectError, SkinsegError
from trainer.project.files.filesystem import storage_errors
from trainer.study.measures import Evidence

if TYPE_CHECKING:
    from pathlib import Path

    from trainer.project.project import Project
    from trainer.study.arms import Sections


Record = dict[str, Any]
"""One JSON file of a study."""


@dataclass(frozen=True)
class RunSpec:
    """Specification of one run."""

    arm: str
    labels: float
    seed: int
    settings: Sections
    """Everything set, by section."""
    steps: int | None
    split: str
    full_size: bool
    data: str
    """Digest of what it learns from, is tested on, and starts from."""
    pretext: bool = False
    """Makes starting weights; it has no scores."""

    @property
    def name(self) -> str:
        """Name of its files."""
        values = {**self.__dict__, "labels": round(self.labels, 6)}
        digest = hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:8]
        return f"{self.arm}-{100 * self.labels:g}-s{self.seed}-{digest}"

    @property
    def title(self) -> str:
        """Name of the run as it is printed."""
        if self.pretext:
            return "colorization, the pretext task"
        return f"{self.arm}, {100 * self.labels:g} % of the labels, seed {self.seed}"


@dataclass(frozen=True)
class Run:
    """Run that is done."""

    arm: str
    labels: float
    seed: int
    evidence: Evidence
    photo_ids: list[int]
    groups: list[str]
    about: Record = field(repr=False, default_factory=dict)
    """The JSON file."""


def is_done(folder: Path, name: str) -> bool:
    """Tell whether the run of that name has its files."""
    return (folder / f"{name}.json").is_file()


def write_run(folder: Path, name: str, about: Record, evidence: Evidence | None) -> None:
    """Write a run's pair of files; a crash at any moment leaves it done or not done.

    Raises
    ------
    StorageFullError
        The disk is full.
    """
    with storage_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        if evidence is not None:
            with replacing(folder / f"{name}.npz") as partial, partial.open("wb") as file:
                np.savez_compressed(
                    file, matrices=evidence.matrices, present=evidence.present, sureness=evidence.confidence
                )
        write_text(folder / f"{name}.json", json.dumps(about, indent=1, ensure_ascii=False, allow_nan=False))


def write_text(path: Path, text: str) -> None:
    """Write a file so that a reader sees the old one or the new one."""
    with storage_errors(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as partial:
            partial.write_text(text, encoding="utf-8")


def read_run(folder: Path, name: str) -> Run | None:
    """Read a run; None where it is not done, or made starting weights.

    Raises
    ------
    SkinsegError
        Files that are damaged.
    """
    path = folder / f"{name}.json"
    if not path.is_file():
        return None
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
        if about["pretext"]:
            return None
        with np.load(path.with_suffix(".npz"), allow_pickle=False) as arrays:
            evidence = Evidence(
                arrays["matrices"].astype(np.int64),
                arrays["present"].astype(np.bool_),
                arrays["sureness"].astype(np.float64),
            )
    except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
        raise SkinsegError(
            f"{path} or its .npz is damaged ({error}): delete both, and run it again"
        ) from error
    return Run(
        about["arm"], about["labels"], about["seed"], evidence, about["photo_ids"], about["groups"], about
    )


def test_split(project: Project, asked: str | None) -> str:
    """Choose the split to test on: the one asked for, else test where it has masks, else validation.

    Raises
    ------
    ProjectError
        No photo of it has a mask.
    """
    labelled = {name: done for name, (_, done) in project.photos.counts().by_split.items()}
    split = asked or ("test" if labelled.get("test") else "val")
    if not labelled.get(split):
        name = {"val": "validation", "test": "test"}.get(split, split)
        raise ProjectError(
            f"no {name} photo of {project.path} has a mask: label some, or import masks for them; "
            "a study needs photos to test on"
        )
    return split


def data_digest(project: Project, split: str, weights: Path | None = None) -> str:
    """Digest of the masks learnt from and tested on, and of the starting weights."""
    digest = hashlib.sha256()
    for part in ("train", split):
        for revision in sorted(truth.revision_id for truth in project.masks.truth(part)):
            digest.update(revision.encode())
        digest.update(b"|")
    if weights is not None:
        digest.update(hashlib.sha256(weights.read_bytes()).digest())
    return digest.hexdigest()[:16]
