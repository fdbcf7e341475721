"""The three subnets behind the proposals: class, box and mask of a region.

Shape suffixes: B boxes, C channels, K classes, M side of a mask.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.models.detection._utils import BalancedPositiveNegativeSampler
from torchvision.models.detection.faster_rcnn import FastRCNNPredictor, TwoMLPHead
from torchvision.models.detection.mask_rcnn import MaskRCNNHeads, MaskRCNNPredictor
from torchvision.models.detection.roi_heads import RoIHeads
from torchvision.ops import batched_nms, clip_boxes_to_image, roi_align

from trainer.data.instances import Instances, share_inside
from trainer.losses.detection import DetectionLosses, mask_loss

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

BOX_POOL = 7
FOREGROUND_IOU = 0.5
NMS_IOU = 0.5
JITTER = 0.15
"""Largest distance of a jittered box's edges from the true ones, as a share of its side."""
MOST_DETECTIONS = 20
MOST_UNKNOWN = 0.5
SMALLEST_SIDE = 1.0
STRIDES = (4, 8, 16, 32)


@dataclass(frozen=True)
class Detections:
    """Regions found in one picture, surest first. Boxes are left, top, right, bottom edge in pixels."""

    boxes: Tensor
    """``(B, 4)``."""
    labels: Tensor
    """``(B,)`` int64, 1 to K - 1."""
    scores: Tensor
    """``(B,)``, probability of that label."""
    probabilities: Tensor
    """``(B, K)``, of every label, 0 = nothing."""
    masks: Tensor
    """``(B, M, M)``, probability of belonging to the region, of a grid over the box."""

    def __len__(self) -> int:
        return len(self.labels)

    def keep(self, chosen: Tensor | slice) -> Detections:
        """Return some of them."""
        parts = (self.boxes, self.labels, self.scores, self.probabilities, self.masks)
        return Detections(*(part[chosen] for part in parts))


class PyramidAlign(nn.Module):
    """ROIAlign from the pyramid level that suits a box's size, level = 4 + log2(sqrt(area) / 224).

    Unlike torchvision's `MultiScaleRoIAlign` it samples without the half pixel of shift (``aligned``).
    """

    def __init__(self, output: int) -> None:
        super().__init__()
        self.output = output

    def forward(self, features: Sequence[Tensor], boxes: Sequence[Tensor]) -> Tensor:
        """Pool ``(B, C, output, output)`` for the boxes ``(B_n, 4)`` of each picture."""
        rois = torch.cat([F.pad(of_one, (1, 0), value=float(n)) for n, of_one in enumerate(boxes)])
        sides = (rois[:, 3:] - rois[:, 1:3]).clamp(min=1e-3).prod(dim=1).sqrt()
        level = (4 + (sides / 224).log2()).floor().clamp(2, 5).long() - 2
        pooled = features[0].new_zeros(len(rois), features[0].shape[1], self.output, self.output)
        for index, (feature, stride) in enumerate(zip(features, STRIDES, strict=True)):
            here = torch.where(level == index)[0]
            part = roi_align(feature, rois[here], self.output, 1 / stride, sampling_ratio=2, aligned=True)
            pooled = pooled.index_put((here,), part)
        return pooled


class RegionHeads(RoIHeads):  # type: ignore[misc]
    """Classification (two fully connected layers), box regression, and masks (four convolutions, x2).

    Parameters
    ----------
    channels
        Of the pyramid.
    classes
        K, nothing included.
    mask_pool
        Side of the features a mask is made of; the mask is twice as large.
    norm
        Normalisation of the mask subnet, given channels; None for none.
    """

    def __init__(
        self, channels: int, classes: int, mask_pool: int, norm: Callable[[int], nn.Module] | None
    ) -> None:
        width = 4 * channels
        super().__init__(
            box_roi_pool=PyramidAlign(BOX_POOL),
            box_head=TwoMLPHead(channels * BOX_POOL**2, width),
            box_predictor=FastRCNNPredictor(width, classes),
            fg_iou_thresh=FOREGROUND_IOU,
            bg_iou_thresh=FOREGROUND_IOU,
            batch_size_per_image=DetectionLosses.rois,
            positive_fraction=DetectionLosses.positive,
            bbox_reg_weights=None,
            score_thresh=0.0,
            nms_thresh=NMS_IOU,
            detections_per_img=MOST_DETECTIONS,
            mask_roi_pool=PyramidAlign(mask_pool),
            mask_head=MaskRCNNHeads(channels, (channels,) * 4, 1, norm),
            mask_predictor=MaskRCNNPredictor(channels, channels, classes),
        )

    def losses(
        self,
        features: Sequence[Tensor],
        proposals: list[Tensor],
        truth: list[Instances],
        losses: DetectionLosses,
    ) -> dict[str, Tensor]:
        """Compute L_cls, L_det and L_seg of a sample of the proposals.

        Parameters
        ----------
        features
            Pyramid levels ``(N, C, h, w)``, finest first.
        proposals
            ``(P, 4)`` of each photo.
        truth
            Regions of each photo.
        losses
            Term of the masks, and the sample.
        """
        targets = [{"boxes": t.boxes, "labels": t.labels, "masks": t.masks} for t in truth]
        # a proposal over unlabelled pixels would count as one on background
        proposals = [
            p[share_inside(p, t.unknown) <= MOST_UNKNOWN] for p, t in zip(proposals, truth, strict=True)
        ]
        if losses.jittered:
            more = [jittered_boxes(t.boxes, t.unknown.shape, losses.jittered) for t in truth]
            proposals = [torch.cat(pair) for pair in zip(proposals, more, strict=True)]
        # the parent class reads its sampler from here
        self.fg_bg_sampler = BalancedPositiveNegativeSampler(losses.rois, losses.positive)
        boxes, matched, labels, regression = self.select_training_samples(proposals, targets)
        logits, deltas = self.box_predictor(self.box_head(self.box_roi_pool(features, boxes)))
        label, wanted = torch.cat(labels), torch.cat(regression)
        positive = torch.where(label > 0)[0]
        # every class has its own box regression; only that of the true class is compared
        deltas = deltas.reshape(len(label), logits.shape[1], 4)[positive, label[positive]]
        off = F.smooth_l1_loss(deltas, wanted[positive], reduction="sum")
        return {
            "cls": F.cross_entropy(logits, label, reduction="sum") / max(1, len(label)),
            "det": off / max(1, len(label)),
            "seg": self._mask_loss(features, boxes, matched, labels, truth, losses),
        }

    def _mask_loss(
        self,
        features: Sequence[Tensor],
        boxes: list[Tensor],
        matched: list[Tensor],
        labels: list[Tensor],
        truth: list[Instances],
        losses: DetectionLosses,
    ) -> Tensor:
        chosen = [label > 0 for label in labels]
        boxes = [b[c] for b, c in zip(boxes, chosen, strict=True)]
        matched = [m[c] for m, c in zip(matched, chosen, strict=True)]
        label = torch.cat([x[c] for x, c in zip(labels, chosen, strict=True)])
        logits = self.mask_predictor(self.mask_head(self.mask_roi_pool(features, boxes)))
        if not len(label):  # a zero that reaches the weights, so that every parameter has a gradient
            zero: Tensor = logits.sum() * 0.0
            return zero
        logits = logits[torch.arange(len(label), device=label.device), label]
        side = logits.shape[-1]
        parts = zip(truth, boxes, matched, strict=True)
        cut = [(mask_targets(t.masks, b, m, side), known_share(t.unknown, b, side)) for t, b, m in parts]
        target, known = (torch.cat(part) for part in zip(*cut, strict=True))
        # roi_align averages over a cell's pixels: rounding gives the majority back
        return mask_loss(logits, target.round(), known, losses.masks, losses.delta)

    def detect(
        self,
        features: Sequence[Tensor],
        proposals: list[Tensor],
        shape: tuple[int, int],
        least: float,
    ) -> list[Detections]:
        """Find regions in each picture of ``shape`` (rows, columns) with at least such a probability."""
        logits, deltas = self.box_predictor(self.box_head(self.box_roi_pool(features, proposals)))
        counts = [len(p) for p in proposals]
        boxes = self.box_coder.decode(deltas, proposals).reshape(*logits.shape, 4).split(counts)
        probabilities = logits.softmax(dim=-1).split(counts)
        found = [self._choose(b, p, shape, least) for b, p in zip(boxes, probabilities, strict=True)]
        masks = self.mask_predictor(self.mask_head(self.mask_roi_pool(features, [b for b, *_ in found])))
        label = torch.cat([labels for _, labels, _ in found])
        masks = masks[torch.arange(len(label), device=label.device), label].sigmoid()
        cut = masks.split([len(labels) for _, labels, _ in found])
        return [
            Detections(b, labels, p[torch.arange(len(p), device=p.device), labels], p, m)
            for (b, labels, p), m in zip(found, cut, strict=True)
        ]

    def _choose(
        self, boxes: Tensor, probabilities: Tensor, shape: tuple[int, int], least: float
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Boxes, labels and probabilities that remain of ``(P, K, 4)`` and ``(P, K)``, surest first."""
        boxes = clip_boxes_to_image(boxes, shape)
        sides = boxes[..., 2:] - boxes[..., :2]
        ok = (probabilities >= least) & (sides >= SMALLEST_SIDE).all(dim=-1)
        ok[:, 0] = False
        row, label = torch.where(ok)
        boxes, scores = boxes[row, label], probabilities[row, label]
        kept = batched_nms(boxes, scores, label, self.nms_thresh)[: self.detections_per_img]
        return boxes[kept], label[kept], probabilities[row[kept]]


def jittered_boxes(boxes: Tensor, shape: Sequence[int], times: int) -> Tensor:
    """Draw boxes ``(R * times, 4)`` with edges near those of ``(R, 4)``, inside ``shape`` (rows, columns)."""
    sides = (boxes[:, 2:] - boxes[:, :2]).repeat(times, 2)
    moved = boxes.repeat(times, 1) + (torch.rand_like(sides) * 2 - 1) * JITTER * sides
    clipped: Tensor = clip_boxes_to_image(moved, (shape[0], shape[1]))
    return clipped


def mask_targets(masks: Tensor, boxes: Tensor, matched: Tensor, side: int) -> Tensor:
    """Cut the mask each box belongs to out of ``(R, H, W)``, on a grid ``(B, side, side)`` over the box."""
    if not len(boxes):
        return boxes.new_zeros(0, side, side)
    rois = torch.cat([matched[:, None].to(boxes), boxes], dim=1)
    cut: Tensor = roi_align(masks[:, None].to(boxes), rois, side, aligned=True)[:, 0]
    return cut


def known_share(unknown: Tensor, boxes: Tensor, side: int) -> Tensor:
    """Grid ``(B, side, side)`` over each box: 1 on labelled pixels, 0 elsewhere."""
    nought = torch.zeros(len(boxes), dtype=torch.int64, device=boxes.device)
    return (mask_targets(~unknown[None], boxes, nought, side) > 0.5).float()


def paste(mask_MM: Tensor, box: Tensor, height: int, width: int) -> Tensor:
    """Lay a grid over its box into a picture: ``(height, width)``, bilinear, zero outside the box."""
    left, top, right, bottom = (float(edge) for edge in box)
    whole = mask_MM.new_zeros(height, width)
    r0, r1 = max(0, math.floor(top)), min(height, math.ceil(bottom))
    c0, c1 = max(0, math.floor(left)), min(width, math.ceil(right))
    if r0 >= r1 or c0 >= c1:
        return whole
    rows = (torch.arange(r0, r1, device=box.device) + 0.5 - top) / max(bottom - top, 1e-6) * 2 - 1
    columns = (torch.arange(c0, c1, device=box.device) + 0.5 - left) / max(right - left, 1e-6) * 2 - 1
    grid = torch.stack(torch.meshgrid(columns, rows, indexing="xy"), dim=-1)[None].to(mask_MM)
    inside = (rows.abs() <= 1)[:, None] & (columns.abs() <= 1)
    part = F.grid_sample(mask_MM[None, None], grid, padding_mode="border", align_corners=False)[0, 0]
    whole[r0:r1, c0:c1] = part * inside
    return whole
