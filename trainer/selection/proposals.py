"""Clicks on a photo, and the masks that they propose."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import numpy as np
from PIL import Image

from trainer.selection.crumbs import without_crumbs
from trainer.selection.sam_prompts import FRAME

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trainer.selection.sam_decoder import SamDecoder


@dataclass(frozen=True)
class Proposal:
    """A proposed mask, small."""

    values: NDArray[np.float32]
    """``(h, w)``, above 0 inside the mask."""
    extent: tuple[float, float]
    """Rows and columns of it that the photo takes up, from the top left."""

    def at(self, shape: tuple[int, int]) -> NDArray[np.bool_]:
        """Scale bilinearly to the photo's size, and return where it is above 0: bool ``shape``."""
        picture = Image.fromarray(np.ascontiguousarray(self.values, np.float32))
        rows, columns = self.extent
        large = picture.resize((shape[1], shape[0]), Image.Resampling.BILINEAR, box=(0, 0, columns, rows))
        inside: NDArray[np.bool_] = np.asarray(large) > 0
        return inside

    def places(self, shape: tuple[int, int]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Rows and columns of the photo under the middles of the mask's own pixels."""
        rows, columns = np.nonzero(self.values > 0)
        height, width = self.extent
        inside = (rows < height) & (columns < width)
        place = ((rows[inside] + 0.5) * (shape[0] / height), (columns[inside] + 0.5) * (shape[1] / width))
        return (
            np.minimum(place[0].astype(np.intp), shape[0] - 1),
            np.minimum(place[1].astype(np.intp), shape[1] - 1),
        )


@dataclass(frozen=True)
class Prompts:
    """Clicks, and at most one box, in pixels of the photo: (row, column), and (top, left, bottom, right)."""

    points: tuple[tuple[float, float], ...] = ()
    added: tuple[bool, ...] = ()
    """Of each click: part of the thing, or not."""
    box: tuple[float, float, float, float] | None = None
    swept: bool = False
    """Whether some of the clicks lie along a stroke over the thing."""

    def with_click(self, row: float, column: float, added: bool) -> Prompts:
        """Add a click."""
        return replace(self, points=(*self.points, (row, column)), added=(*self.added, added))

    def with_stroke(
        self, start: tuple[float, float], end: tuple[float, float], step: float, added: bool
    ) -> Prompts:
        """Add clicks along a line, each at most so many pixels from the last."""
        count = max(1, math.ceil(max(abs(b - a) for a, b in zip(start, end, strict=True)) / step))
        shares = [at / count for at in range(count + 1)]
        places = tuple(
            (start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1]))
            for share in shares
        )
        all_added = (*self.added, *(added for _ in places))
        return replace(self, points=(*self.points, *places), added=all_added, swept=True)

    def with_box(self, box: tuple[float, float, float, float]) -> Prompts:
        """Put a box in the place of the one there was."""
        return replace(self, box=box)


class Proposer(Protocol):
    """Finds masks for clicks on one photo; runs in a thread."""

    by_strokes: bool
    """Whether a drag is a stroke over the thing, in place of a box around it."""

    def propose(self, prompts: Prompts) -> list[Proposal]:
        """Return masks, the best first."""


class ClickModel:
    """Masks by MobileSAM's decoder.

    Parameters
    ----------
    decoder
        The decoder.
    embedding
        Of the photo, ``(256, 64, 64)``.
    shape
        Height and width of the photo.
    """

    by_strokes = False

    def __init__(self, decoder: SamDecoder, embedding: NDArray[np.float16], shape: tuple[int, int]) -> None:
        self._decoder, self._embedding = decoder, embedding
        self._scale, self._shape = FRAME / max(shape), shape

    def propose(self, prompts: Prompts) -> list[Proposal]:
        """Decode three masks without crumbs, of the photo filled up to a square."""
        points = np.array([[column + 0.5, row + 0.5] for row, column in prompts.points], np.float64)
        box = None
        if prompts.box is not None:
            top, left, bottom, right = (side * self._scale for side in prompts.box)
            box = (left, top, right, bottom)
        masks, _ = self._decoder.masks(
            self._embedding, points.reshape(-1, 2) * self._scale, np.array(prompts.added, bool), box
        )
        side = masks.shape[-1] / max(self._shape)
        clicks = [(row * side, column * side) for row, column in prompts.points]
        extent = (self._shape[0] * side, self._shape[1] * side)
        return [Proposal(without_crumbs(mask, clicks, prompts.added), extent) for mask in masks]
