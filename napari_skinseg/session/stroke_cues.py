"""What strokes on a photo are followed by: the model's activations, MobileSAM's embedding, or colours."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from napari_skinseg.session.suggestion import read_suggestion
from trainer.instant.cues import SIDE, cues_of, usable
from trainer.networks.published.registry import MOBILESAM
from trainer.service.process import trainer_liveness

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from napari_skinseg.session.loading import LoadedPhoto
    from trainer.instant.cues import Cues
    from trainer.labels.classes import ClassSet
    from trainer.project.project import Project


class StrokeCues:
    """Cues of one photo, made when first wanted and kept while the same model's suggestion is shown.

    Parameters
    ----------
    project
        Holds what models have said of the photo.
    photo
        The photo.
    """

    def __init__(self, project: Project, photo: LoadedPhoto) -> None:
        self._project, self._photo = project, photo
        large = (level for level in reversed(photo.levels) if max(level.shape[:2]) > SIDE)
        self._guide = next(large, photo.image)
        self._lock = threading.Lock()
        self._model_id: str | None = None
        self._instead: NDArray[np.uint8] | None = None
        self._cues: Cues | None = None
        self.begun = False
        """Whether somebody has asked for them."""

    @property
    def classes(self) -> ClassSet:
        """The project's classes."""
        return self._project.classes

    def get(self, model_id: str | None, instead: NDArray[np.uint8] | None = None) -> tuple[Cues, str]:
        """Return the cues, and a remark where there could be better ones; takes a moment the first time.

        Parameters
        ----------
        model_id
            The model whose suggestion is shown: another's activations are never used.
        instead
            uint8 labels, of any size: what is shown in its place; None: nothing else is.
        """
        with self._lock:
            same = self._cues is not None and model_id == self._model_id and instead is self._instead
            if not same or self._cues is None or self._cues.source == "colours":
                self._cues = self._make(model_id, instead, self._cues if same else None)
                self._model_id, self._instead = model_id, instead
            return self._cues, self._remark(model_id) if self._cues.source == "colours" else ""

    def _make(self, model_id: str | None, instead: NDArray[np.uint8] | None, before: Cues | None) -> Cues:
        """Make the cues from the best there is now; those at hand stay where nothing better has come."""
        sha256, classes = self._photo.photo.sha256, len(self.classes.names)  # of the pixels that are shown
        if model_id is not None:
            activations = self._project.activations.read(self._photo.id, sha256, model_id)
            if activations is not None and usable(activations, classes):
                return cues_of(self._guide, classes, activations, instead)
        embedding = self._project.embeddings.read(self._photo.id, sha256, MOBILESAM.sha256)
        if embedding is None and before is not None:
            return before
        labels, confidence = self._suggestion(model_id) if instead is None else (instead, None)
        return cues_of(self._guide, classes, None, labels, confidence, embedding)

    def _suggestion(self, model_id: str | None) -> tuple[NDArray[np.uint8] | None, NDArray[np.uint8] | None]:
        """Read the labels that the shown model suggested, and its confidence."""
        height, width = self._photo.image.shape[:2]
        found = None if model_id is None else read_suggestion(self._project, self._photo.id, (height, width))
        if found is None or found.model_id != model_id:
            return None, None
        return found.labels, found.confidence

    def _remark(self, model_id: str | None) -> str:
        """Say how colours alone could be bettered."""
        if trainer_liveness(self._project) != "running":
            return " (by colours alone: Start the trainer for more)"
        probe = model_id is not None and any(
            model.id == model_id and model.recipe == "probe" for model in self._project.models.all()
        )
        return f" (by colours alone{', until the trainer has looked at this photo' if probe else ''})"
