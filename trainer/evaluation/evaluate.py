"""Evaluation at full size: a model against the truth of a split, for `skinseg evaluate`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from trainer.errors import MaskError, PhotoError, SkinsegError
from trainer.evaluation.given_masks import GivenMasks, match_masks
from trainer.evaluation.scorecard import Scorecard
from trainer.evaluation.scores.photo import PhotoCounter, PhotoScores

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
    """Score a model as :func:`measure` does, with masks of a folder; return its summary alone."""
    given = None if masks is None else match_masks(project, masks, split)
    return measure(project, predictor, split, masks=given, model_id=model_id, progress=progress).evaluation


def measure(
    project: Project,
    predictor: Predictor,
    split: str = "val",
    *,
    masks: GivenMasks | None = None,
    model_id: str | None = None,
    progress: Advance = lambda what, done, total: None,
    say: Callable[[str], None] = lambda message: None,
) -> Scorecard:
    """Compare a model with the truth of a split, pixel by pixel at full size, one photo at a time.

    Parameters
    ----------
    masks
        Compare with these masks instead of the project's own.
    progress
        Called with ("evaluating", done, total).
    say
        Called with one line for each photo that is left out: it or its mask cannot be read, or does not fit.

    Raises
    ------
    SkinsegError
        No photo can be read with a mask that fits it, or there is no truth in this split.
    """
    pairs = compared(project, split, masks)
    counted, ids = list[PhotoScores](), list[int]()
    for index, (photo_id, read) in enumerate(pairs):
        progress("evaluating", index, len(pairs))
        try:
            photo, target = with_target(project, photo_id, read)
        except (PhotoError, MaskError) as error:
            say(f"left out: {error}")
            if index + 1 == len(pairs) and not counted:
                raise
            continue
        ids.append(photo_id)
        counted.append(count_photo(predictor, photo, target, project.classes))
    progress("evaluating", len(pairs), len(pairs))
    photos = [project.photos.get(photo_id) for photo_id in ids]
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


def compared(project: Project, split: str, masks: GivenMasks | None = None) -> list[tuple[int, Reader]]:
    """List the photos of a split that have a truth, each with the function that reads it.

    Raises
    ------
    SkinsegError
        There is none.
    """
    pairs = masks.readers if masks is not None else _own_truth(project, split)
    if not pairs:
        raise SkinsegError(f"no {split} photo is labelled yet: there is nothing to compare with")
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
