"""Validation after every epoch of a round, and the averaged weights of the best one.

A round counts steps; where a recipe thinks in epochs, its steps are shared out over them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch import Tensor

from trainer.engine.optim import epoch_of
from trainer.losses.segmentation import flat_dice, thresholded_iou

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from trainer.data.photo_cache import WorkingPhotos
    from trainer.inference.predictor import Predictor
    from trainer.project.masks import Truth
    from trainer.training.checkpoints import BestState, EpochsState

Weights = dict[str, Tensor]


@dataclass(frozen=True)
class EpochScore:
    """One line of the table epoch | DL | IoU."""

    loss: float
    """Soft Dice loss, mean over the validation photos."""
    iou: float
    """IoU of the foreground where its probability is above one half, mean over the validation photos."""


@dataclass
class Best:
    """The best epoch so far."""

    epoch: int
    iou: float
    weights: Weights


class Epochs:
    """Epochs of a round: validation after each, and the best so far.

    Parameters
    ----------
    count
        Epochs the steps of the round are shared out over; no more than there are steps.
    measure
        Scores averaged weights; None where there is nothing to compare with.
    on_best
        Called with the weights that are the best so far.
    """

    def __init__(
        self,
        count: int,
        measure: Callable[[Weights], EpochScore | None],
        on_best: Callable[[Weights], None] = lambda weights: None,
    ) -> None:
        self.count, self.measure, self.on_best = count, measure, on_best
        self.done = 0
        self.best: Best | None = None

    def due(self, step: int, steps: int) -> bool:
        """Tell whether an epoch has ended that was not validated yet."""
        return epoch_of(step, steps, self.count) > self.done

    def close(self, step: int, steps: int, weights: Weights) -> dict[str, float]:
        """Validate and return values to plot; the same step again gives the same."""
        score = self.measure(weights)
        self.done = epoch_of(step, steps, self.count)
        if score is None:
            return {}
        if math.isfinite(score.iou) and (self.best is None or score.iou > self.best.iou):
            kept = {name: weight.detach().clone() for name, weight in weights.items()}
            self.best = Best(self.done, score.iou, kept)
            self.on_best(kept)
        return {"epoch": float(self.done), "epoch_loss": score.loss, "epoch_iou": score.iou}

    def state(self) -> EpochsState:
        """Return tensors and plain values for a checkpoint."""
        best = self.best
        kept: BestState | None = None
        if best is not None:
            kept = {"epoch": best.epoch, "iou": best.iou, "weights": best.weights}
        return {"done": self.done, "best": kept}

    def restore(self, state: EpochsState) -> None:
        """Read back :meth:`state`."""
        self.done = state["done"]
        self.best = None if state["best"] is None else Best(**state["best"])


def measure_epoch(
    predictor: Predictor,
    photos: WorkingPhotos,
    truths: Sequence[Truth],
    background: int,
    tick: Callable[[int], None] = lambda index: None,
) -> EpochScore | None:
    """Soft Dice loss and thresholded IoU at working size, photo by photo as with batches of one.

    Returns
    -------
    EpochScore or None
        None without truth.
    """
    if not truths:
        return None
    scores = np.zeros((len(truths), 2))
    for index, truth in enumerate(truths):
        tick(index)
        photo = photos.photo(truth.photo_id)
        target = torch.from_numpy(
            np.array(photos.target(truth.photo_id, truth.revision_id, photo.shape[:2]))
        )[None]
        p = torch.cat([band.float().cpu() for _, band in predictor.bands(photo)], dim=1)[None]
        scores[index, 0] = 1 - flat_dice(p.clamp(min=1e-12).log(), target, background)
        scores[index, 1] = thresholded_iou(p, target, background)
    loss, iou = scores.mean(0)
    return EpochScore(float(loss), float(iou))


def probability_map(
    predictor: Predictor, photo: npt.NDArray[np.uint8], background: int, height: int = 384
) -> npt.NDArray[np.uint8]:
    """Draw a photo and, right of it, the probability of foreground: black for no, white for yes.

    Returns
    -------
    ndarray
        ``(height, W, 3)`` uint8.
    """
    p = torch.cat([1 - band[background].float().cpu() for _, band in predictor.bands(photo)])
    gray = (p * 255).round().clamp(0, 255).to(torch.uint8).numpy()
    both = np.concatenate([photo, np.repeat(gray[..., None], 3, axis=2)], axis=1)
    width = max(1, round(both.shape[1] * height / both.shape[0]))
    return np.asarray(Image.fromarray(both).resize((width, height), Image.Resampling.BILINEAR))
