"""Published encoders as they were trained, for features that are not tuned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from trainer.errors import WeightsError
from trainer.networks.published.folder import find_part
from trainer.networks.published.registry import DECODER, ENCODER, InputScale, PublishedWeights
from trainer.networks.weights import read_weights

if TYPE_CHECKING:
    from pathlib import Path


class FrozenEncoder(nn.Module):
    """An encoder whose weights stay as published; always in eval mode, without gradients.

    Parameters
    ----------
    network
        One of timm's, built with ``features_only``.
    scale
        Input scale that its weights expect.
    channels, strides
        Of each stage, finest first.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self, network: nn.Module, scale: InputScale, channels: tuple[int, ...], strides: tuple[int, ...]
    ) -> None:
        super().__init__()
        self.network = network.requires_grad_(False)
        self.channels, self.strides = channels, strides
        mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (scale.mean, scale.std))
        self.register_buffer("mean", 2 * mean - 1, persistent=False)
        self.register_buffer("std", 2 * std, persistent=False)
        self.eval()

    def train(self, mode: bool = True) -> FrozenEncoder:
        """Stay in eval mode: batch norm must not learn either."""
        super().train(False)
        return self

    @torch.no_grad()
    def forward(self, image_NCHW: Tensor) -> list[Tensor]:
        """Map pictures in [-1, 1], ``(N, 3, H, W)``, to features ``(N, C, H / stride, W / stride)``."""
        features: list[Tensor] = self.network((image_NCHW - self.mean) / self.std)
        return features


def load_frozen_encoder(weights: PublishedWeights, pretrained: Path | None = None) -> FrozenEncoder:
    """Build the network of published weights and load them; every tensor of it must be in the file.

    Parameters
    ----------
    pretrained
        A project's folder of starting weights, which comes before the user's.

    Raises
    ------
    WeightsError
        Not on this machine, or not of this network.
    SkinsegError
        The file is damaged.
    """
    import timm

    path = find_part(weights, ENCODER, pretrained)
    if path is None:
        raise WeightsError(
            f"the weights {weights.name} are not on this machine: run skinseg weights get {weights.name} "
            f"({weights.megabytes})"
        )
    name = weights.encoders[0].removeprefix("tu-")
    network: Any = timm.create_model(name, pretrained=False, features_only=True)
    strides = list(network.feature_info.reduction())
    if DECODER in weights.parts:  # MobileSAM's TinyViT does not halve again before its last stage
        network.stages_3.downsample.conv2.conv.stride = (1, 1)
        strides[-1] = strides[-2]
    missing, _ = network.load_state_dict(read_weights(path), strict=False)
    if missing:
        raise WeightsError(
            f"{path} lacks {missing[0]} of {weights.network}: remove it and run skinseg weights get "
            f"{weights.name}"
        )
    return FrozenEncoder(network, weights.scale, tuple(network.feature_info.channels()), tuple(strides))
