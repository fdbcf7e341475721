"""Rater: what a frozen backbone and the served model say of one photo, while its pixels are in memory."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch

from trainer.acquisition.duplicates import picture_hash
from trainer.acquisition.scoring import photo_scores
from trainer.data.augment import to_unit
from trainer.engine.device import choose_device
from trainer.features.backbones import ORDER, choose_backbone
from trainer.features.cache import MULTIPLE, FeatureExtractor, feature_cache
from trainer.features.pooled import pooled_features
from trainer.inference.predictor import Predictor, to_working_size
from trainer.networks.backbone import HandmadeBackbone
from trainer.networks.probe import ProbeSegmenter
from trainer.networks.published.frozen_encoder import load_frozen_encoder
from trainer.networks.published.registry import published_weights
from trainer.project.queue.statistics import Rating, Statistic

if TYPE_CHECKING:
    from trainer.acquisition.pool import PhotoScores
    from trainer.project.project import Project

SIDE = 256
"""Long side at which the frozen backbone sees a photo: enough to tell which photos are alike."""


def looks_id(project: Project) -> str:
    """Name under which vectors of the best backbone at hand are kept; those of two are never compared."""
    choice = choose_backbone("auto", project.path / "pretrained")
    return f"looks-{choice.name if choice in ORDER else 'handmade'}-{SIDE}"


class Looks:
    """One vector for each photo, by the best frozen backbone at hand, else by colour and texture."""

    def __init__(self, project: Project, device: str) -> None:
        pretrained = project.path / "pretrained"
        choice = choose_backbone("auto", pretrained)
        self._device = torch.device(choose_device(device))
        published = choice in ORDER
        self.id = looks_id(project)
        network = (
            load_frozen_encoder(published_weights(choice.name), pretrained)
            if published
            else HandmadeBackbone().eval()
        )
        self._network = network.to(self._device)

    @torch.inference_mode()
    def vector(self, photo: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Pool the backbone's last stage on one photo ``(H, W, 3)``."""
        small = to_working_size(photo, SIDE)
        height, width = small.shape[:2]
        padded = np.pad(small, ((0, -height % MULTIPLE), (0, -width % MULTIPLE), (0, 0)), constant_values=255)
        image = torch.from_numpy(np.ascontiguousarray(padded)).movedim(-1, 0)[None].to(self._device)
        return pooled_features([stage[0].float().cpu() for stage in self._network(to_unit(image))])


class Rater:
    """Rates single photos of a project.

    Parameters
    ----------
    project
        Whose photos are rated.
    model_id
        Which model is asked; None: none, as before there is one.
    device
        As `skinseg trainer --device`.

    Raises
    ------
    SkinsegError
        There is no such model, or it cannot be loaded.
    """

    def __init__(self, project: Project, model_id: str | None, device: str) -> None:
        self._project, self.model_id = project, model_id
        self.looks = Looks(project, device)
        self._predictor: Predictor | None = None
        self._extractor: FeatureExtractor | None = None
        if model_id is not None:
            cache = feature_cache(project)
            self._predictor = Predictor(project.models.get(model_id).path, device, features=cache)
            if isinstance(self._predictor.model, ProbeSegmenter):
                self._extractor = FeatureExtractor(self._predictor.model, cache)

    def rate(self, photo_id: int, looks: bool = True, said: bool = True) -> Rating:
        """Find out what is asked for of one photo.

        Raises
        ------
        PhotoError
            The photo cannot be read; it is marked broken.
        """
        side = self._predictor.long_side if self._predictor is not None and said else SIDE
        wanted = None if side is None else max(side, SIDE)
        photos = self._project.photos
        photo = photos.read(photo_id) if wanted is None else photos.read_scaled(photo_id, wanted)
        return Rating(
            photo_id,
            looks=self._look(photo_id, photo) if looks else None,
            said=self._ask(photo_id, photo) if said and self._predictor is not None else None,
            picture_hash=picture_hash(photo) if looks else None,
        )

    def _look(self, photo_id: int, photo: npt.NDArray[np.uint8]) -> Statistic:
        return Statistic(photo_id, feature=self.looks.vector(photo).astype(np.float16).tobytes())

    def _ask(self, photo_id: int, photo: npt.NDArray[np.uint8]) -> Statistic:
        scores = asdict(self._scores(photo))
        why = str(scores.pop("question", ""))
        return Statistic(photo_id, why, {name: _plain(value) for name, value in scores.items()})

    @torch.inference_mode()
    def _scores(self, photo: npt.NDArray[np.uint8]) -> PhotoScores:
        predictor, classes = self._predictor, self._project.classes
        assert predictor is not None
        working = to_working_size(photo, predictor.long_side)
        if self._extractor is not None and isinstance(predictor.model, ProbeSegmenter):
            stages = [s[None].to(predictor.device, torch.float32) for s in self._extractor.stages(working)]
            heads = predictor.model.network.heads_on(stages)[:, 0].softmax(dim=1).cpu().numpy()
            return photo_scores(heads.mean(axis=0), classes, heads=heads)
        bands = [band for _, band in predictor.bands(working, with_errors=True)]
        maps = torch.cat(bands, dim=1).float().cpu().numpy()
        count = predictor.model.classes
        error = maps[count] if len(maps) > count else None
        return photo_scores(maps[:count], classes, error=error)


def _plain(value: object) -> object:
    """Make plain JSON of a number or of several: what is not a number is None."""
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
