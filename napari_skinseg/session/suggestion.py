"""Suggestion of a model for a photo, as it is read from the project, and what of it is held back."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from napari_skinseg.layers.prediction_extras import NO_EXTRAS, PredictionExtras, read_extras
from trainer.errors import SkinsegError
from trainer.labels.held_back import shown_part
from trainer.project.photos.replaced import is_same

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from trainer.project.photos.photos import Photo
    from trainer.project.project import Project


@dataclass(frozen=True, eq=False)
class Suggestion:
    """Segmentation of a photo by a model.

    Attributes
    ----------
    labels, confidence
        uint8 (height, width).
    held
        Pixels that are held back until somebody asks for them, bool (height, width); None: none are.
    """

    model_id: str
    labels: NDArray[np.uint8]
    confidence: NDArray[np.uint8] | None
    extras: PredictionExtras = NO_EXTRAS
    held: NDArray[np.bool_] | None = None

    @cached_property
    def shown(self) -> NDArray[np.uint8]:
        """Labels without what is held back."""
        return shown_part(self.labels, self.held)

    @cached_property
    def held_share(self) -> float:
        """Share of the photo that is held back."""
        return 0.0 if self.held is None else float(self.held.mean())


def read_suggestion(project: Project, photo_id: int, shape: tuple[int, int]) -> Suggestion | None:
    """Read the newest prediction of a photo; one that is damaged or of another size counts as none."""
    prediction = project.predictions.get(photo_id)
    if prediction is None:
        return None
    try:
        labels, confidence = project.predictions.read(prediction)
        held = project.predictions.read_held(prediction) if project.settings.gate.hold_back else None
        extras = read_extras(project, prediction, shape)
    except SkinsegError:
        return None
    if labels.shape != shape:
        return None
    return Suggestion(prediction.model_id, labels, confidence, extras, held)


def newer_suggestion(
    project: Project, known: Photo, shape: tuple[int, int], before: str | None
) -> Suggestion | None:
    """Read the suggestion to replace the one before: the served model's, or any where there was none.

    There is none for a photo that was replaced since it was read: a newer one is of the new pixels.
    """
    prediction = project.predictions.get(known.id)
    if prediction is None or prediction.model_id == before:
        return None
    served = project.models.served()
    if before is not None and (served is None or prediction.model_id != served.id):
        return None
    if not is_same(project.photos, known):
        return None
    return read_suggestion(project, known.id, shape)
