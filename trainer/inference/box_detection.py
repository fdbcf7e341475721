"""Boxes of a detecting network in pixels of the photo, and the confidence that a class is in a photo."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch

from trainer.data.augment import to_unit, window
from trainer.data.fit import Fit, fit_photo, middle, place_in
from trainer.labels.boxes import Box
from trainer.networks.maskrcnn.detector import Detector

if TYPE_CHECKING:
    from trainer.networks.segmenters import Segmenter


def find_boxes(
    model: Segmenter, working: npt.NDArray[np.uint8], shape: tuple[int, ...], fit: Fit, size: int
) -> tuple[Box, ...]:
    """Find the regions that are drawn in a photo, surest first; none with a network that finds none.

    Parameters
    ----------
    model
        In eval mode.
    working
        The photo at working size, ``(h, w, 3)``.
    shape
        (rows, columns) of the photo itself, in whose pixels the boxes are.
    fit, size
        How photos meet the network's square, and its side in pixels.
    """
    if not isinstance(model, Detector):
        return ()
    found = _detect(model, working, shape, fit, size, None)
    return found[:1] if model.network.one else found


def class_confidence(
    model: Segmenter, working: npt.NDArray[np.uint8], fit: Fit, size: int
) -> npt.NDArray[np.float64]:
    """Return the probability of each class's best box, ``(K,)`` in [0, 1]; every box counts, however weak.

    That of background is the probability that there is nothing.

    Raises
    ------
    TypeError
        The network finds no boxes.
    """
    if not isinstance(model, Detector):
        raise TypeError(f"{model.arch} finds no boxes")
    best = np.zeros(model.classes)
    for box in _detect(model, working, working.shape, fit, size, 0.0):
        best = np.maximum(best, box.probabilities)
    background = int(model.network.background)
    best[background] = 1 - np.delete(best, background).max(initial=0.0)
    return best


@torch.inference_mode()
def _detect(
    model: Detector,
    working: npt.NDArray[np.uint8],
    shape: tuple[int, ...],
    fit: Fit,
    size: int,
    least: float | None,
) -> tuple[Box, ...]:
    """Boxes scaled from the network's picture, in which the photo may lie off the corner, to ``shape``."""
    fitted, top, left, picture = working, 0, 0, working
    if fit != "crop":
        fitted = fit_photo(working, fit, size)
        rows, columns = place_in(fitted.shape, size)
        top, left = rows.start, columns.start
        picture = window(fitted, None, middle(fitted.shape), size)[0].movedim(0, -1).numpy()
    image = torch.from_numpy(np.array(picture)).to(model.mean.device).movedim(-1, 0)[None]
    (found,) = model.detect(to_unit(image).contiguous(memory_format=torch.channels_last), least)
    down, across = shape[0] / fitted.shape[0], shape[1] / fitted.shape[1]
    named = found.probabilities.roll(int(model.network.background), dims=1).cpu().tolist()
    boxes = []
    for (x0, y0, x1, y1), probabilities, label in zip(
        found.boxes.cpu().tolist(), named, found.labels.tolist(), strict=True
    ):
        index = (label + int(model.network.background)) % model.classes
        y0, y1 = (min(max((y - top) * down, 0.0), float(shape[0])) for y in (y0, y1))
        x0, x1 = (min(max((x - left) * across, 0.0), float(shape[1])) for x in (x0, x1))
        if y1 - y0 >= 1 and x1 - x0 >= 1:
            boxes.append(Box(index, probabilities[index], y0, x0, y1, x1, tuple(probabilities)))
    return tuple(boxes)
