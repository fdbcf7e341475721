"""The photo on the desk, as sentences and docks see it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trainer.project.photos import Photo
    from trainer.project.revisions import Revision


@dataclass(frozen=True)
class OpenPhoto:
    """The photo that is open, as the docks show it.

    Attributes
    ----------
    why
        Why the queue chose it.
    blind
        Shown without a suggestion, to measure the model fairly.
    model_id
        The model that made the suggestion on it, if any.
    finished
        It was saved as a whole before.
    first_trained
        The first model that learnt from its mask, and when that was made.
    seconds
        Active seconds on it so far; a minute without a sign of life does not count.
    """

    photo: Photo
    why: str
    blind: bool
    model_id: str | None
    revision: Revision | None
    strokes: int
    seconds: float
    finished: bool = False
    first_trained: tuple[str, float] | None = None
