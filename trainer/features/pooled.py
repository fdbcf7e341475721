"""One vector for a photo, by which photos are compared."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from trainer.features.cache import Stages


def pooled_features(stages: Stages) -> npt.NDArray[np.float32]:
    """Pool the stages of a backbone.

    Returns
    -------
    float32 array, (2 C,)
        Mean and standard deviation over the photo of the last stage's C channels.
    """
    last = stages[-1].float().flatten(1)
    pooled: npt.NDArray[np.float32] = np.concatenate(
        [last.mean(dim=1).numpy(), last.std(dim=1, unbiased=False).numpy()]
    )
    return pooled
