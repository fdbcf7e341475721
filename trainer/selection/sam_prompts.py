"""Clicks, a box and a mask so far, as SAM's decoder takes them.

Kirillov et al., "Segment Anything" (2023), appendix A, "Prompt encoder".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from trainer.selection.sam_layers import Floats, Linear, Norm, Take, gelu

if TYPE_CHECKING:
    from numpy.typing import NDArray

CHANNELS = 256
FRAME = 1024
"""Side of the square that a photo is scaled into and filled up to, pixels."""
SIDE = 64
"""Rows and columns of the embedding."""

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class PromptEncoder:
    """What the decoder learnt about prompts.

    Attributes
    ----------
    waves
        ``(2, C / 2)``, random directions and frequencies that a position is written in.
    left_out, added, corners
        What a click outside, a click inside, and the two corners of a box (one each column) add to it.
    padding
        Stands for a box where there is none.
    no_mask
        Stands at every place for the mask so far where there is none.
    shrinking
        Two steps from a mask's logits to a quarter of its side.
    last
        From there to the channels of the embedding.
    """

    waves: Floats
    left_out: Floats
    added: Floats
    corners: Floats
    padding: Floats
    no_mask: Floats
    shrinking: tuple[tuple[Linear, Norm], ...]
    last: Linear

    @classmethod
    def read(cls, take: Take) -> PromptEncoder:
        """Take it from MobileSAM's tensors."""

        def column(name: str) -> Floats:
            return take(f"{name}.weight", 1, CHANNELS).T

        left_out, added, top_left, bottom_right = (column(f"point_embeddings.{i}") for i in range(4))
        steps = []
        for index, (inner, outer) in ((0, (1, 4)), (3, (4, 16))):
            name = f"mask_downscaling.{index}"
            kernel = take(f"{name}.weight", outer, inner, 2, 2).reshape(outer, -1)
            norm = Norm.read(take, f"mask_downscaling.{index + 1}", outer, eps=1e-6)
            steps.append((Linear(kernel, take(f"{name}.bias", outer)[:, None]), norm))
        name = "mask_downscaling.6"
        last = take(f"{name}.weight", CHANNELS, 16, 1, 1)[..., 0, 0]
        return cls(
            waves=take("pe_layer.positional_encoding_gaussian_matrix", 2, CHANNELS // 2),
            left_out=left_out,
            added=added,
            corners=np.concatenate([top_left, bottom_right], axis=1),
            padding=column("not_a_point_embed"),
            no_mask=column("no_mask_embed"),
            shrinking=tuple(steps),
            last=Linear(last, take(f"{name}.bias", CHANNELS)[:, None]),
        )

    def tokens(self, points: NDArray[np.float64], added: NDArray[np.bool_], box: Box | None) -> Floats:
        """One token ``(C, .)`` for each click, then two for the box, or one that says there is none."""
        clicks = self._position((points.reshape(-1, 2) + 0.5) / FRAME)
        clicks += np.where(added, self.added, self.left_out)
        if box is not None:
            corners = self._position((np.array(box).reshape(2, 2) + 0.5) / FRAME)
            return np.concatenate([clicks, corners + self.corners], axis=1)
        return np.concatenate([clicks, self.padding], axis=1) if len(points) else clicks

    def dense(self, before: Floats | None) -> Floats:
        """Mask so far, ``(C, P)``, or the one column for all places that says there is none."""
        if before is None:
            return self.no_mask
        x, side = before.astype(np.float32, copy=False)[None], 4 * SIDE
        for linear, norm in self.shrinking:
            side //= 2
            blocks = x.reshape(-1, side, 2, side, 2).transpose(0, 2, 4, 1, 3)
            x = gelu(norm(linear(blocks.reshape(-1, side * side))))
        return self.last(x)

    def places(self) -> Floats:
        """Positions of all places of the embedding, ``(C, P)``."""
        row, column = np.mgrid[:SIDE, :SIDE]
        return self._position((np.stack([column, row], axis=-1).reshape(-1, 2) + 0.5) / SIDE)

    def _position(self, xy: NDArray[np.float64]) -> Floats:
        """Write positions in [0, 1] as sines and cosines, ``(C, .)``."""
        phase = 2 * np.pi * (2 * xy - 1) @ self.waves
        return np.concatenate([np.sin(phase), np.cos(phase)], axis=1).T.astype(np.float32, order="C")
