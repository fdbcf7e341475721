"""The open photo of a session as a canvas of the simulated hand: every stroke by the layer's own tools."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

from napari_skinseg.demo.polling import poll_until
from napari_skinseg.demo.session_select import SessionSelect
from trainer.effort.hand import at_working_size, working_step
from trainer.effort.strokes import dabs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from napari_skinseg.session.session import AnnotationSession
    from trainer.effort.strokes import Stroke

PATIENCE = 20.0
"""Longest wait for the rest to follow, in seconds."""


class SessionCanvas:
    """The canvas of `trainer.effort` on the photo that a session has open.

    Parameters
    ----------
    session
        The session; while the rest follows it is polled here.
    may_follow
        Whether the hand knows the key that lets the rest follow.
    """

    def __init__(self, session: AnnotationSession, may_follow: bool) -> None:
        self._session, self.may_follow = session, may_follow
        self.select = SessionSelect(session)
        self._changed: list[bool] = []  # whether each step changed anything, and so can be taken back
        self._step = working_step(session.annotation_layer.data.shape)

    @property
    def labels(self) -> NDArray[np.uint8]:
        """Labels at working size, as they stand; a view."""
        return at_working_size(self._session.annotation_layer.data)

    def paint(self, stroke: Stroke) -> None:
        """Draw a stroke as the mouse would: one undo step."""
        with self._one_step():
            self._draw(stroke)

    def follow(self) -> None:
        """Press the key that lets the rest follow, and wait until it has."""
        with self._one_step():
            self._session.follow_strokes()
            poll_until(self._session, lambda: not self._session.is_following, PATIENCE)

    def undo(self) -> None:
        """Take the last step back."""
        if self._changed.pop():
            self._session.undo()

    @contextmanager
    def _one_step(self) -> Iterator[None]:
        before = self._session.annotation_layer.data.copy()
        yield
        self._changed.append(bool((self._session.annotation_layer.data != before).any()))

    def _draw(self, stroke: Stroke) -> None:
        if stroke.prompts is not None:
            self.select.paint(stroke)
            return
        layer, step = self._session.annotation_layer, self._step
        self._session.select_class(stroke.value)
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
