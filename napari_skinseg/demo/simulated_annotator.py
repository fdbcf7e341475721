"""A simulated annotator that works through the real session, stroke by stroke, and counts what it costs.

Its hand and its seconds are those of `trainer.effort`; here every stroke is drawn by the layer's own tools.
What the same photo would have cost from nothing is reckoned beside it, on the masks alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from trainer.effort.hand import Hand, agreement, at_working_size, working_step
from trainer.effort.strokes import dabs

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from napari_skinseg.session.session import AnnotationSession
    from trainer.effort.strokes import Stroke
    from trainer.project.photos import Photo


@dataclass(frozen=True)
class Effort:
    """Effort for one photo, and its agreement with the truth before and after, as the hand sees them."""

    strokes: int
    seconds: float
    from_nothing: float
    """Seconds that the same photo takes without a suggestion."""
    before: float
    after: float


class SimulatedAnnotator:
    """Corrects the photo that a session has open.

    Parameters
    ----------
    session
        The session; its owner polls it.
    truth
        Returns the right labels of a photo: uint8 (height, width), stored values; 0 where unknown.
    hand
        What a stroke costs, and when it is content.
    """

    def __init__(
        self,
        session: AnnotationSession,
        truth: Callable[[Photo], NDArray[np.uint8]],
        hand: Hand | None = None,
    ) -> None:
        self.session = session
        self.hand = hand or Hand()
        self._truth = truth

    def annotate(self) -> Effort:
        """Correct the open photo until it is good enough; neither save it nor go on.

        Raises
        ------
        RuntimeError
            If no photo is open.
        ValueError
            If the truth is of another size than the photo.
        """
        current = self.session.current
        if current is None:
            raise RuntimeError("no photo is open: call open_next() and poll() until one is")
        truth = self._truth(current.photo)
        labels = self.session.annotation_layer.data
        if truth.shape != labels.shape:
            raise ValueError(f"{current.photo.relpath}: the truth is {truth.shape}, the photo {labels.shape}")
        step, small, seen = working_step(truth.shape), at_working_size(truth), at_working_size(labels)
        before, strokes, seconds = agreement(seen, small), 0, self.hand.costs.look
        for stroke in self.hand.strokes(seen, small):
            self._draw(stroke, step)
            strokes += 1
            seconds += self.hand.costs.of(stroke, max(small.shape))
        from_nothing = self.hand.seconds_from_nothing(truth)
        return Effort(strokes, round(seconds, 3), round(from_nothing, 3), before, agreement(seen, small))

    def accept_and_next(self) -> Effort:
        """Correct the open photo, accept it, and have the session go on to the next one."""
        effort = self.annotate()
        self.session.accept_and_next()
        return effort

    def _draw(self, stroke: Stroke, step: int) -> None:
        """Draw a stroke as the mouse would, through the layer's own tools: one undo step."""
        layer = self.session.annotation_layer
        self.session.select_class(stroke.value)
        if stroke.fills:
            row, column = np.round(stroke.points[0] * step).astype(int)
            layer.fill((int(row), int(column)), stroke.value)
            return
        if stroke.width == 0:
            corners = np.round(stroke.points * step + (step - 1) / 2).astype(int)
            layer.paint_polygon(_to_the_edge(corners, layer.data.shape, step), stroke.value)
            return
        layer.brush_size = max(1, round(stroke.width * step))
        with layer.block_history():
            for place in dabs(stroke.points * step, stroke.width * step):
                layer.paint(place, stroke.value)


def _to_the_edge(corners: NDArray[np.int_], shape: tuple[int, ...], step: int) -> NDArray[np.int_]:
    """Draw corners that lie at the photo's edge, as seen in the working masks, right to it."""
    last = np.array(shape) - 1
    corners = np.where(corners < step, 0, corners)
    drawn: NDArray[np.int_] = np.minimum(np.where(corners > last - step, last, corners), last)
    return drawn
