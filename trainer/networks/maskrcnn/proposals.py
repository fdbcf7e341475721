"""Region proposals: boxes in which something may be. torchvision's RPN, the losses of the source."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.rpn import (
    RegionProposalNetwork,
    RPNHead,
    concat_box_prediction_layers,
)

from trainer.data.instances import share_inside
from trainer.losses.detection import focal_objectness

if TYPE_CHECKING:
    from torchvision.models.detection.image_list import ImageList

    from trainer.networks.maskrcnn.truth import DetectionTruth

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
"""Probability of an anchor to lie on a region, before training (Lin et al. 2017, sec. 4.1)."""


class ShareAnchors(AnchorGenerator):  # type: ignore[misc]
    """Anchors whose sides are shares of the picture's long side, so that a network works at any size."""

    def __init__(
        self, shares: tuple[float, ...] = ANCHOR_SHARES, aspects: tuple[float, ...] = ASPECTS
    ) -> None:
        super().__init__(tuple((share,) for share in shares), (aspects,) * len(shares))
        self.shares, self.aspects = shares, aspects

    def forward(self, images: ImageList, features: list[Tensor]) -> list[Tensor]:
        """Make anchors ``(A, 4)`` of each picture, left, top, right, bottom."""
        long_side = max(images.tensors.shape[-2:])
        device = features[0].device
        ratio = torch.tensor(self.aspects, device=device).sqrt()
        shape = torch.stack([-1 / ratio, -ratio, 1 / ratio, ratio], dim=1) / 2
        self.cell_anchors = [shape * (share * long_side) for share in self.shares]
        anchors: list[Tensor] = super().forward(images, features)
        return anchors

    def set_cell_anchors(self, dtype: torch.dtype, device: torch.device) -> None:
        """Do nothing: they are made for each picture."""


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

    def start_for_focal_loss(self) -> None:
        """Set the bias of an untrained head to the prior of the focal loss; a trained head stays."""
        bias = self.head.cls_logits.bias
        if not bool(bias.any()):
            nn.init.constant_(bias, -torch.tensor((1 - PRIOR) / PRIOR).log().item())

    def assign_targets_to_anchors(
        self, anchors: list[Tensor], targets: list[dict[str, Tensor]]
    ) -> tuple[list[Tensor], list[Tensor]]:
        """Label anchors: 1 on a region, 0 on background, -1 in between and on unlabelled pixels."""
        labels, boxes = super().assign_targets_to_anchors(anchors, targets)
        for of_photo, label, target in zip(anchors, labels, targets, strict=True):
            unknown = share_inside(of_photo, target["unknown"]) > MOST_UNKNOWN
            label[unknown & (label == 0)] = -1
        return labels, boxes

    def compute_loss(
        self,
        objectness: Tensor,
        deltas: Tensor,
        labels: list[Tensor],
        regression: list[Tensor],
        kind: Literal["ce", "focal"] = "ce",
    ) -> tuple[Tensor, Tensor]:
        """Compute both losses, rho not yet applied.

        Parameters
        ----------
        objectness, deltas
            ``(N * A, 1)`` logits and ``(N * A, 4)``.
        labels, regression
            Per photo ``(A,)`` and ``(A, 4)``.
        kind
            Loss of the objectness.
        """
        logits, wanted = objectness.flatten(), torch.cat(regression)
        if kind == "focal":
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
        self, images: ImageList, features: list[Tensor], truth: DetectionTruth | None
    ) -> tuple[list[Tensor], Tensor]:
        """Propose boxes.

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
        labels, wanted = self.assign_targets_to_anchors(anchors, [vars(t) for t in truth.regions])
        regression, losses = self.box_coder.encode(wanted, anchors), truth.losses
        loss, off = self.compute_loss(objectness, shifts, labels, regression, losses.objectness)
        return boxes, loss + losses.rho * off
