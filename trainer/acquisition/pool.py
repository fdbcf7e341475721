"""Pool of photos that could be labelled next, what is known of each, and a choice among them. No torch."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Sequence

Floats = npt.NDArray[np.floating]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class PhotoScores:
    """What a model says about one photo; NaN where it says nothing.

    Attributes
    ----------
    entropy
        Mean over pixels of the entropy of the classes, in nats.
    margin
        Mean over pixels of the best class's probability less the second's; small = unsure.
    disagreement
        Mean over pixels of the mutual information between class and head, in nats (BALD).
    foreground
        Expected share of pixels that are not background, 0 to 1.
    error
        Mean of a map of likely errors, 0 to 1.
    seconds
        Expected seconds of work on the photo with its suggestion.
    class_entropy
        ``(K,)``: entropy that pixels of each predicted class contribute; they sum to `entropy`.
    class_share
        ``(K,)``: share of the pixels of each predicted class.
    question
        In an annotator's words, as "hand or foot?"; empty: none.
    """

    entropy: float = np.nan
    margin: float = np.nan
    disagreement: float = np.nan
    foreground: float = np.nan
    error: float = np.nan
    seconds: float = np.nan
    class_entropy: tuple[float, ...] = ()
    class_share: tuple[float, ...] = ()
    question: str = ""


@dataclass(frozen=True)
class Scores:
    """`PhotoScores` of all photos as arrays ``(N,)``; ``class_entropy`` ``(N, K)``."""

    entropy: Floats
    margin: Floats
    disagreement: Floats
    foreground: Floats
    error: Floats
    seconds: Floats
    class_entropy: Floats
    questions: tuple[str, ...]

    @classmethod
    def of(cls, photos: Sequence[PhotoScores | None]) -> Scores:
        """Stack what is known of each photo; None: nothing."""
        known = [photo or PhotoScores() for photo in photos]
        classes = max((len(photo.class_entropy) for photo in known), default=0)
        by_class = np.full((len(known), classes), np.nan, np.float32)
        for row, photo in zip(by_class, known, strict=True):
            row[: len(photo.class_entropy)] = photo.class_entropy
        plain = [item.name for item in fields(cls)][:6]
        columns = {name: np.array([getattr(p, name) for p in known], np.float32) for name in plain}
        return cls(**columns, class_entropy=by_class, questions=tuple(photo.question for photo in known))

    def rows(self, index: npt.NDArray[np.intp]) -> Scores:
        """Keep some photos, in this order."""
        kept = {item.name: getattr(self, item.name)[index] for item in fields(self)[:-1]}
        return Scores(**kept, questions=tuple(self.questions[i] for i in index))


@dataclass(frozen=True)
class Pool:
    """Photos without a mask that may be handed out.

    Attributes
    ----------
    photo_ids
        ``(N,)`` int64.
    bursts
        ``(N,)`` int64; equal numbers are near duplicates of each other.
    features
        ``(N, D)`` float32, one vector for each photo, or None.
    labelled
        ``(M, D)`` features of the photos that have a mask.
    scores
        Of the model that is served; None: there is none.
    """

    photo_ids: Ints
    bursts: Ints
    features: Floats | None = None
    labelled: Floats = field(default_factory=lambda: np.zeros((0, 0), np.float32))
    scores: Scores | None = None

    def __len__(self) -> int:
        """Count the photos."""
        return len(self.photo_ids)

    def rows(self, index: npt.NDArray[np.intp]) -> Pool:
        """Keep some photos, in this order."""
        return replace(
            self,
            photo_ids=self.photo_ids[index],
            bursts=self.bursts[index],
            features=None if self.features is None else self.features[index],
            scores=None if self.scores is None else self.scores.rows(index),
        )


@dataclass(frozen=True)
class Choice:
    """A photo to label, how much speaks for it, and why in an annotator's words."""

    photo_id: int
    score: float
    why: str
