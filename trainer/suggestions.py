"""Predictions for the people at work: the photos their windows ask for first, then the head of the queue."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from trainer.project.errors import PhotoError

if TYPE_CHECKING:
    from trainer.classes import ClassSet
    from trainer.predict import Predictor
    from trainer.project import Project

log = logging.getLogger(__name__)


class SuggestionDesk:
    """Holds the served model and writes what it says about the photos that are wanted.

    Parameters
    ----------
    project : Project
        Where photos come from and predictions go.
    device : str
        As `skinseg trainer --device`.
    """

    def __init__(self, project: Project, device: str) -> None:
        self._project = project
        self._device = device
        self._predictor: Predictor | None = None
        self._model_id: str | None = None
        self._failed_model: str | None = None
        self._unwritable: set[int] = set()
        self.last_used = time.monotonic()

    @property
    def loaded(self) -> bool:
        """Whether a model takes up memory here."""
        return self._predictor is not None

    def serve_one(self) -> int | None:
        """Predict the most wanted photo that lacks a prediction by the served model; None: nothing is wanted.

        A photo that cannot be read has been marked broken by the store; the next follows on the next call.
        """
        served = self._project.served()
        if served is None or served.id == self._failed_model:
            return None
        wanted = [
            photo for photo in self._project.wanted_predictions(served.id) if photo not in self._unwritable
        ]
        if not wanted:
            return None
        predictor = self._load(served.id)
        if predictor is None:
            return None
        photo_id = wanted[0]
        self.last_used = time.monotonic()
        try:
            self._predict(photo_id, served.id, predictor)
        except PhotoError as error:
            self._unwritable.add(photo_id)
            log.warning("photo %d set aside: %s", photo_id, error)
        return photo_id

    def release(self) -> None:
        """Let go of the model and the memory it holds on the device."""
        self._predictor = None
        self._model_id = None
        release_device_memory()

    def _load(self, model_id: str) -> Predictor | None:
        if self._model_id == model_id and self._predictor is not None:
            return self._predictor
        from trainer.predict import Predictor

        self._predictor = None
        try:
            self._predictor = Predictor(self._project.model_path(model_id), self._device)
        except Exception as error:  # a damaged model must not take the trainer down: training can replace it
            self._failed_model = model_id
            log.exception("cannot load model %s", model_id)
            why = f"model {model_id} cannot be loaded ({error}); serve another one, or train"
            self._project.event("model unreadable", "trainer", model=model_id, why=why)
            return None
        self._model_id = model_id
        self._unwritable.clear()
        return self._predictor

    def _predict(self, photo_id: int, model_id: str, predictor: Predictor) -> None:
        result = predictor.predict(self._project.read_photo(photo_id))
        score, why = doubt(result.labels, result.confidence, self._project.classes)
        self._project.save_prediction(photo_id, model_id, result.labels, result.confidence, score, None)
        self._project.set_scores(model_id, [(photo_id, score, why)])


def doubt(labels: NDArray[np.uint8], confidence: NDArray[np.uint8], classes: ClassSet) -> tuple[float, str]:
    """How unsure a prediction is, 0 to 1, and between what, in an annotator's words.

    Parameters
    ----------
    labels, confidence : uint8 array, (H, W)
        Stored labels (class index + 1) and the confidence of each, 255 = certain.
    classes : ClassSet
        For the names.
    """
    if labels.size == 0:
        return 0.0, ""
    step = max(1, int((labels.size / 1e6) ** 0.5))
    labels, confidence = labels[::step, ::step], confidence[::step, ::step]
    score = 1.0 - float(confidence.mean()) / 255.0
    unsure = labels[confidence < 153]  # below 0.6: the runner-up is close
    counts = np.bincount(unsure.ravel(), minlength=classes.count + 1)[1:]
    first, second = (int(index) for index in np.argsort(-counts, kind="stable")[:2])
    if counts[first] < 0.01 * labels.size:
        return score, "the model is fairly sure: a quick check"
    if counts[second] == 0:
        return score, f"the model is unsure about {classes.names[first]}"
    return score, f"the model is unsure: {classes.names[first]} or {classes.names[second]}?"


def release_device_memory() -> None:
    """Give cached memory back to the device, as far as torch was ever loaded."""
    import gc
    import sys

    gc.collect()
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        torch.cuda.empty_cache()
