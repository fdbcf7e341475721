"""Region proposals: where in a picture something may be. torchvision's RPN, the losses of the source."""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.image_list import ImageList
from torchvision.models.detection.rpn import (
    RegionProposalNetwork,
    RPNHead,
    concat_box_prediction_layers,
)

from trainer.data.instances import Instances, share_inside
from trainer.labels.values import IGNORE
from trainer.losses.segmentation import focal

ANCHOR_SHARES = (1 / 8, 1 / 4, 1 / 2, 1.0)
"""Side of the anchors on P2 to P5, as a share of the picture's long side."""
ASPECTS = (0.5, 1.0, 2.0)
POSITIVE_IOU, NEGATIVE_IOU = 0.7, 0.3
NMS_IOU = 0.7
ANCHORS_PER_PHOTO = 256
BEFORE_NMS, AFTER_NMS = 400, 100
MOST_UNKNOWN = 0.5
"""An anchor with more unlabelled pixels than this share is no example of nothing."""
PRIOR = 0.01
"""What the focal loss wants an untrained network to believe of an anchor (Lin et al. 2017, sec. 4.1)."""


class ShareAnchors(AnchorGenerator):  # type: ignore[misc]
    """Anchors whose sides are shares of the picture's long side, so that a network works at any size."""

    def __init__(
        self, shares: tuple[float, ...] = ANCHOR_SHARES, aspects: tuple[float, ...] = ASPECTS
    ) -> None:
        super().__init__(tuple((share,) for share in shares), (aspects,) * len(shares))
        self.shares, self.aspects = shares, aspects

    def forward(self, images: ImageList, features: list[Tensor]) -> list[Tensor]:
        """Anchors ``(A, 4)`` of each picture, left, top, right, bottom."""
        long_side = max(images.tensors.shape[-2:])
        device = features[0].device
        ratio = torch.tensor(self.aspects, device=device).sqrt()
        shape = torch.stack([-1 / ratio, -ratio, 1 / ratio, ratio], dim=1) / 2
        self.cell_anchors = [shape * (share * long_side) for share in self.shares]
        anchors: list[Tensor] = super().forward(images, features)
        return anchors

    def set_cell_anchors(self, dtype: torch.dtype, device: torch.device) -> None:
        """They are made for each picture."""


class ProposalNetwork(RegionProposalNetwork):  # type: ignore[misc]
    """RPN with smooth L1 weighted by rho, and the focal loss as an option.

    L = L_cls + rho * L_reg; L_reg is the mean over positive anchors of the smooth L1 distance (summed over
    the four coordinates). L_cls is either the cross-entropy over a balanced sample of anchors or the focal
    loss over all labelled ones, divided by the number of positive ones.
    """

    def __init__(self, channels: int) -> None:
        anchors = ShareAnchors()
        super().__init__(
            anchors,
            RPNHead(channels, anchors.num_anchors_per_location()[0]),
            POSITIVE_IOU,
            NEGATIVE_IOU,
            ANCHORS_PER_PHOTO,
            0.5,
            {"training": BEFORE_NMS, "testing": BEFORE_NMS},
            {"training": AFTER_NMS, "testing": AFTER_NMS},
            NMS_IOU,
        )
        self.objectness_loss: Literal["ce", "focal"] = "ce"
        self.rho = 10.0

    def teach(self, objectness_loss: Literal["ce", "focal"], rho: float) -> None:
        """Choose the losses; a head that has learnt nothing begins where the focal loss wants it."""
        self.objectness_loss, self.rho = objectness_loss, rho
        bias = self.head.cls_logits.bias
        if objectness_loss == "focal" and not bool(bias.any()):
            nn.init.constant_(bias, -torch.tensor((1 - PRIOR) / PRIOR).log().item())

    def assign_targets_to_anchors(
        self, anchors: list[Tensor], targets: list[dict[str, Any]]
    ) -> tuple[list[Tensor], list[Tensor]]:
        """1 where an anchor lies on a region, 0 where on nothing, -1 in between and where nobody labelled."""
        labels, boxes = super().assign_targets_to_anchors(anchors, targets)
        for of_photo, label, target in zip(anchors, labels, targets, strict=True):
            unknown = share_inside(of_photo, target["unknown"]) > MOST_UNKNOWN
            label[unknown & (label == 0)] = -1
        return labels, boxes

    def compute_loss(
        self, objectness: Tensor, deltas: Tensor, labels: list[Tensor], regression: list[Tensor]
    ) -> tuple[Tensor, Tensor]:
        """Both losses, rho not yet applied.

        Parameters
        ----------
        objectness, deltas
            ``(N * A, 1)`` logits and ``(N * A, 4)``.
        labels, regression
            Per photo ``(A,)`` and ``(A, 4)``.
        """
        logits, wanted = objectness.flatten(), torch.cat(regression)
        if self.objectness_loss == "focal":
            label = torch.cat(labels)
            loss = focal_objectness(logits, label)
        else:
            sampled = [
                torch.where(pos | neg, label, -1.0)
                for label, pos, neg in zip(labels, *self._sample(labels), strict=True)
            ]
            label = torch.cat(sampled)
            known = label >= 0
            losses = F.binary_cross_entropy_with_logits(logits[known], label[known], reduction="sum")
            loss = losses / known.sum().clamp(min=1)
        positive = label > 0
        off = F.smooth_l1_loss(deltas[positive], wanted[positive], reduction="sum")
        return loss, off / positive.sum().clamp(min=1)

    def _sample(self, labels: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        positive, negative = self.fg_bg_sampler(labels)
        return [p.bool() for p in positive], [n.bool() for n in negative]

    def propose(
        self, images: ImageList, features: list[Tensor], truth: list[Instances] | None
    ) -> tuple[list[Tensor], Tensor]:
        """Find where something may be.

        Returns
        -------
        list of Tensor
            Proposals ``(P, 4)`` of each photo, surest first.
        Tensor
            L_rpn; zero without truth.
        """
        logits, deltas = self.head(features)
        anchors = self.anchor_generator(images, features)
        counts = [level.shape[1:].numel() for level in logits]
        objectness, shifts = concat_box_prediction_layers(logits, deltas)
        found = self.box_coder.decode(shifts.detach(), anchors).view(len(anchors), -1, 4)
        boxes, _ = self.filter_proposals(found, objectness, images.image_sizes, counts)
        if truth is None:
            return boxes, objectness.new_zeros(())
        labels, wanted = self.assign_targets_to_anchors(anchors, [vars(t) for t in truth])
        loss, off = self.compute_loss(objectness, shifts, labels, self.box_coder.encode(wanted, anchors))
        return boxes, loss + self.rho * off


def focal_objectness(logits: Tensor, labels: Tensor, alpha: float = 0.25, beta: float = 2.0) -> Tensor:
    """Focal loss over labelled anchors, divided by the number of positive ones (at least 1).

    - alpha t (1 - p)^beta log p - (1 - alpha) (1 - t) p^beta log(1 - p)

    Parameters
    ----------
    logits, labels
        ``(A,)``; a label is 1, 0, or -1 where it does not count.
    """
    positive = (labels > 0).sum()
    loss: Tensor = focal(logits, labels.masked_fill(labels < 0, IGNORE), alpha, beta, total=positive)
    return loss
