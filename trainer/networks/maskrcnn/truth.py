"""Truth of a batch for a detector in training: the regions of its masks, and the losses to compute."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trainer.data.instances import Instances
    from trainer.losses.detection import DetectionLosses


class DetectionTruth:
    """Regions of each photo, and the losses to take over them.

    Not a dataclass: Fabric takes those apart on their way into a network in half precision, refuses frozen
    ones, and would round boxes to eight bits.

    Parameters
    ----------
    regions
        Of each photo of the batch.
    losses
        Losses and sample.
    """

    def __init__(self, regions: list[Instances], losses: DetectionLosses) -> None:
        self.regions, self.losses = regions, losses
