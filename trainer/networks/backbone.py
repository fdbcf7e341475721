"""Frozen backbones: features at several strides that no training changes.

Shape suffixes: N photos, C channels, H rows, W columns.
"""

from __future__ import annotations

import hashlib
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from trainer.networks.encoders import HANDMADE

FINEST = 4
"""Stride of the finest features; a stage that is finer is averaged to it."""


class Backbone(nn.Module):
    """Feature stages of an encoder; always in eval mode and without gradients.

    Attributes
    ----------
    channels : tuple of int
        Of each stage, finest first; the last stage also gives the photo's global mean.
    """

    channels: tuple[int, ...]

    def train(self, mode: bool = True) -> Backbone:
        """Stay in eval mode: batch norm must not learn either."""
        super().train(False)
        return self

    def stages(self, image_NCHW: Tensor) -> list[Tensor]:
        """Features ``(N, C, H / stride, W / stride)``, finest first."""
        raise NotImplementedError

    @torch.no_grad()
    def forward(self, image_NCHW: Tensor) -> list[Tensor]:
        """Map pictures on the encoder's own scale to their feature stages."""
        return self.stages(image_NCHW)

    def digest(self) -> str:
        """Hexadecimal digest of the weights and of the class: features of two digests must never be mixed."""
        found = hashlib.sha256(repr((type(self).__name__, self.channels)).encode())
        for name, tensor in sorted(self.state_dict().items()):
            found.update(name.encode())
            found.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().data)
        return found.hexdigest()


class TimmBackbone(Backbone):
    """Stages of one of timm's networks, all of them.

    Parameters
    ----------
    name
        As timm names it.
    output_stride
        Stride of the last stage; MobileSAM's TinyViT and the encoders of DeepLabV3+ stay at 16.
    """

    def __init__(self, name: str, output_stride: int = 32) -> None:
        super().__init__()
        import timm

        tiny_vit = name.startswith("tiny_vit")
        options: dict[str, Any] = {} if tiny_vit or output_stride == 32 else {"output_stride": output_stride}
        network = cast("Any", timm.create_model(name, pretrained=False, features_only=True, **options))
        if tiny_vit and output_stride == 16:
            network.stages_3.downsample.conv2.conv.stride = (1, 1)
        self.finer = tuple(FINEST // stride for stride in network.feature_info.reduction())
        self.channels = tuple(network.feature_info.channels())
        self.model = network
        self.requires_grad_(False)
        self.train(False)

    def stages(self, image_NCHW: Tensor) -> list[Tensor]:
        """Features of every stage."""
        found = self.model(image_NCHW)
        return [
            F.avg_pool2d(stage, times, ceil_mode=True) if times > 1 else stage
            for stage, times in zip(found, self.finer, strict=True)
        ]


class HandmadeBackbone(Backbone):
    """Colour, contrast and edges at several sizes: features for machines without any weights.

    The finest stage holds the colours, their opponents and the energy of the gradients in four directions;
    the coarser ones hold local means and standard deviations of the colours.
    """

    channels = (10, 6, 6, 6)
    kernels: Tensor

    def __init__(self) -> None:
        super().__init__()
        ramp = torch.tensor([[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]]) / 8
        corner = torch.tensor([[0.0, 1.0, 2.0], [-1.0, 0.0, 1.0], [-2.0, -1.0, 0.0]]) / 8
        kernels = torch.stack([ramp, ramp.T, corner, corner.flip(1)])[:, None]
        self.register_buffer("kernels", kernels, persistent=True)

    def stages(self, image_NCHW: Tensor) -> list[Tensor]:
        """Colours and gradients at stride 4, means and deviations at 8, 16 and 32."""
        red, green, blue = (image_NCHW[:, channel : channel + 1] for channel in range(3))
        light = image_NCHW.mean(dim=1, keepdim=True)
        edges = F.conv2d(F.pad(light, (1, 1, 1, 1), mode="replicate"), self.kernels.to(light.dtype)).abs()
        fine = torch.cat([image_NCHW, red - green, (red + green) / 2 - blue, light, edges], dim=1)
        found = [F.avg_pool2d(fine, FINEST, ceil_mode=True)]
        for stride in (8, 16, 32):
            mean = F.avg_pool2d(image_NCHW, stride, ceil_mode=True)
            square = F.avg_pool2d(image_NCHW**2, stride, ceil_mode=True)
            found.append(torch.cat([mean, (square - mean**2).clamp_min(0).sqrt()], dim=1))
        return found


def build_backbone(encoder: str, output_stride: int = 32) -> Backbone:
    """Build a backbone with random weights, ``handmade`` or ``tu-`` + a name of timm."""
    if encoder == HANDMADE:
        return HandmadeBackbone()
    if not encoder.startswith("tu-"):
        raise ValueError("frozen features come from timm's encoders (tu-NAME) or are handmade")
    return TimmBackbone(encoder.removeprefix("tu-"), output_stride)
