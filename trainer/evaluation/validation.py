"""Validation at working size: confusion matrices of a model, after every round."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

import numpy as np
import torch

from trainer.errors import SkinsegError
from trainer.evaluation.metrics import Counts, confusion

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from trainer.data.photo_cache import Bytes, WorkingPhotos
    from trainer.evaluation.validation_sample import ValidationSample
    from trainer.inference.predictor import Predictor
    from trainer.project.project import Project
    from trainer.project.revisions import Truth


class ScoreMemory:
    """Confusion matrices of stored models, so that a process counts each model and mask once."""

    LIMIT = 50_000

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, str, str], Counts] = OrderedDict()

    def get(self, key: tuple[str, str, str]) -> Counts | None:
        """Look up the matrix of (project, model, revision)."""
        return self._known.get(key)

    def put(self, key: tuple[str, str, str], matrix: Counts) -> None:
        """Remember a matrix."""
        self._known[key] = matrix
        if len(self._known) > self.LIMIT:
            self._known.popitem(last=False)


MEMORY = ScoreMemory()


def readable_truth(
    project: Project,
    truths: Sequence[Truth],
    say: Callable[[str], None] = lambda message: None,
    photos: WorkingPhotos | None = None,
) -> list[Truth]:
    """Leave out, and report, the photos whose file or mask cannot be read.

    With `photos` their pixels are decoded too, into the cache that whoever scores them reads next.
    """
    kept = []
    for truth in truths:
        try:
            project.photos.probe(truth.photo_id)
            if photos is not None:
                photos.photo(truth.photo_id)
            project.masks.check(truth)
        except SkinsegError as error:
            say(f"left out of validation: {error}")
        else:
            kept.append(truth)
    return kept


def working_matrices(
    project: Project,
    photos: WorkingPhotos,
    truths: Sequence[Truth],
    predictor: Predictor,
    *,
    model_id: str | None = None,
    tick: Callable[[int], None] = lambda index: None,
    sample: ValidationSample | None = None,
) -> Counts:
    """Count confusion matrices at working size, one photo at a time.

    Parameters
    ----------
    photos
        Reader at the predictor's own working size.
    model_id
        Of a stored model: its matrices are remembered.
    tick
        Called before each photo; may raise to stop.
    sample
        Takes its part of every photo on the way. Not with a `model_id`.

    Returns
    -------
    ndarray
        ``(P, K, K)`` int64, rows are the truth.

    Raises
    ------
    SkinsegError
        A photo or mask that cannot be read any more.
    """
    classes = project.classes.count
    matrices = np.zeros((len(truths), classes, classes), np.int64)
    for index, truth in enumerate(truths):
        tick(index)
        key = (project.id, model_id or "", truth.revision_id)
        known = MEMORY.get(key) if model_id else None
        if known is None:
            photo = photos.photo(truth.photo_id)
            target = photos.target(truth.photo_id, truth.revision_id, photo.shape[:2])
            known = confusion(target, _classes_of(predictor, photo, target, sample), classes)
            if model_id:
                MEMORY.put(key, known)
        matrices[index] = known
    return matrices


def _classes_of(predictor: Predictor, photo: Bytes, target: Bytes, sample: ValidationSample | None) -> Bytes:
    if sample is None:
        return predictor.classes_of(photo)
    sample.begin(target)
    classes = np.empty(target.shape, np.uint8)
    for top, probabilities in predictor.bands(photo):
        rows = slice(top, top + probabilities.shape[1])
        classes[rows] = probabilities.argmax(dim=0).to(torch.uint8).cpu().numpy()
        sample.take(top, probabilities)
    return classes
