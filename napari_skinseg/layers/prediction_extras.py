"""Prediction extras: a map of likely errors, and boxes of the regions found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trainer.labels.boxes import Box
    from trainer.labels.classes import ClassSet
    from trainer.project.models.predictions import Prediction
    from trainer.project.project import Project

MOST_BOXES = 60
"""Boxes shown on a photo, the likeliest; more would hide it."""

RUNNERS_UP = 1
"""Other classes named on a box."""
WORTH_NAMING = 0.05
"""Least probability of a class named on a box."""


@dataclass(frozen=True, eq=False)
class PredictionExtras:
    """Error map and boxes beside a mask, both empty for most recipes."""

    error: NDArray[np.uint8] | None = None
    """(height, width), 255 = surely wrong."""
    boxes: tuple[Box, ...] = ()


NO_EXTRAS = PredictionExtras()


def read_extras(project: Project, prediction: Prediction, shape: tuple[int, int]) -> PredictionExtras:
    """Read the extras of a prediction, without a map of another size and boxes of unknown classes.

    Raises
    ------
    MaskError
        If its files are damaged.
    """
    error = project.predictions.read_error(prediction)
    boxes = [
        box
        for box in project.predictions.read_boxes(prediction)
        if 0 <= box.class_index < project.classes.count
    ]
    likeliest = sorted(boxes, key=lambda box: -box.score)[:MOST_BOXES]
    return PredictionExtras(error if error is not None and error.shape == shape else None, tuple(likeliest))


def box_label(box: Box, classes: ClassSet) -> str:
    """Return name and probability, and the likeliest other class: ``hand 0.81`` / ``foot 0.12``."""
    lines = [f"{classes.names[box.class_index]} {box.score:.2f}"]
    others = sorted(
        (
            (p, classes.names[index])
            for index, p in enumerate(box.probabilities[: classes.count])
            if index != box.class_index and p >= WORTH_NAMING
        ),
        reverse=True,
    )
    return "\n".join([*lines, *(f"{name} {p:.2f}" for p, name in others[:RUNNERS_UP])])


def box_corners(box: Box, shape: tuple[int, int]) -> NDArray[np.float64]:
    """Return the corners (row, column) of a box, cut to the photo: float (4, 2)."""
    top, bottom = (min(max(edge, 0.0), shape[0] - 1.0) for edge in (box.top, box.bottom))
    left, right = (min(max(edge, 0.0), shape[1] - 1.0) for edge in (box.left, box.right))
    return np.array([[top, left], [top, right], [bottom, right], [bottom, left]])
