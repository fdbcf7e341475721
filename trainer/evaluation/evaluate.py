"""Evaluation at full size: a model against the truth of a split, for `skinseg evaluate`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from trainer.errors import MaskError, PhotoError, SkinsegError
from trainer.evaluation.scorecard import Scorecard
from trainer.evaluation.scores.photo import PhotoCounter, PhotoScores
from trainer.labels.png import read_values

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from trainer.data.photo_cache import Bytes
    from trainer.evaluation.summary import Evaluation
    from trainer.inference.predictor import Predictor
    from trainer.labels.classes import ClassSet
    from trainer.project.project import Project
    from trainer.project.revisions import Truth

    Advance = Callable[[str, int, int], None]
    Reader = Callable[[], Bytes]


def evaluate(
    project: Project,
    predictor: Predictor,
    split: str = "val",
    *,
    masks: Path | None = None,
    model_id: str | None = None,
    progress: Advance = lambda what, done, total: None,
) -> Evaluation:
    """Score a model as :func:`measure` does; return its summary alone."""
    return measure(project, predictor, split, masks=masks, model_id=model_id, progress=progress).evaluation


def measure(
    project: Project,
    predictor: Predictor,
    split: str = "val",
    *,
    masks: Path | None = None,
    model_id: str | None = None,
    progress: Advance = lambda what, done, total: None,
) -> Scorecard:
    """Compare a model with the truth of a split, pixel by pixel at full size, one photo at a time.

    Parameters
    ----------
    masks
        Compare with the PNG masks of this folder (same stem, pixel = class index, 255 = not labelled)
        instead of the project's own.
    progress
        Called with ("evaluating", done, total).

    Raises
    ------
    SkinsegError
        No truth in this split, or a mask that does not fit its photo.
    """
    pairs = compared(project, split, masks)
    counted = []
    for index, (photo_id, read) in enumerate(pairs):
        progress("evaluating", index, len(pairs))
        photo, target = with_target(project, photo_id, read)
        counted.append(count_photo(predictor, photo, target, project.classes))
    progress("evaluating", len(pairs), len(pairs))
    photos = [project.photos.get(photo_id) for photo_id, _ in pairs]
    return Scorecard.of(
        counted,
        [photo.group for photo in photos],
        [photo.id for photo in photos],
        [photo.relpath for photo in photos],
        project.classes,
        model=model_id or str(predictor.card.get("id", "")),
        split=split,
    )


def count_photo(predictor: Predictor, photo: Bytes, target: Bytes, classes: ClassSet) -> PhotoScores:
    """Predict one photo ``(H, W, 3)`` and count where it agrees with the truth ``(H, W)``."""
    counter = PhotoCounter(target, classes)
    for top, probabilities in predictor.full_size(photo):
        best, index = probabilities.float().max(dim=0)
        counter.add(
            top,
            index.to(torch.uint8).cpu().numpy(),
            (best * 255).round().clamp(0, 255).to(torch.uint8).cpu().numpy(),
            (1 - probabilities[classes.background].float()).cpu().numpy(),
            probabilities.amax(dim=(1, 2)).float().cpu().numpy(),
        )
    return counter.finish(photo, predictor.class_confidence(photo) if predictor.finds_boxes else None)


def compared(project: Project, split: str, masks: Path | None = None) -> list[tuple[int, Reader]]:
    """List the photos of a split that have a truth, each with the function that reads it.

    Raises
    ------
    SkinsegError
        There is none.
    """
    pairs = _masks_in(project, masks, split) if masks is not None else _own_truth(project, split)
    if not pairs:
        where = (
            f"no mask in {masks} belongs to a {split} photo" if masks else f"no {split} photo is labelled yet"
        )
        raise SkinsegError(f"{where}: there is nothing to compare with")
    return pairs


def with_target(project: Project, photo_id: int, read: Reader) -> tuple[Bytes, Bytes]:
    """Read a photo and its truth, at full size.

    Raises
    ------
    SkinsegError
        One cannot be read, or they differ in size.
    """
    photo, target = project.photos.read(photo_id), read()
    if target.shape != photo.shape[:2]:
        name = project.photos.get(photo_id).relpath
        sizes = f"{target.shape[1]}x{target.shape[0]}, the photo {photo.shape[1]}x{photo.shape[0]}"
        raise MaskError(f"the mask of {name} has {sizes}: make it the photo's size")
    return photo, target


def _own_truth(project: Project, split: str) -> list[tuple[int, Reader]]:
    def reader(truth: Truth) -> Reader:
        return lambda: project.masks.read_truth(truth)

    return [(truth.photo_id, reader(truth)) for truth in project.masks.truth(split)]


def _masks_in(project: Project, folder: Path, split: str) -> list[tuple[int, Reader]]:
    def reader(path: Path) -> Reader:
        return lambda: read_png_mask(path, project.classes.count)

    pairs: list[tuple[int, Reader]] = []
    for path in sorted(folder.rglob("*.png")):
        relative = path.relative_to(folder).with_suffix("").as_posix()
        try:
            photo = project.photos.find(relative)
        except PhotoError:
            continue
        if photo.split == split:
            pairs.append((photo.id, reader(path)))
    return pairs


def read_png_mask(path: Path, classes: int) -> Bytes:
    """Read a PNG mask, ``(H, W)`` uint8: class index, 255 = not labelled.

    Raises
    ------
    MaskError
        Not a PNG of one channel, or with other values.
    """
    mask = read_values(path)
    strange = sorted(set(np.unique(mask).tolist()) - {*range(classes), 255})
    if strange:
        raise MaskError(
            f"{path} has the unknown class {strange[0]}: use 0 to {classes - 1}, 255 = not labelled"
        )
    return mask.astype(np.uint8, copy=False)
