"""From clicks and a box to masks: MobileSAM's mask decoder in numpy, fast enough for each click.

Kirillov et al., "Segment Anything" (2023), appendix A, "Lightweight mask decoder"; weights by Zhang et al.,
"Faster Segment Anything" (2023). The embedding of the photo comes from the trainer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file

from trainer.blas import one_blas_thread
from trainer.errors import WeightsError
from trainer.selection.sam_layers import Attention, Floats, Linear, Mlp, Norm, Take, gelu
from trainer.selection.sam_prompts import CHANNELS, SIDE, Box, PromptEncoder

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

MASKS = 4
"""Masks that the decoder draws: one for prompts that leave no doubt, and three readings of a single click."""
BLOCK = 512
"""Places enlarged together, so that what lies between stays in the processor's cache."""


@dataclass(frozen=True)
class Layer:
    """Tokens look at each other and at the image, then the image at the tokens."""

    among: Attention
    to_image: Attention
    mlp: Mlp
    to_tokens: Attention
    norms: tuple[Norm, Norm, Norm, Norm]

    @classmethod
    def read(cls, take: Take, name: str) -> Layer:
        """Take the layer of that name."""
        half = CHANNELS // 2
        first, second, third, fourth = (Norm.read(take, f"{name}.norm{i}", CHANNELS) for i in (1, 2, 3, 4))
        return cls(
            Attention.read(take, f"{name}.self_attn", CHANNELS, CHANNELS),
            Attention.read(take, f"{name}.cross_attn_token_to_image", CHANNELS, half),
            Mlp.read(take, (f"{name}.mlp.lin1", f"{name}.mlp.lin2"), (CHANNELS, 2048, CHANNELS)),
            Attention.read(take, f"{name}.cross_attn_image_to_token", CHANNELS, half),
            (first, second, third, fourth),
        )

    def __call__(
        self, tokens: Floats, image: Floats, prompts: Floats, places: Floats, *, first: bool
    ) -> tuple[Floats, Floats]:
        """Return tokens ``(C, T)`` and image ``(C, P)``; the first layer's tokens are the prompts."""
        asking = tokens if first else tokens + prompts
        found = self.among.of_tokens(asking, asking, tokens)
        tokens = self.norms[0](found if first else tokens + found)
        placed = image + places
        tokens = self.norms[1](tokens + self.to_image.of_tokens(tokens + prompts, placed, image))
        tokens = self.norms[2](tokens + self.mlp(tokens))
        seen = self.to_tokens.of_places(placed, tokens + prompts, tokens)
        seen += image
        return tokens, self.norms[3](seen)


class SamDecoder:
    """MobileSAM's decoder with its weights; `masks` keeps nothing between calls.

    Raises
    ------
    WeightsError
        `take` does not find a tensor.
    """

    def __init__(self, take: Take) -> None:
        def own(name: str, *shape: int) -> Floats:
            return take(f"mask_decoder.{name}", *shape)

        self._prompts = PromptEncoder.read(lambda name, *shape: take(f"prompt_encoder.{name}", *shape))
        self._places = self._prompts.places()
        tokens = own("iou_token.weight", 1, CHANNELS), own("mask_tokens.weight", MASKS, CHANNELS)
        self._tokens = np.concatenate(tokens).T
        self._layers = [Layer.read(own, f"transformer.layers.{i}") for i in range(2)]
        self._to_image = Attention.read(own, "transformer.final_attn_token_to_image", CHANNELS, CHANNELS // 2)
        self._norm = Norm.read(own, "transformer.norm_final_attn", CHANNELS)
        self._doubling = _doubling(own, "output_upscaling.0", CHANNELS, 64)
        self._doubled_norm = Norm.read(own, "output_upscaling.1", 64, eps=1e-6)
        self._again = _doubling(own, "output_upscaling.3", 64, 32)
        self._kernels = [_head(own, f"output_hypernetworks_mlps.{i}", 32) for i in range(MASKS)]
        self._quality = _head(own, "iou_prediction_head", MASKS)

    @classmethod
    def load(cls, path: Path) -> SamDecoder:
        """Read the decoder's file, as `find_part(MOBILESAM, DECODER)` names it.

        Raises
        ------
        WeightsError
            Missing, damaged, or of another network.
        """
        mend = "remove it and run skinseg weights get mobilesam"
        try:
            tensors = load_file(path)
        except OSError as error:
            raise WeightsError(
                f"{path} cannot be read ({error.strerror or error}): run skinseg weights get mobilesam"
            ) from error
        except SafetensorError as error:
            raise WeightsError(
                f"{path} is not a readable safetensors file ({error}): it is cut off or damaged, {mend}"
            ) from error

        def take(name: str, *shape: int) -> Floats:
            if name not in tensors or tensors[name].shape != shape:
                raise WeightsError(f"{path} lacks {name} {shape} of MobileSAM's decoder: {mend}")
            return tensors[name].astype(np.float32, copy=False)

        return cls(take)

    def masks(
        self,
        embedding: NDArray[np.float16 | np.float32],
        points: NDArray[np.float64],
        added: NDArray[np.bool_],
        box: Box | None = None,
        before: Floats | None = None,
    ) -> tuple[Floats, Floats]:
        """Draw the thing that is meant.

        Positions are pixels (x, y) of the photo scaled so that its long side is `sam_prompts.FRAME`.

        Parameters
        ----------
        embedding : (256, 64, 64)
            Of the photo.
        points : float64 (n, 2)
            Clicks; none only with a box or a mask so far.
        added : bool (n,)
            True: the click is on the thing, False: beside it.
        box
            Left, top, right and bottom around the thing.
        before : float32 (256, 256)
            Logits of the mask so far.

        Returns
        -------
        logits : float32 (3, 256, 256)
            Over the whole square, 0 = the outline. Of a single click its three readings, best first; of more,
            the mask made for that case and then the best two readings.
        quality : float32 (3,)
            Intersection over union that the network expects of each.
        """
        with one_blas_thread():
            return self._masks(embedding, points, added, box, before)

    def _masks(
        self,
        embedding: NDArray[np.float16 | np.float32],
        points: NDArray[np.float64],
        added: NDArray[np.bool_],
        box: Box | None,
        before: Floats | None,
    ) -> tuple[Floats, Floats]:
        prompts = self._prompts.tokens(points, added, box)
        prompts = np.concatenate([self._tokens, prompts], axis=1)
        image = embedding.reshape(CHANNELS, -1).astype(np.float32) + self._prompts.dense(before)
        tokens, image = self._attend(prompts, image)
        quality = self._quality(tokens[:, :1])[:, 0]
        readings = 1 + np.argsort(-quality[1:], kind="stable")
        single_click = len(points) == 1 and box is None and before is None
        order = readings if single_click else np.array([0, *readings[:2]])
        kernels = np.concatenate([self._kernels[i](tokens[:, i + 1 : i + 2]) for i in order], axis=1).T
        return self._drawn(image, kernels), quality[order]

    def _attend(self, prompts: Floats, image: Floats) -> tuple[Floats, Floats]:
        tokens = prompts
        for index, layer in enumerate(self._layers):
            tokens, image = layer(tokens, image, prompts, self._places, first=index == 0)
        found = self._to_image.of_tokens(tokens + prompts, image + self._places, image)
        return self._norm(tokens + found), image

    def _drawn(self, image: Floats, kernels: Floats) -> Floats:
        """Enlarge the image fourfold, and weigh its channels by each mask's kernel."""
        count, places = len(kernels), image.shape[1]
        drawn = np.empty((count, 16, places), np.float32)
        for start in range(0, places, BLOCK):
            block = slice(start, start + BLOCK)
            once = gelu(self._doubled_norm(self._doubling(image[:, block]).reshape(64, -1)))
            twice = gelu(self._again(once).reshape(32, -1))
            drawn[:, :, block] = (kernels @ twice).reshape(count, 16, -1)
        # second doubling (row, column), first doubling, place: to rows and columns from coarse to fine
        parts = drawn.reshape(count, 2, 2, 2, 2, SIDE, SIDE).transpose(0, 5, 3, 1, 6, 4, 2)
        return parts.reshape(count, 4 * SIDE, 4 * SIDE)


def _doubling(take: Take, name: str, inner: int, outer: int) -> Linear:
    """Take a transposed convolution that makes four places of one, as ``(outer 4, inner)``."""
    weight = take(f"{name}.weight", inner, outer, 2, 2).transpose(1, 2, 3, 0).reshape(-1, inner)
    return Linear(weight, take(f"{name}.bias", outer).repeat(4)[:, None])


def _head(take: Take, name: str, outer: int) -> Mlp:
    """Take three layers that read a token."""
    return Mlp.read(take, [f"{name}.layers.{i}" for i in range(3)], (CHANNELS, CHANNELS, CHANNELS, outer))
