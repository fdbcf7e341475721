"""What a model says beside its mask: where it is likely to be wrong, and the regions that it found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trainer.labels.boxes import Box
    from trainer.labels.classes import ClassSet
    from trainer.project.predictions import Prediction
    from trainer.project.project import Project

MOST_BOXES = 60
"""More would hide the photo."""

RUNNERS_UP = 1
WORTH_NAMING = 0.05


@dataclass(frozen=True, eq=False)
class Remarks:
    """Nothing by default: most recipes have no discriminator and find no boxes."""

    error: NDArray[np.uint8] | None = None
    """(height, width), 255 = surely wrong."""
    boxes: tuple[Box, ...] = ()


NONE = Remarks()


def read_remarks(project: Project, prediction: Prediction, shape: tuple[int, int]) -> Remarks:
    """Read what belongs to a prediction; a map of another size, or a box of an unknown class, counts as none.

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
    return Remarks(error if error is not None and error.shape == shape else None, tuple(likeliest))


def box_label(box: Box, classes: ClassSet) -> str:
    """Name and probability, and the classes it might be instead: ``hand 0.81`` / ``foot 0.12``."""
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
    """Corners (row, column) of a box, cut to the photo: float (4, 2)."""
    top, bottom = (min(max(edge, 0.0), shape[0] - 1.0) for edge in (box.top, box.bottom))
    left, right = (min(max(edge, 0.0), shape[1] - 1.0) for edge in (box.left, box.right))
    return np.array([[top, left], [top, right], [bottom, right], [bottom, left]])
