"""From a photo of any size to labels and confidence, in bounded memory.

The network sees the photo at the size it was trained for; its probabilities are brought back to full size in
bands of rows, so that twelve million pixels times nine floats never exist at once.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from trainer.data.augment import to_unit, window
from trainer.data.fit import Fit, fit_photo, middle, place_in
from trainer.engine.device import choose_device, choose_precision
from trainer.inference.box_detection import class_sureness, find_boxes
from trainer.inference.edges import apply_to, coefficient_bands, refined_bands, sharpened
from trainer.inference.error_map import error_map, load_discriminator
from trainer.labels.boxes import Box
from trainer.networks.discriminators import Discriminator
from trainer.networks.maskrcnn.detector import Detector
from trainer.networks.segmenters import Segmenter
from trainer.networks.weights import load_model
from trainer.project.decode import scaled_size

ONE_PASS = 768
WINDOW = 512
STRIDE = 384
BAND = 128
MULTIPLE = 32


@dataclass(frozen=True)
class Segmentation:
    """What a model says about one photo, at the photo's own size."""

    labels: npt.NDArray[np.uint8]
    """``(H, W)``, class index + 1 as in files and layers."""
    confidence: npt.NDArray[np.uint8]
    """``(H, W)``, probability of that class, 255 = certain."""
    error: npt.NDArray[np.uint8] | None = None
    """``(H, W)``, where the discriminator believes the prediction wrong, 255 = surely; None without one."""
    boxes: tuple[Box, ...] = ()
    """Regions found, of a network that finds some."""


class Predictor:
    """A model ready to segment photos.

    Parameters
    ----------
    model
        A model folder, or a network that is already there.
    device
        ``auto``, ``cpu``, ``cuda`` or ``mps``.
    long_side
        Only with a network: the long side it was trained for; None: photos at their own size.
    fit, size
        Only with a network: how photos met its square in training, and the square's side.
    edges
        Only with a network: whether its predictions are refined along the photo's edges.

    Raises
    ------
    SkinsegError
        No such model or device.
    """

    def __init__(
        self,
        model: Path | Segmenter,
        device: str = "auto",
        long_side: int | None = None,
        *,
        fit: Fit = "crop",
        size: int = WINDOW,
        edges: bool = False,
    ) -> None:
        name = choose_device(device)
        self.device = torch.device(name)
        self.card: dict[str, Any] = {}
        self.discriminator: Discriminator | None = None
        if isinstance(model, Segmenter):
            self.model, self.long_side = model.to(self.device).eval(), long_side
            self.fit, self.size, self.edges = fit, size, edges
        else:
            self.model, self.card = load_model(Path(model), self.device)
            plan = self.card.get("plan", {})
            self.long_side = plan.get("long_side")
            self.fit, self.size = plan.get("fit", fit), plan.get("size", size)
            self.edges = bool(plan.get("edges", False))
            self.discriminator = load_discriminator(Path(model), self.card, self.device)
        self.temperature = float(self.card.get("temperature") or 1.0)
        self.model.to(memory_format=torch.channels_last)
        self.maps_errors = False
        self.finds_boxes = isinstance(self.model, Detector)
        self.half = choose_precision(name) == "bf16-mixed"
        self.windows_at_once = 1 if name == "cpu" else 8

    def predict(self, photo: npt.NDArray[np.uint8]) -> Segmentation:
        """Segment one photo, ``(H, W, 3)`` uint8, upright, at its full size."""
        height, width = photo.shape[:2]
        labels = np.empty((height, width), np.uint8)
        confidence = np.empty((height, width), np.uint8)
        error = None if self.discriminator is None else np.empty((height, width), np.uint8)
        for top, maps in self._with_errors().full_size(photo):
            best, index = maps[: self.model.classes].max(dim=0)
            rows = slice(top, top + maps.shape[1])
            labels[rows] = (index + 1).to(torch.uint8).cpu().numpy()
            confidence[rows] = to_bytes(best)
            if error is not None:
                error[rows] = to_bytes(maps[self.model.classes])
        return Segmentation(labels, confidence, error, self._boxes(photo))

    def _with_errors(self) -> Predictor:
        """This predictor, with the map of likely errors as one more channel behind the classes."""
        if self.discriminator is None:
            return self
        same = copy.copy(self)
        same.maps_errors = True
        return same

    def _boxes(self, photo: npt.NDArray[np.uint8]) -> tuple[Box, ...]:
        """Regions in pixels of the photo, of a network that finds some."""
        if not self.finds_boxes:
            return ()
        return find_boxes(self, to_working_size(photo, self.long_side), photo.shape)

    def class_sureness(self, photo: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
        """How probable the best box of each class is, ``(K,)``; only of a network that finds boxes."""
        return class_sureness(self, to_working_size(photo, self.long_side))

    def classes_of(self, working: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """Class indices ``(h, w)`` of a photo that already has the working size."""
        parts = [p.argmax(dim=0).to(torch.uint8) for _, p in self.bands(working)]
        classes: npt.NDArray[np.uint8] = torch.cat(parts).cpu().numpy()
        return classes

    def full_size(self, photo: npt.NDArray[np.uint8]) -> Iterator[tuple[int, Tensor]]:
        """Bands ``(top, (K, rows, W))`` of probabilities at full size."""
        height, width = photo.shape[:2]
        working = to_working_size(photo, self.long_side)
        if self.edges and working.shape != photo.shape:
            yield from self._refined(photo, working)
            return
        if self.fit != "crop":
            yield from upsampled_bands(self._whole(working), height, width)
        elif working.shape == photo.shape:
            yield from self.bands(working)
        else:
            small = torch.cat([p.half() for _, p in self.bands(working)], dim=1)
            yield from upsampled_bands(small, height, width)

    def _refined(
        self, photo: npt.NDArray[np.uint8], working: npt.NDArray[np.uint8]
    ) -> Iterator[tuple[int, Tensor]]:
        """Bands at full size that follow the photo's own edges, from what the network says at its size."""
        classes, (height, width) = self.model.classes, photo.shape[:2]
        found = [c for _, c in coefficient_bands(self._plain_bands(working), working, classes)]
        flat = torch.cat(found, dim=2).flatten(0, 1)  # (K * 4, h, w): the constants and three slopes
        for top, band in upsampled_bands(flat, height, width):
            maps = apply_to(band.view(-1, 4, *band.shape[1:]), photo[top : top + band.shape[1]], classes)
            yield top, sharpened(maps, self.temperature, classes)

    def bands(self, working: npt.NDArray[np.uint8]) -> Iterator[tuple[int, Tensor]]:
        """Bands ``(top, (K, rows, w))`` of probabilities at working size, top to bottom."""
        if not self.edges:
            yield from self._plain_bands(working)
            return
        for top, maps in refined_bands(self._plain_bands(working), working, self.model.classes):
            yield top, sharpened(maps, self.temperature, self.model.classes)

    def _plain_bands(self, working: npt.NDArray[np.uint8]) -> Iterator[tuple[int, Tensor]]:
        """Bands as the network gives them, without regard to edges."""
        if self.fit != "crop":
            yield from upsampled_bands(self._whole(working), working.shape[0], working.shape[1])
        elif self.finds_boxes or max(working.shape[:2]) <= ONE_PASS:  # a region has to be seen whole
            yield 0, self._one_pass(working)
        else:
            yield from self._tiled(working)

    def _whole(self, working: npt.NDArray[np.uint8]) -> Tensor:
        """Probabilities ``(K, h, w)`` of a photo seen whole in the network's square, without the margin."""
        fitted = fit_photo(working, self.fit, self.size)
        square, _ = window(fitted, None, middle(fitted.shape), self.size)
        rows, columns = place_in(fitted.shape, self.size)
        return self._probabilities(square.movedim(0, -1).numpy()[None])[0, :, rows, columns]

    @torch.inference_mode()
    def _probabilities(self, image_NHWC: npt.NDArray[np.uint8]) -> Tensor:
        batch = torch.from_numpy(np.ascontiguousarray(image_NHWC)).to(self.device).movedim(-1, 1)
        batch = to_unit(batch).contiguous(memory_format=torch.channels_last)
        with torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.half):
            logits: Tensor = self.model(batch)
            logits = logits.float()
            # With edges the temperature counts after the refinement, for which it was fitted.
            probabilities = (logits / (1.0 if self.edges else self.temperature)).softmax(dim=1)
            if self.discriminator is None or not self.maps_errors:
                return probabilities
            errors = error_map(self.discriminator, batch, logits.softmax(dim=1))
        return torch.cat([probabilities, errors], dim=1)

    def _one_pass(self, working: npt.NDArray[np.uint8]) -> Tensor:
        height, width = working.shape[:2]
        below, right = -height % MULTIPLE, -width % MULTIPLE
        padded = np.pad(working, ((0, below), (0, right), (0, 0)), constant_values=255)
        return self._probabilities(padded[None])[0, :, :height, :width]

    def _tiled(self, working: npt.NDArray[np.uint8]) -> Iterator[tuple[int, Tensor]]:
        """Overlapping windows with Hann weights; only one row of windows is in memory."""
        height, width = working.shape[:2]
        weight = hann(WINDOW, self.device)
        tops, lefts = window_starts(height), window_starts(width)
        padded_width = max(width, WINDOW)
        shared, shared_weights = torch.empty(0), torch.empty(0)
        for i, top in enumerate(tops):
            row, weights = self._row_of_windows(working, top, lefts, padded_width, weight)
            if i > 0:  # rows this one shares with the one before
                row[:, : shared.shape[1]] += shared
                weights[: len(shared_weights)] += shared_weights
            done = min(height, tops[i + 1] if i + 1 < len(tops) else height) - top
            yield top, (row[:, :done] / weights[:done])[..., :width]
            shared, shared_weights = row[:, done:], weights[done:]

    def _row_of_windows(
        self, working: npt.NDArray[np.uint8], top: int, lefts: list[int], width: int, weight: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Weighted sum of one row of windows, ``(K, WINDOW, width)``, and of its weights."""
        channels = self.model.classes + self.maps_errors
        row = torch.zeros(channels, WINDOW, width, device=self.device)
        weights = torch.zeros(WINDOW, width, device=self.device)
        for start in range(0, len(lefts), self.windows_at_once):
            some = lefts[start : start + self.windows_at_once]
            cuts = np.stack([_cut(working, top, left) for left in some])
            for left, probabilities in zip(some, self._probabilities(cuts), strict=True):
                row[:, :, left : left + WINDOW] += probabilities * weight
                weights[:, left : left + WINDOW] += weight
        return row, weights


def to_bytes(share: Tensor) -> npt.NDArray[np.uint8]:
    """Numbers in [0, 1] as bytes."""
    values: npt.NDArray[np.uint8] = (share * 255).round().clamp(0, 255).to(torch.uint8).cpu().numpy()
    return values


def _cut(working: npt.NDArray[np.uint8], top: int, left: int) -> npt.NDArray[np.uint8]:
    cut = np.full((WINDOW, WINDOW, 3), 255, np.uint8)
    part = working[top : top + WINDOW, left : left + WINDOW]
    cut[: part.shape[0], : part.shape[1]] = part
    return cut


def window_starts(extent: int) -> list[int]:
    """Where windows begin along one side: every STRIDE pixels, the last one at the end."""
    if extent <= WINDOW:
        return [0]
    return sorted({*range(0, extent - WINDOW, STRIDE), extent - WINDOW})


def hann(size: int, device: torch.device | None = None) -> Tensor:
    """Weights ``(size, size)`` that fall towards the border of a window and are never zero."""
    line = torch.hann_window(size + 2, periodic=False, device=device)[1:-1]
    return torch.outer(line, line) + 1e-6


def to_working_size(photo: npt.NDArray[np.uint8], long_side: int | None) -> npt.NDArray[np.uint8]:
    """Scale a photo down by area to a long side; never up."""
    height, width = photo.shape[:2]
    if long_side is None or max(height, width) <= long_side:
        return photo
    rows, columns = scaled_size(height, width, long_side)
    return np.asarray(Image.fromarray(photo).resize((columns, rows), Image.Resampling.BOX))


def upsampled_bands(small: Tensor, height: int, width: int) -> Iterator[tuple[int, Tensor]]:
    """Bands ``(top, (K, rows, width))`` of ``small``, ``(K, h, w)``, scaled to ``(height, width)``."""
    for top in range(0, height, BAND):
        yield top, upsampled_rows(small, top, min(height, top + BAND), height, width)


def upsampled_rows(small: Tensor, top: int, bottom: int, height: int, width: int) -> Tensor:
    """Rows ``top`` to ``bottom`` of ``small``, ``(K, h, w)``, scaled bilinearly to ``(height, width)``."""
    rows = (torch.arange(top, bottom, device=small.device) + 0.5) * (small.shape[1] / height) - 0.5
    rows = rows.clamp(0, small.shape[1] - 1)
    above = rows.long()
    below = (above + 1).clamp(max=small.shape[1] - 1)
    share = (rows - above)[None, :, None]
    band = torch.lerp(small[:, above].float(), small[:, below].float(), share)
    return F.interpolate(band, size=width, mode="linear", align_corners=False)
