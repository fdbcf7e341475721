"""Disagreement of a probe's heads: uncertainty that more labels would take away."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch

from trainer.data.augment import to_unit
from trainer.errors import SkinsegError
from trainer.inference.predictor import MULTIPLE, Predictor, to_working_size
from trainer.networks.probe import FINEST, ProbeSegmenter


@torch.inference_mode()
def disagreement(predictor: Predictor, photo: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Mutual information between a pixel's class and the head that is asked.

    Entropy of the mean less mean of the entropies (Depeweg et al. 2018, "Decomposition of uncertainty"), in
    nats: 0 where all heads say the same, however unsure each is.

    Parameters
    ----------
    predictor
        Of a probe.
    photo
        ``(H, W, 3)`` uint8.

    Returns
    -------
    float32 array
        At a quarter of the working size.

    Raises
    ------
    SkinsegError
        The model has no heads.
    """
    model = predictor.model
    if not isinstance(model, ProbeSegmenter):
        raise SkinsegError("only a model of the recipe probe has heads that can disagree")
    working = to_working_size(photo, predictor.long_side)
    height, width = working.shape[:2]
    padded = np.pad(working, ((0, -height % MULTIPLE), (0, -width % MULTIPLE), (0, 0)), constant_values=255)
    image = torch.from_numpy(np.ascontiguousarray(padded)).movedim(-1, 0)[None].to(predictor.device)
    heads = model.heads(to_unit(image))[:, 0].float().softmax(dim=1)  # (M, K, h, w)
    mean = heads.mean(dim=0)
    mutual = _entropy(mean, 0) - _entropy(heads, 1).mean(dim=0)
    rows, columns = -(-height // FINEST), -(-width // FINEST)
    found: npt.NDArray[np.float32] = mutual[:rows, :columns].clamp_min(0).cpu().numpy()
    return found


def _entropy(probabilities: torch.Tensor, dim: int) -> torch.Tensor:
    return -(probabilities * probabilities.clamp_min(1e-9).log()).sum(dim=dim)
