"""Mask R-CNN: one network that finds regions, names them and draws their masks.

Encoder, feature pyramid P2 to P5, region proposals and three subnets, of torchvision's parts. Source: Song et
al. 2020, https://doi.org/10.1109/JBHI.2020.2973614.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import torch
from segmentation_models_pytorch.encoders import get_encoder
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.models.detection.image_list import ImageList
from torchvision.ops import FeaturePyramidNetwork

from trainer.errors import ConfigError
from trainer.networks.maskrcnn.proposals import ProposalNetwork
from trainer.networks.maskrcnn.region_heads import Detections, RegionHeads, paste
from trainer.networks.segmenters import Segmenter

if TYPE_CHECKING:
    from trainer.networks.maskrcnn.truth import DetectionTruth

MULTIPLE = 32
SURE_OF_ONE = 0.05
"""Of a picture with one region: the surest is drawn if it is at least so probable."""
SURE_OF_MANY = 0.5
"""Of a picture with many: all that are at least so probable are drawn."""
NEVER = 1e-4
"""Smallest probability of a class in a drawn map."""

Regions = Literal["auto", "one", "many"]
Norm = Literal["group", "none"]
Tasks = Literal["all", "segmentation", "classification"]


class MaskRCNN(nn.Module):
    """The network behind `Detector`.

    Parameters
    ----------
    encoder
        A name of segmentation_models_pytorch.
    classes
        K, background included.
    width
        Channels of the pyramid; 0: an eighth of the encoder's last, which is 256 for ResNet-50.
    mask_pool
        Side of the features a mask is made of.
    regions
        ``one`` region per picture or ``many``; ``auto``: one where there are two classes.
    tasks
        ``classification``: nothing is learnt of masks, boxes are drawn filled; ``segmentation``: as ``all``
        here, and its truth has one class.
    norm
        Normalisation in pyramid and mask subnet; the source has none, random weights want one.
    """

    background: Tensor

    def __init__(
        self,
        encoder: str,
        classes: int,
        width: int = 0,
        mask_pool: int = 14,
        regions: Regions = "auto",
        tasks: Tasks = "all",
        norm: Norm = "group",
    ) -> None:
        super().__init__()
        self.encoder = get_encoder(encoder, in_channels=3, depth=5, weights=None)
        channels = list(self.encoder.out_channels[2:])
        if len(channels) != 4:
            raise ValueError("it has no features of strides 4, 8, 16 and 32")
        width = width or max(32, channels[-1] // 64 * 8)  # groups of 8
        layer = (lambda count: nn.GroupNorm(8, count)) if norm == "group" else None
        self.pyramid = FeaturePyramidNetwork(channels, width, norm_layer=layer)
        self.proposals = ProposalNetwork(width)
        self.heads = RegionHeads(width, classes, mask_pool, layer)
        self.classes = classes
        self.one = classes == 2 if regions == "auto" else regions == "one"
        self.tasks = tasks
        self.register_buffer("background", torch.tensor(0))

    def features(self, image: Tensor) -> tuple[ImageList, list[Tensor]]:
        """Compute P2 to P5 in float32, of a picture filled up to what the strides divide."""
        height, width = image.shape[-2:]
        filled = F.pad(image, (0, -width % MULTIPLE, 0, -height % MULTIPLE))
        deep = self.encoder(filled)[2:]
        levels = self.pyramid({str(i): level for i, level in enumerate(deep)})
        return ImageList(filled, [(height, width)] * len(image)), [level.float() for level in levels.values()]

    def losses(self, image: Tensor, truth: DetectionTruth) -> dict[str, Tensor]:
        """Compute L_rpn, L_cls, L_det and, unless left out, L_seg as ``rpn``, ``cls``, ``det``, ``seg``."""
        images, features = self.features(image)
        with torch.autocast(image.device.type, enabled=False):
            proposals, rpn = self.proposals.propose(images, features, truth)
            terms = {"rpn": rpn, **self.heads.losses(features, proposals, truth.regions, truth.losses)}
        if self.tasks == "classification":
            del terms["seg"]
        return terms

    def detect(self, image: Tensor, least: float | None = None) -> list[Detections]:
        """Find regions in each picture with at least such a probability; by default those that are drawn."""
        images, features = self.features(image)
        if least is None:
            least = SURE_OF_ONE if self.one else SURE_OF_MANY
        with torch.autocast(image.device.type, enabled=False):
            proposals, _ = self.proposals.propose(images, features, None)
            height, width = image.shape[-2:]
            found = self.heads.detect(features, proposals, (height, width), least)
        if self.tasks == "classification":
            found = [
                Detections(*(d.boxes, d.labels, d.scores, d.probabilities), d.masks * 0 + 1) for d in found
            ]
        return found

    def name(self, images: Tensor, boxes: list[Tensor]) -> list[Tensor]:
        """Return class probabilities ``(B, K)`` of given boxes ``(B, 4)``, in the order of the class set."""
        _, features = self.features(images)
        with torch.autocast(images.device.type, enabled=False):
            logits, _ = self.heads.box_predictor(
                self.heads.box_head(self.heads.box_roi_pool(features, boxes))
            )
        named = logits.softmax(dim=-1).roll(int(self.background), dims=1)
        return list(named.split([len(b) for b in boxes]))

    def forward(self, image: Tensor) -> Tensor:
        """Map ``(N, 3, H, W)`` to logits ``(N, K, H, W)``: the masks of what was found on background."""
        height, width = image.shape[-2:]
        drawn = [self.draw(found, height, width) for found in self.detect(image)]
        return torch.stack(drawn).log()

    def draw(self, found: Detections, height: int, width: int) -> Tensor:
        """Draw class probabilities ``(K, height, width)`` of a picture.

        At each pixel the region with the largest score times mask wins; its mask is the probability of its
        class, and the rest that of background.
        """
        if self.one:
            found = found.keep(slice(0, 1))
        best = found.boxes.new_zeros(height, width)
        probability, label = best.clone(), best.long()
        for box, mask, score, of in zip(found.boxes, found.masks, found.scores, found.labels, strict=True):
            here = paste(mask, box, height, width)
            wins = here * score > best
            best = torch.where(wins, here * score, best)
            probability = torch.where(wins, here, probability)
            label = torch.where(wins, of, label)
        drawn = probability.new_zeros(self.classes, height, width)
        drawn.scatter_(0, label[None], probability[None])
        drawn[0] = 1 - probability
        return drawn.clamp(min=NEVER).roll(int(self.background), dims=0)


class Detector(Segmenter):
    """A :class:`Segmenter` around `MaskRCNN`, which also gives boxes and, in training, losses."""

    network: MaskRCNN

    def forward(self, image_NCHW: Tensor, truth: DetectionTruth | None = None) -> Any:
        """Map to logits ``(N, K, H, W)`` in eval mode; with ``truth`` in train mode to the losses by name.

        Raises
        ------
        ConfigError
            In train mode without truth: masks that are laid into a picture teach nothing.
        """
        if truth is not None:
            return self.network.losses(self.adapted(image_NCHW), truth)
        if self.training:
            raise ConfigError("training.arch: maskrcnn is trained by the recipe multitask; choose that one")
        return self.network(self.adapted(image_NCHW))

    def detect(self, image_NCHW: Tensor, least: float | None = None) -> list[Detections]:
        """Find regions in each picture, see `MaskRCNN.detect`."""
        return self.network.detect(self.adapted(image_NCHW), least)

    def adapted(self, image_NCHW: Tensor) -> Tensor:
        """Bring pictures in [-1, 1] to the encoder's scale."""
        return (image_NCHW - self.mean) / self.std
