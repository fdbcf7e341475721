"""What a probe knows of the cells of a photo, small: from this, strokes are followed without torch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch.nn import functional as F

from trainer.instant.cues import CELL, DEPTH

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from trainer.features.cache import Stages
    from trainer.networks.probe import ProbeSegmenter


@torch.inference_mode()
def cell_activations(model: ProbeSegmenter, stages: Stages, size: tuple[int, int]) -> NDArray[np.float16]:
    """Probabilities and reduced hidden units of a photo.

    Parameters
    ----------
    model
        The probe.
    stages
        Features of the photo at working size, filled up.
    size
        Height and width at working size.

    Returns
    -------
    ndarray
        float16 ``(h, w, K + DEPTH)`` at stride 4: the heads' mean probability of each class, then the hidden
        units of all heads on their first principal axes in this photo, which keep the distances between its
        cells; zeros where there are fewer.
    """
    device = model.mean.device
    hidden = model.network.hidden_on([stage[None].to(device, torch.float32) for stage in stages])
    rows, columns = (-(-side // CELL) for side in size)
    hidden = hidden[..., :rows, :columns]
    shares = model.network.answers(hidden).float().softmax(dim=2).mean(dim=0)[0].movedim(0, -1)
    units = hidden[0].flatten(1).T.float()
    units = units - units.mean(dim=0)
    axes = torch.linalg.eigh((units.T @ units).cpu().double()).eigenvectors.flip(1)[:, :DEPTH]
    reduced = units @ axes.to(units)
    reduced = F.pad(reduced, (0, DEPTH - reduced.shape[1])).view(rows, columns, DEPTH)
    found: NDArray[np.float16] = torch.cat([shares, reduced], dim=-1).half().cpu().numpy()
    return found
