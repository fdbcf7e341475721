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
    from trainer.evaluation.scores.temperature import PixelSample
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
    project: Project, truths: Sequence[Truth], say: Callable[[str], None] = lambda message: None
) -> list[Truth]:
    """Leave out, and report, the photos whose file or mask cannot be read."""
    kept = []
    for truth in truths:
        try:
            project.photos.probe(truth.photo_id)
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
    sample: PixelSample | None = None,
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
        Takes pixels of every photo on the way, to fit a temperature with. Not with a `model_id`.

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


def _classes_of(predictor: Predictor, photo: Bytes, target: Bytes, sample: PixelSample | None) -> Bytes:
    if sample is None:
        return predictor.classes_of(photo)
    classes = np.empty(target.shape, np.uint8)
    for top, probabilities in predictor.bands(photo):
        rows = slice(top, top + probabilities.shape[1])
        classes[rows] = probabilities.argmax(dim=0).to(torch.uint8).cpu().numpy()
        sample.take(target[rows], probabilities, share=probabilities.shape[1] / len(target))
    return classes


def evaluate(
    project: Project,
    predictor: Predictor,
    split: str = "val",
    *,
    masks: Path | None = None,
    model_id: str | None = None,
    progress: Advance = lambda what, done, total: None,
) -> Evaluation:
    """The first figures of :func:`measure`, with a confusion matrix per photo."""
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


Reader = Callable[[], Bytes]


def compared(project: Project, split: str, masks: Path | None = None) -> list[tuple[int, Reader]]:
    """The photos of a split that have a truth, each with what reads it.

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
    """A photo and its truth, at full size.

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
        Not an image of one channel, or with other values.
    """
    try:
        with Image.open(path) as image:
            mask = np.asarray(image)
    except (OSError, UnidentifiedImageError) as error:
        raise MaskError(f"{path} cannot be read as an image: {error}") from error
    if mask.ndim != 2 or mask.dtype != np.uint8:
        raise MaskError(f"{path} is not a mask: it must have one channel of 8 bits, pixel = class index")
    strange = sorted(set(np.unique(mask).tolist()) - {*range(classes), 255})
    if strange:
        raise MaskError(
            f"{path} has the unknown class {strange[0]}: use 0 to {classes - 1}, 255 = not labelled"
        )
    return mask


def photos_at_size_of(
    project: Project, predictor: Predictor, cache: DecodedCache | None = None
) -> WorkingPhotos:
    """The project's photos as this predictor wants them."""
    return WorkingPhotos(project, predictor.long_side, cache)
