"""The tool *Select* in the simulated hand, on the open photo: clicks, boxes, Tab, a digit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_skinseg.demo.polling import poll_until
from trainer.effort.hand import working_step
from trainer.effort.selector import Selector
from trainer.errors import ProjectError
from trainer.selection.proposals import Prompts

if TYPE_CHECKING:
    from napari_skinseg.session.session import AnnotationSession
    from trainer.effort.strokes import Stroke
    from trainer.selection.proposals import Proposal, Proposer

PATIENCE = 40.0
"""Longest wait for the trainer to have looked at a photo, and for the masks of a click, in seconds."""


class SessionSelect:
    """The tool on the open photo.

    Parameters
    ----------
    session
        The session; it is polled here while the tool is waited for.
    """

    def __init__(self, session: AnnotationSession) -> None:
        self._session, self._tool = session, session.select_tool
        self._step = working_step(session.annotation_layer.data.shape)

    def selector(self) -> Selector | None:
        """Wait until the tool finds whole things; what chooses the clicks, at working size, or None."""
        if not self._tool.active:
            self._session.toggle_select()
        poll_until(self._session, lambda: self._tool.whole_things is not None, PATIENCE)
        found = self._tool.whole_things
        return None if found is None else Selector(_AtWorkingSize(found, self._step))

    def paint(self, stroke: Stroke) -> None:
        """Click as the stroke says, choose among the proposed masks, and paint: one undo step.

        Raises
        ------
        ProjectError
            If the tool proposes nothing.
        """
        assert stroke.prompts is not None
        if not self._tool.active:
            self._session.toggle_select()
        prompts = _full_size(stroke.prompts, self._step)
        if prompts.box is not None:
            top, left, bottom, right = prompts.box
            self._tool.drag((top, left), (bottom, right))
        for (row, column), added in zip(prompts.points, prompts.added, strict=True):
            self._tool.click(row, column, added)
        if not poll_until(self._session, lambda: self._tool.has_answer, PATIENCE):
            raise ProjectError(f"Select proposed nothing within {PATIENCE:.0f} s: click again, or draw")
        for _ in range(stroke.glances - 1):
            self._session.next_proposal()
        self._session.select_class(stroke.value)


class _AtWorkingSize:
    """A proposer for prompts in pixels of the masks' working size."""

    by_strokes = False

    def __init__(self, proposer: Proposer, step: int) -> None:
        self._proposer, self._step = proposer, step

    def propose(self, prompts: Prompts) -> list[Proposal]:
        """Return the masks."""
        return self._proposer.propose(_full_size(prompts, self._step))


def _full_size(prompts: Prompts, step: int) -> Prompts:
    """Give prompts in pixels of the photo."""
    half = (step - 1) / 2
    points = tuple((row * step + half, column * step + half) for row, column in prompts.points)
    box = None
    if prompts.box is not None:
        top, left, bottom, right = (side * step for side in prompts.box)
        box = (top, left, bottom, right)
    return Prompts(points, prompts.added, box)
