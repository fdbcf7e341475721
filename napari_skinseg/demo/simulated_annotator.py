"""A simulated annotator that works through the real session, stroke by stroke, and counts what it costs.

Its hand and its seconds are those of `trainer.effort`; its strokes are the layer's own (`session_canvas`).
What the same photo would have cost from nothing is reckoned beside it, on the masks alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_skinseg.demo.session_canvas import SessionCanvas
from trainer.effort.hand import Hand, agreement, at_working_size
from trainer.effort.tools import Tools

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from napari_skinseg.session.session import AnnotationSession
    from trainer.project.photos.photos import Photo


@dataclass(frozen=True)
class Effort:
    """Effort for one photo, and its agreement with the truth before and after, as the hand sees them."""

    strokes: int
    seconds: float
    from_nothing: float
    """Seconds that drawing the same photo takes without a suggestion."""
    by_select: float | None
    """The same with *Select*; None: nothing found whole things."""
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
    follows
        Whether it lets the rest follow its scribbles, with the key R, where a probe made the suggestion:
        colours alone, which serve for others, cost more on rendered photos than they gave.
    selects
        Whether it selects whole things by clicks, where MobileSAM finds them.
    """

    def __init__(
        self,
        session: AnnotationSession,
        truth: Callable[[Photo], NDArray[np.uint8]],
        hand: Hand | None = None,
        follows: bool = False,
        selects: bool = False,
    ) -> None:
        self.session = session
        self.follows, self.selects = follows, selects
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
        follows = self.follows and self._by_probe(current.model_id)
        canvas, small = SessionCanvas(self.session, follows), at_working_size(truth)
        before = agreement(canvas.labels, small)
        select = canvas.select.selector() if self.selects else None
        steps = list(self.hand.annotate(canvas, small, select))
        seconds, from_nothing = self.hand.costs.look + sum(steps), self.hand.seconds_from_nothing(truth)
        alone = None if select is None else round(self.hand.seconds_from_nothing(truth, Tools(select)), 3)
        after = agreement(canvas.labels, small)
        return Effort(len(steps), round(seconds, 3), round(from_nothing, 3), alone, before, after)

    def _by_probe(self, model_id: str | None) -> bool:
        """Whether a probe suggested the labels, whose activations strokes are followed by."""
        models = self.session.project.models.all()
        return any(model.id == model_id and model.recipe == "probe" for model in models)

    def accept_and_next(self) -> Effort:
        """Correct the open photo, accept it, and have the session go on to the next one."""
        effort = self.annotate()
        self.session.accept_and_next()
        return effort
