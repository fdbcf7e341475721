"""Predictions of the served model: photos that open windows ask for first, then the head of the queue."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from trainer.effort.worth import Worth
from trainer.engine.memory import release_device_memory
from trainer.errors import PhotoError
from trainer.labels.held_back import held_back

if TYPE_CHECKING:
    from trainer.inference.predictor import Predictor
    from trainer.project.models.models import Model
    from trainer.project.project import Project

log = logging.getLogger(__name__)

RETRY_SECONDS = 30.0
"""A photo whose suggestion failed for a reason that may pass (a full disk) is tried again after this long."""


class PredictionWorker:
    """Served model in memory, and the predictions it writes for the photos that are wanted.

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
        self._mute_model: str | None = None  # one that has no activations
        self._why = ""
        self._aside: dict[int, float] = {}  # photo: when it may be tried again
        self._last_used = time.monotonic()

    @property
    def trouble(self) -> str:
        """Reason why the served model makes no suggestions; empty where it does."""
        served = self._project.models.served()
        return self._why if served is not None and served.id == self._failed_model else ""

    def serve_one(self, head: bool = True) -> int | None:
        """Predict the most wanted photo that lacks a prediction by the served model; None: nothing is wanted.

        What open sessions ask for comes first; with `head`, the head of the queue follows.

        Errors of one photo or one model are logged and passed over, not raised: a round of training may be
        going on around this call.
        """
        served = self._project.models.served()
        if served is None or served.id == self._failed_model:
            return None
        if served.id != self._model_id:
            self._aside.clear()
        photo_id = self._most_wanted(served.id, head)
        if photo_id is None:
            return None
        predictor = self._load(served)
        if predictor is None:
            return None
        self._last_used = time.monotonic()
        try:
            self._predict(photo_id, served.id, predictor)
        except Exception as error:
            self._set_aside(photo_id, error, "no suggestion for")
        return photo_id

    def serve_activations(self) -> int | None:
        """Keep what strokes are followed by, of one photo that a window holds; None: nothing is wanted."""
        served = self._project.models.served()
        if served is None or served.id in (self._failed_model, self._mute_model):
            return None
        now = time.monotonic()
        wanted = self._project.activations.wanted(served.id)
        photo_id = next((found for found in wanted if self._aside.get(found, 0.0) <= now), None)
        predictor = None if photo_id is None else self._load(served)
        if photo_id is None or predictor is None:
            return None
        self._last_used = time.monotonic()
        try:
            values = predictor.activations(self._project.photos.read(photo_id))
            sha256 = self._project.photos.get(photo_id).sha256
            if values is None:
                self._mute_model = served.id
                return None
            if sha256 is not None:
                self._project.activations.save(photo_id, sha256, served.id, values)
        except Exception as error:
            self._set_aside(photo_id, error, "nothing follows strokes on")
        return photo_id

    def release(self) -> None:
        """Let go of the model and the memory it holds on the device."""
        self._predictor = None
        release_device_memory()

    def release_when_idle(self, seconds: float) -> bool:
        """Release the model where it has predicted nothing for so many seconds; return whether it was."""
        idle = time.monotonic() - self._last_used
        if self._predictor is not None and idle > seconds:
            self.release()
            log.info("idle for %.0f s: gave the memory back", idle)
            return True
        return False

    def _most_wanted(self, model_id: str, head: bool) -> int | None:
        now = time.monotonic()
        for photo_id in self._project.predictions.wanted(model_id, head):
            if self._aside.get(photo_id, 0.0) <= now:
                return photo_id
        return None

    def _set_aside(self, photo_id: int, error: Exception, what: str) -> None:
        """Try a photo again later, or never, and tell why."""
        broken = isinstance(error, PhotoError)
        self._aside[photo_id] = float("inf") if broken else time.monotonic() + RETRY_SECONDS
        log.warning("%s photo %d: %s", what, photo_id, error, exc_info=not broken)

    def _load(self, served: Model) -> Predictor | None:
        if self._model_id == served.id and self._predictor is not None:
            return self._predictor
        from trainer.features.cache import feature_cache
        from trainer.inference.predictor import Predictor

        self._predictor = None
        try:
            self._predictor = Predictor(served.path, self._device, features=feature_cache(self._project))
        except Exception as error:  # a damaged model must not take the trainer down: training can replace it
            self._failed_model = served.id
            log.exception("cannot load model %s", served.id)
            why = f"model {served.id} cannot be loaded ({error}); serve another one, or train"
            self._why = why
            self._project.events.add("model unreadable", "trainer", model=served.id, why=why)
            return None
        self._model_id = served.id
        return self._predictor

    def _predict(self, photo_id: int, model_id: str, predictor: Predictor) -> None:
        result = predictor.predict(self._project.photos.read(photo_id))
        held = None
        if self._project.settings.gate.hold_back:
            held = held_back(result.labels, result.confidence, Worth.from_card(predictor.card).below)
        self._project.predictions.save(
            photo_id,
            model_id,
            result.labels,
            result.confidence,
            error=result.error,
            held=held,
            boxes=result.boxes,
        )
