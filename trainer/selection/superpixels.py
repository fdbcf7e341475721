"""Superpixels of a photo: what a click finds where no weights are at hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from trainer.selection.proposals import Proposal

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trainer.selection.proposals import Prompts

LONG_SIDE = 400
"""Photos are cut up at this size: about what one sees of them on the screen."""
PIECES = (60, 160, 400)
"""Numbers of superpixels of the three proposals, large pieces first."""


class Superpixels:
    """Masks put together of superpixels (SLIC, Achanta et al. 2012), one size of pieces for each proposal.

    Parameters
    ----------
    photo
        ``(height, width, 3)`` uint8.
    """

    by_strokes = True

    def __init__(self, photo: NDArray[np.uint8]) -> None:
        from skimage.segmentation import slic  # no first photo should wait for it

        self._shape = photo.shape[:2]
        scale = min(1.0, LONG_SIDE / max(self._shape))
        rows, columns = (max(1, round(side * scale)) for side in self._shape)
        small = np.asarray(Image.fromarray(photo).resize((columns, rows), Image.Resampling.BOX))
        self.segments = [
            slic(small, n_segments=count, compactness=8, sigma=1, start_label=1, channel_axis=-1)
            for count in PIECES
        ]

    def propose(self, prompts: Prompts) -> list[Proposal]:
        """Join the pieces clicked on or mostly in the box, without those that were taken away.

        Of a stroke first what most sizes of pieces agree on: large ones reach beyond a thing that it covers,
        small ones leave gaps. On 18 drawn hands and limbs, Dice .95 (large .84, small .95), for a stroke that
        skips much .80 (.83, .64).
        """
        found = [self._joined(segments, prompts) for segments in self.segments]
        if not prompts.swept:
            return found
        agreed = np.sign(np.sum([one.values for one in found], axis=0, dtype=np.float32))
        return [Proposal(agreed, found[0].extent), *reversed(found)]

    def _joined(self, segments: NDArray[np.intp], prompts: Prompts) -> Proposal:
        chosen = np.zeros(int(segments.max()) + 1, bool)
        scale = np.array(segments.shape) / self._shape
        if prompts.box is not None:
            corners = np.array(prompts.box).reshape(2, 2) * scale
            top, left, bottom, right = corners.round().astype(int).ravel()
            inside = np.bincount(segments[top : bottom + 1, left : right + 1].ravel(), minlength=len(chosen))
            chosen |= inside * 2 > np.bincount(segments.ravel(), minlength=len(chosen))
        last = np.array(segments.shape) - 1
        for place, added in zip(prompts.points, prompts.added, strict=True):
            row, column = np.clip(np.floor((np.array(place) + 0.5) * scale).astype(int), 0, last)
            chosen[segments[row, column]] = added
        values = np.where(chosen[segments], np.float32(1), np.float32(-1))
        return Proposal(values, (segments.shape[0], segments.shape[1]))
