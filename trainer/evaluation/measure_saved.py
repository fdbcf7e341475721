"""Pass over saved masks: what each holds, and how far a model that had not seen it had proposed the same."""

from __future__ import annotations

import logging
import math
import time
from typing import TYPE_CHECKING

import numpy as np

from trainer.errors import SkinsegError
from trainer.evaluation.metrics import confusion
from trainer.evaluation.scores.skin_tone import skin_tone
from trainer.labels.truth import to_targets

if TYPE_CHECKING:
    import numpy.typing as npt

    from trainer.project.masks.measurements import ToMeasure
    from trainer.project.project import Project

log = logging.getLogger(__name__)

MOST_PIXELS = 500_000
"""Of a larger mask every so many-th row and column is looked at."""
SIDE = 512
"""Long side of the photo whose tone is measured."""
RETRY_SECONDS = 60.0


class MeasuringPass:
    """Measures one saved mask at a time; what is kept is never measured again."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._hold_off = 0.0

    def step(self) -> bool:
        """Measure the newest mask that was not; False where there is none. Errors are logged, not raised."""
        if time.monotonic() < self._hold_off:
            return False
        for item in self._project.measurements.missing():
            try:
                measure(self._project, item)
            except SkinsegError as error:  # a damaged mask counts as none, and is told elsewhere
                log.warning("not measured: %s", error)
                self._project.measurements.save(item, ())
            except Exception:
                self._hold_off = time.monotonic() + RETRY_SECONDS
                log.exception("saved masks are not measured")
                return False
            return True
        return False


def measure(project: Project, item: ToMeasure) -> None:
    """Measure one mask and keep what is found.

    Raises
    ------
    SkinsegError
        The mask cannot be read.
    """
    truth = project.masks.read_truth(project.masks.revision(item.revision_id))
    step = max(1, math.ceil((truth.size / MOST_PIXELS) ** 0.5))
    thin = truth[::step, ::step]
    classes = project.classes
    pixels = np.bincount(thin.ravel(), minlength=256)[: classes.count].tolist()
    matrix, model_id = None, None
    made = project.predictions.get(item.photo_id) if item.has_prediction else None
    if made is not None:
        try:
            said = to_targets(project.predictions.read(made)[0])[::step, ::step]
        except SkinsegError:  # damaged, or just replaced
            said = thin[:0]
        if said.shape == thin.shape:
            matrix, model_id = confusion(thin, said, classes.count).tolist(), made.model_id
    project.measurements.save(item, pixels, _tone(project, item.photo_id, truth), model_id, matrix)


def _tone(project: Project, photo_id: int, truth: npt.NDArray[np.uint8]) -> float | None:
    classes = project.classes
    if not classes.shows_skin:
        return None
    try:
        photo = project.photos.read_scaled(photo_id, SIDE)
    except SkinsegError:
        return None
    rows = np.arange(photo.shape[0]) * truth.shape[0] // photo.shape[0]
    columns = np.arange(photo.shape[1]) * truth.shape[1] // photo.shape[1]
    small = truth[rows[:, None], columns]
    skin = np.isin(small, [index for index in classes.skin if index != classes.uncertain])
    angle = skin_tone(photo, skin)
    return None if math.isnan(angle) else angle
