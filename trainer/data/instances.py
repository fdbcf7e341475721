"""Regions of a mask as a detector wants them: a box, a label and a mask each.

A detector's label is 0 where there is nothing; the project's background takes that place, and the other
classes follow it in their order: ``label = (class - background) mod K``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from scipy import ndimage
from torch import Tensor

from trainer.labels.values import IGNORE

MOST = 20
"""At most this many regions of one photo are learnt from, the largest first."""
SMALLEST = 1e-3
"""Regions below this share of the picture are specks, not regions."""
FEWEST_PIXELS = 12
TOUCHING = np.ones((3, 3), bool)
"""Pixels that touch at a corner belong together."""


@dataclass(frozen=True)
class Instances:
    """The regions of one picture of H x W pixels."""

    boxes: Tensor
    """``(R, 4)`` float32: left, top, right, bottom edge in pixels; the last two lie behind the last pixel."""
    labels: Tensor
    """``(R,)`` int64, 1 to K - 1."""
    masks: Tensor
    """``(R, H, W)`` bool."""
    unknown: Tensor
    """``(H, W)`` bool, not labelled: neither region nor background."""

    def to(self, device: torch.device) -> Instances:
        """Move all tensors to a device."""
        parts = (self.boxes, self.labels, self.masks, self.unknown)
        return Instances(*(part.to(device, non_blocking=True) for part in parts))

    def __len__(self) -> int:
        return len(self.labels)


def find_instances(
    target: npt.NDArray[np.uint8], classes: int, background: int = 0, *, one: bool = False
) -> Instances:
    """Take a mask apart into regions.

    Parameters
    ----------
    target
        ``(H, W)`` class indices, ``IGNORE`` where not labelled.
    classes
        K, number of classes.
    background
        Index of the class that is no region.
    one
        One region for the whole picture: all that is not background, of the class that covers most of it.
        Else every connected patch of a class is a region.

    Returns
    -------
    Instances
        Largest region first; none where the mask is background or IGNORE throughout.
    """
    unknown = target == IGNORE
    label_of = np.zeros(256, np.uint8)
    label_of[:classes] = (np.arange(classes) - background) % classes
    labels = label_of[target]
    least = max(FEWEST_PIXELS, SMALLEST * target.size)
    found = [f for f in (_whole(labels) if one else _patches(labels)) if f[0] >= least]
    found = sorted(found, key=lambda f: -f[0])[:MOST]
    masks = np.stack([mask for _, _, mask in found]) if found else np.zeros((0, *target.shape), bool)
    return Instances(
        torch.tensor([box_of(mask) for mask in masks], dtype=torch.float32).reshape(-1, 4),
        torch.tensor([label for _, label, _ in found], dtype=torch.int64),
        torch.from_numpy(masks),
        torch.from_numpy(unknown),
    )


Labels = npt.NDArray[np.uint8]
Found = tuple[int, int, npt.NDArray[np.bool_]]
"""Pixels, label, mask."""


def _pixels(labels: Labels) -> npt.NDArray[np.intp]:
    """Count the pixels of each label but 0."""
    counts = np.bincount(labels.ravel(), minlength=1)
    counts[0] = 0
    return counts


def _whole(labels: Labels) -> list[Found]:
    counts = _pixels(labels)
    return [(int(counts.sum()), int(counts.argmax()), labels > 0)]


def _patches(labels: Labels) -> list[Found]:
    found: list[Found] = []
    for label in np.flatnonzero(_pixels(labels)).tolist():
        parts, _ = ndimage.label(labels == label, TOUCHING)
        sizes = np.bincount(parts.ravel())
        largest = np.argsort(-sizes[1:], kind="stable")[:MOST] + 1
        found += [(int(sizes[part]), label, parts == part) for part in largest.tolist()]
    return found


def box_of(mask: npt.NDArray[np.bool_]) -> tuple[int, int, int, int]:
    """Left, top, right and bottom edge of what is True in ``(H, W)``."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def instances_of(
    target_NHW: Tensor, classes: int, background: int = 0, *, one: bool = False
) -> list[Instances]:
    """Find the regions of every mask of a batch, on the batch's device."""
    masks = target_NHW.cpu().numpy()
    return [find_instances(m, classes, background, one=one).to(target_NHW.device) for m in masks]


def share_inside(boxes: Tensor, area: Tensor) -> Tensor:
    """Share of each box that lies in an area.

    Parameters
    ----------
    boxes
        ``(B, 4)``: left, top, right, bottom; what lies outside of the picture does not count.
    area
        ``(H, W)`` bool.

    Returns
    -------
    Tensor
        ``(B,)`` float32, by an integral image, to the pixel.
    """
    height, width = area.shape
    integral = torch.nn.functional.pad(area.double().cumsum(0).cumsum(1), (1, 0, 1, 0))
    left, right = (boxes[:, i].round().long().clamp(0, width) for i in (0, 2))
    top, bottom = (boxes[:, i].round().long().clamp(0, height) for i in (1, 3))
    inside = integral[bottom, right] - integral[top, right] - integral[bottom, left] + integral[top, left]
    pixels = ((right - left) * (bottom - top)).clamp(min=1)
    return (inside / pixels).float()
