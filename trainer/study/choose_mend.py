"""Seconds that a simulated hand needs for photos, with the suggestions of a model that is still learning."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from trainer.labels.truth import to_labels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trainer.data.photo_cache import Bytes, WorkingPhotos
    from trainer.effort.hand import Hand
    from trainer.inference.predictor import Predictor
    from trainer.networks.probe import Probe
    from trainer.study.choose_data import ChooseData, Reduction
    from trainer.study.choose_probe import Heads


ONE_IN = 8
"""One of so many photos of a batch, drawn at random, is mended: a hand takes as long as a whole training."""


class SampledMender:
    """Mends some photos of each batch, and counts them for all of it.

    Parameters
    ----------
    predictor
        Of a probe whose heads have the shape of those that are simulated; they are put into it.
    """

    def __init__(
        self,
        data: ChooseData,
        photos: WorkingPhotos,
        predictor: Predictor,
        probe: Probe,
        hand: Hand,
    ) -> None:
        self._data, self._photos, self._predictor, self._probe = data, photos, predictor, probe
        self._hand = hand
        self._from_nothing: dict[int, float] = {}

    def __call__(self, rows: Sequence[int], heads: Heads | None, seed: int) -> float:
        """Seconds of some photos of the pool, with suggestions by some heads or without any."""
        count = -(-len(rows) // ONE_IN)
        drawn = [int(row) for row in np.random.default_rng([seed, *rows]).choice(rows, count, replace=False)]
        if heads is None:
            return float(np.mean([self._nothing(row) for row in drawn])) * len(rows)
        put_into(heads, self._data.reduction, self._probe)
        return float(np.mean([self._with_suggestion(row) for row in drawn])) * len(rows)

    def _with_suggestion(self, row: int) -> float:
        photo, target = self._pair(row)
        return self._hand.seconds(self._predictor.predict(photo).labels, target)

    def _nothing(self, row: int) -> float:
        if row not in self._from_nothing:
            self._from_nothing[row] = self._hand.seconds_from_nothing(self._pair(row)[1])
        return self._from_nothing[row]

    def _pair(self, row: int) -> tuple[Bytes, Bytes]:
        truth = self._data.pool[row]
        photo = self._photos.photo(truth.photo_id)
        target = self._photos.target(truth.photo_id, truth.revision_id, photo.shape[:2])
        return photo, to_labels(np.array(target))


@torch.no_grad()
def put_into(heads: Heads, reduction: Reduction, probe: Probe) -> None:
    """Give a probe the heads that were trained on reduced features: it answers as they do."""
    probe.shift_D.copy_(reduction.shift_D)
    probe.scale_D.fill_(1.0)
    probe.hidden.weight.copy_(heads.hidden.weight @ reduction.basis_DE.T)
    probe.hidden.bias.copy_(heads.hidden.bias)
    probe.out_MKW.copy_(heads.out_MKW)
    probe.out_bias_MK.copy_(heads.out_bias_MK)
