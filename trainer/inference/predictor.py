"""From a photo of any size to labels and confidence, in bounded memory.

The network sees the photo at the size it was trained for; its probabilities are brought back to full size in
bands of rows, so that twelve million pixels times nine floats never exist at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from trainer.data.augment import PHOTO_FILL, to_unit, window
from trainer.data.fit import Fit, fit_photo, middle, place_in
from trainer.engine.device import choose_device, choose_precision
from trainer.features.cache import FeatureExtractor
from trainer.inference.activations import cell_activations
from trainer.inference.box_detection import class_confidence, find_boxes
from trainer.inference.edges import apply_to, coefficient_bands, refined_bands, sharpened
from trainer.inference.error_map import error_map, load_discriminator
from trainer.inference.specks import speck_share, without_specks
from trainer.inference.tiling import WINDOW, Bands, blended_bands, upsampled_bands
from trainer.networks.maskrcnn.detector import Detector
from trainer.networks.probe import ProbeSegmenter
from trainer.networks.segmenters import Segmenter
from trainer.networks.weights import load_model, member_folder
from trainer.project.files.decode import scaled_size

if TYPE_CHECKING:
    from trainer.data.photo_cache import DecodedCache
    from trainer.labels.boxes import Box
    from trainer.networks.discriminators import Discriminator

ONE_PASS = 768
"""Long side up to which a photo goes through the network whole rather than in windows."""
MULTIPLE = 32
"""A photo seen whole is filled up to multiples of this many pixels."""


@dataclass(frozen=True)
class Segmentation:
    """Prediction for one photo, at the photo's own size."""

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
    names
        Only with a network: its classes, as `speck_share` wants them.
    features
        Cache of features, which a probe need not compute twice.
    member
        Only with a network: another predictor, whose probabilities are averaged with its own. That of a model
        folder lies in it.

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
        names: tuple[str, ...] = (),
        features: DecodedCache | None = None,
        member: Predictor | None = None,
    ) -> None:
        name = choose_device(device)
        self.device = torch.device(name)
        self.card: dict[str, Any] = {}
        self.discriminator: Discriminator | None = None
        self.member = member
        if isinstance(model, Segmenter):
            self.model, self.long_side = model.to(self.device).eval(), long_side
            self.fit, self.size, self.edges, self.specks = fit, size, edges, speck_share(names)
        else:
            self.model, self.card = load_model(Path(model), self.device)
            plan = self.card.get("plan", {})
            self.long_side = plan.get("long_side")
            self.fit, self.size = plan.get("fit", fit), plan.get("size", size)
            self.edges = bool(plan.get("edges", False))
            self.specks = speck_share(self.card.get("classes", {}).get("names", ()))
            self.discriminator = load_discriminator(Path(model), self.card, self.device)
            if (inner := member_folder(Path(model))) is not None:
                self.member = Predictor(inner, device, features=features)
        self.temperature = float(self.card.get("temperature") or 1.0)
        self.model.to(memory_format=torch.channels_last)
        self._extractor: FeatureExtractor | None = None
        if features is not None and isinstance(self.model, ProbeSegmenter):
            self._extractor = FeatureExtractor(self.model, features)
        self.finds_boxes = isinstance(self.model, Detector)
        self.half = choose_precision(name) == "bf16-mixed"
        self.windows_at_once = 1 if name == "cpu" else 8

    def predict(self, photo: npt.NDArray[np.uint8]) -> Segmentation:
        """Segment one photo, ``(H, W, 3)`` uint8, upright, at its full size; body parts without specks."""
        height, width = photo.shape[:2]
        labels = np.empty((height, width), np.uint8)
        confidence = np.empty((height, width), np.uint8)
        error = None if self.discriminator is None else np.empty((height, width), np.uint8)
        for top, maps in self.full_size(photo, with_errors=True):
            best, index = maps[: self.model.classes].max(dim=0)
            rows = slice(top, top + maps.shape[1])
            labels[rows] = (index + 1).to(torch.uint8).cpu().numpy()
            confidence[rows] = to_bytes(best)
            if error is not None:
                error[rows] = to_bytes(maps[self.model.classes])
        return Segmentation(without_specks(labels, self.specks), confidence, error, self._boxes(photo))

    def activations(self, photo: npt.NDArray[np.uint8]) -> npt.NDArray[np.float16] | None:
        """Return what strokes on a photo are followed by, see `cell_activations`; None: no probe, no such."""
        working = to_working_size(photo, self.long_side)
        whole = self.fit == "crop" and max(working.shape[:2]) <= ONE_PASS
        if not (whole and isinstance(self.model, ProbeSegmenter)):
            return None
        extractor = self._extractor or FeatureExtractor(self.model)
        return cell_activations(self.model, extractor.stages(working), (working.shape[0], working.shape[1]))

    def _boxes(self, photo: npt.NDArray[np.uint8]) -> tuple[Box, ...]:
        """Find regions in pixels of the photo, with a network that finds some."""
        working = to_working_size(photo, self.long_side)
        return find_boxes(self.model, working, photo.shape, self.fit, self.size)

    def class_confidence(self, photo: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
        """Return the probability of each class's best box, ``(K,)``; only of a network that finds boxes."""
        return class_confidence(self.model, to_working_size(photo, self.long_side), self.fit, self.size)

    def classes_of(self, working: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """Return class indices ``(h, w)`` of a photo that already has the working size."""
        parts = [p.argmax(dim=0).to(torch.uint8) for _, p in self.bands(working)]
        classes: npt.NDArray[np.uint8] = torch.cat(parts).cpu().numpy()
        return classes

    def full_size(self, photo: npt.NDArray[np.uint8], *, with_errors: bool = False) -> Bands:
        """Yield bands ``(top, (K, rows, W))`` of probabilities at full size, top to bottom.

        Parameters
        ----------
        photo
            ``(H, W, 3)`` uint8.
        with_errors
            Add the discriminator's map of likely errors, where there is one, as channel K.
        """
        height, width = photo.shape[:2]
        working = to_working_size(photo, self.long_side)
        if self.edges and working.shape != photo.shape:
            yield from self._refined(photo, working, with_errors)
        elif working.shape == photo.shape:
            yield from self.bands(working, with_errors=with_errors)
        elif self.fit != "crop":
            yield from upsampled_bands(self._whole(working, with_errors), height, width)
        else:
            # half precision is enough for what will be rounded to bytes, and halves the one map kept whole
            small = torch.cat([p.half() for _, p in self.bands(working, with_errors=with_errors)], dim=1)
            yield from upsampled_bands(small, height, width)

    def _refined(
        self, photo: npt.NDArray[np.uint8], working: npt.NDArray[np.uint8], with_errors: bool
    ) -> Bands:
        """Yield bands at full size that follow the photo's own edges, from a prediction at working size."""
        classes, (height, width) = self.model.classes, photo.shape[:2]
        plain = self._plain_bands(working, with_errors)
        found = [c for _, c in coefficient_bands(plain, working, classes)]
        flat = torch.cat(found, dim=2).flatten(0, 1)  # (K * 4, h, w): three slopes and the constant
        for top, band in upsampled_bands(flat, height, width):
            maps = apply_to(band.view(-1, 4, *band.shape[1:]), photo[top : top + band.shape[1]], classes)
            yield top, sharpened(maps, self.temperature, classes)

    def bands(self, working: npt.NDArray[np.uint8], *, with_errors: bool = False) -> Bands:
        """Yield bands ``(top, (K, rows, w))`` of probabilities at working size, as :meth:`full_size` does."""
        plain = self._plain_bands(working, with_errors)
        if not self.edges:
            yield from plain
            return
        for top, maps in refined_bands(plain, working, self.model.classes):
            yield top, sharpened(maps, self.temperature, self.model.classes)

    def _plain_bands(self, working: npt.NDArray[np.uint8], with_errors: bool = False) -> Bands:
        """Yield bands before edges are regarded, averaged with those of the member where there is one."""
        own = self._own_bands(working, with_errors)
        if self.member is None:
            yield from own
            return
        classes, other = self.model.classes, self.member._small(working)
        for top, maps in own:
            rows = other[:, top : top + maps.shape[1]].to(maps.dtype)
            yield top, torch.cat([(maps[:classes] + rows) / 2, maps[classes:]])

    def _small(self, photo: npt.NDArray[np.uint8]) -> Tensor:
        """Probabilities ``(K, h, w)`` of a photo that may be larger than this network wants it."""
        small = to_working_size(photo, self.long_side)
        maps = torch.cat([band for _, band in self._plain_bands(small)], dim=1)
        return F.interpolate(maps[None].float(), photo.shape[:2], mode="bilinear")[0]

    def _own_bands(self, working: npt.NDArray[np.uint8], with_errors: bool = False) -> Bands:
        """Yield bands as the network gives them."""
        if self.fit != "crop":
            whole = self._whole(working, with_errors)
            yield from upsampled_bands(whole, working.shape[0], working.shape[1])
        elif self.finds_boxes or max(working.shape[:2]) <= ONE_PASS:  # a region has to be seen whole
            yield 0, self._one_pass(working, with_errors)
        else:
            yield from blended_bands(
                working,
                lambda windows: self._probabilities(windows, with_errors),
                self.model.classes + (with_errors and self.discriminator is not None),
                self.device,
                self.windows_at_once,
            )

    def _whole(self, working: npt.NDArray[np.uint8], with_errors: bool) -> Tensor:
        """Probabilities ``(K, h, w)`` of a photo seen whole in the network's square, without the margin."""
        fitted = fit_photo(working, self.fit, self.size)
        square, _ = window(fitted, None, middle(fitted.shape), self.size)
        rows, columns = place_in(fitted.shape, self.size)
        return self._probabilities(square.movedim(0, -1).numpy()[None], with_errors)[0, :, rows, columns]

    def _one_pass(self, working: npt.NDArray[np.uint8], with_errors: bool = False) -> Tensor:
        height, width = working.shape[:2]
        below, right = -height % MULTIPLE, -width % MULTIPLE
        if self._extractor is not None:
            return self._from_features(self._extractor, working, (height + below, width + right))
        padded = np.pad(working, ((0, below), (0, right), (0, 0)), constant_values=PHOTO_FILL)
        return self._probabilities(padded[None], with_errors)[0, :, :height, :width]

    @torch.inference_mode()
    def _from_features(
        self, extractor: FeatureExtractor, working: npt.NDArray[np.uint8], size: tuple[int, int]
    ) -> Tensor:
        """Probabilities ``(K, h, w)`` of a probe on features out of the cache."""
        stages = [stage[None].to(self.device, torch.float32) for stage in extractor.stages(working)]
        logits = cast("ProbeSegmenter", self.model).from_stages(stages, size)
        probabilities = (logits / (1.0 if self.edges else self.temperature)).softmax(dim=1)
        return probabilities[0, :, : working.shape[0], : working.shape[1]]

    @torch.inference_mode()
    def _probabilities(self, image_NHWC: npt.NDArray[np.uint8], with_errors: bool) -> Tensor:
        batch = torch.from_numpy(np.ascontiguousarray(image_NHWC)).to(self.device).movedim(-1, 1)
        batch = to_unit(batch).contiguous(memory_format=torch.channels_last)
        with torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.half):
            logits: Tensor = self.model(batch)
            logits = logits.float()
            # with edges the temperature counts after the refinement, for which it was fitted
            probabilities = (logits / (1.0 if self.edges else self.temperature)).softmax(dim=1)
            if self.discriminator is None or not with_errors:
                return probabilities
            # the discriminator learnt from maps without the temperature, which validation chose afterwards
            errors = error_map(self.discriminator, batch, logits.softmax(dim=1))
        return torch.cat([probabilities, errors], dim=1)


def to_bytes(share: Tensor) -> npt.NDArray[np.uint8]:
    """Round numbers in [0, 1] to bytes."""
    values: npt.NDArray[np.uint8] = (share * 255).round().clamp(0, 255).to(torch.uint8).cpu().numpy()
    return values


def to_working_size(photo: npt.NDArray[np.uint8], long_side: int | None) -> npt.NDArray[np.uint8]:
    """Scale a photo down by area to a long side; never up."""
    height, width = photo.shape[:2]
    if long_side is None or max(height, width) <= long_side:
        return photo
    rows, columns = scaled_size(height, width, long_side)
    return np.asarray(Image.fromarray(photo).resize((columns, rows), Image.Resampling.BOX))
