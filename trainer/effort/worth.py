"""Worth of a model's suggestions: the seconds they save, and how sure they must be to be shown."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from trainer.effort.hand import Hand
from trainer.labels.held_back import NOTHING, WHOLE, held_back, shown_part

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    Pair = tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]
    """Labels, confidence and truth of a photo: uint8 (height, width)."""

LEVELS = (0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
FEWEST = 3
"""With fewer photos nothing is measured."""
PLAINLY = 0.7
"""A suggestion that leaves this share of the seconds or less is shown whole; no level is tried."""
LEAST = 0.03
"""Share of the seconds that a suggestion must save to be shown."""
SURELY = 2.0
"""Standard errors by which a level must be better than showing all: of six levels on eight photos one looks
good by chance, and loses on others."""


@dataclass(frozen=True)
class Worth:
    """Whether a model's suggestions are shown.

    Attributes
    ----------
    below
        Regions of a lower mean confidence are held back, see `held_back`.
    share
        Seconds with what is shown as a share of those from nothing; None: not measured.
    whole
        The same with the whole suggestion.
    photos
        So many were measured.
    """

    below: float = WHOLE
    share: float | None = None
    whole: float | None = None
    photos: int = 0

    @property
    def held_words(self) -> str:
        """Say what is held back and why; empty: nothing is."""
        if self.below <= WHOLE:
            return ""
        what = (
            "they are" if self.below >= NOTHING else f"regions it is less than {self.below:.0%} sure of are"
        )
        saved = max(0.0, 1 - (self.whole or 0))
        photos = f"{self.photos} validation photos"
        return (
            f"its suggestions save {saved:.0%} of the time on {photos}: {what} held back, Shift+U shows all"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, for a model's card."""
        return asdict(self)

    @classmethod
    def from_card(cls, card: Mapping[str, Any]) -> Worth:
        """Read it from a model's card; one of before shows everything."""
        return cls(**card["worth"]) if card.get("worth") else cls()


UNKNOWN = Worth()
"""Not measured: suggestions are shown whole."""


def weigh(pairs: Sequence[Pair], hand: Hand | None = None) -> Worth | None:
    """Measure what suggestions save on photos with masks, by a simulated hand, and choose the level.

    The whole suggestion counts but where another level surely saves more; where none saves `LEAST` of the
    seconds from nothing, nothing is shown.

    Parameters
    ----------
    pairs
        Photos that the model has not learnt from.
    hand
        Whose seconds; the hand of the steering law without tools by default.

    Returns
    -------
    Worth or None
        None: fewer photos than `FEWEST`.
    """
    if len(pairs) < FEWEST:
        return None
    weighing = _Weighing(pairs, hand or Hand())
    nothing, whole = weighing.seconds(NOTHING).sum(), weighing.seconds(WHOLE)
    below, best = WHOLE, whole
    for level in LEVELS if whole.sum() > PLAINLY * nothing else ():
        found = weighing.seconds(level)
        if found.sum() < best.sum() and _surely_more(whole, found):
            below, best = level, found
    share, shares = float(best.sum() / nothing), float(whole.sum() / nothing)
    if share > 1 - LEAST:
        return Worth(NOTHING, 1.0, shares, len(pairs))
    return Worth(below, share, shares, len(pairs))


class _Weighing:
    """Seconds of a hand on photos; the same labels, as levels that no region lies between show, once."""

    def __init__(self, pairs: Sequence[Pair], hand: Hand) -> None:
        self._pairs, self._hand = pairs, hand
        self._known: dict[tuple[int, bytes], float] = {}

    def seconds(self, below: float) -> NDArray[np.float64]:
        """Return the seconds of each photo, with what is shown at a level."""
        return np.array([self._of(index, below) for index in range(len(self._pairs))])

    def _of(self, index: int, below: float) -> float:
        labels, confidence, truth = self._pairs[index]
        part = shown_part(labels, held_back(labels, confidence, below))
        key = index, part.tobytes()
        if key not in self._known:
            self._known[key] = self._hand.seconds(part, truth)
        return self._known[key]


def _surely_more(seconds: NDArray[np.float64], than: NDArray[np.float64]) -> bool:
    """Whether the same photos take more seconds, by `SURELY` standard errors."""
    more = seconds - than
    return bool(more.mean() > SURELY * more.std(ddof=1) / len(more) ** 0.5)
