"""What a training method is to a round: networks, optimizers, one step."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor, nn
from torch.optim import Optimizer

from trainer.classes import ClassSet
from trainer.data import Batch, CropPlan
from trainer.engine import Engine, lr_factor
from trainer.networks import Segmenter
from trainer.plan import Plan


class Recipe:
    """One training method. A subclass fills ``networks`` and ``optimizers`` and writes ``step``.

    A round does the rest: data, learning rates, moving average, checkpoints of everything in ``networks`` and
    ``optimizers``, validation of ``served``, the gate.

    Parameters
    ----------
    classes
        The project's classes.
    plan
        The resolved settings.
    engine
        Device and Fabric.
    segmenter
        The network to train, with its starting weights.

    Attributes
    ----------
    networks : dict of str to nn.Module
        All networks by name, wrapped by Fabric. ``segmenter`` is the one that is averaged and served.
    optimizers : dict of str to Optimizer
        All optimizers by name; a round sets their rates to ``lr_factor`` times their own initial rate.
    """

    name: ClassVar[str]
    wants_unlabelled: ClassVar[bool] = False
    """Whether ``step`` gets a batch of unlabelled photos (None where the project has none)."""
    needs_labels: ClassVar[bool] = True
    """False for pretraining: then the labelled stream is made of all photos, with IGNORE for truth."""
    serves: ClassVar[bool] = True
    """False where the result is starting weights rather than a segmenter."""

    def __init__(self, classes: ClassSet, plan: Plan, engine: Engine, segmenter: Segmenter) -> None:
        self.classes, self.plan, self.engine = classes, plan, engine
        self.networks: dict[str, nn.Module] = {}
        self.optimizers: dict[str, Optimizer] = {}
        self.build(segmenter)

    def build(self, segmenter: Segmenter) -> None:
        """Fill ``networks`` and ``optimizers``."""
        raise NotImplementedError

    def step(self, batch: Batch, unlabelled: Batch | None, step: int) -> dict[str, Tensor]:
        """Train on one batch and update every optimizer concerned.

        Returns
        -------
        dict of str to Tensor
            Detached scalars to plot; ``loss`` is watched for NaN. They stay on the device until plotted.
        """
        raise NotImplementedError

    @property
    def served(self) -> nn.Module:
        """The network that is averaged, validated and served."""
        return self.networks["segmenter"]

    def lr_factor(self, step: int) -> float:
        """Learning-rate factor of one step."""
        return lr_factor(step, self.plan.steps, self.plan.warmup)

    def crop_plan(self) -> CropPlan:
        """How crops are cut for this recipe."""
        plan = self.plan
        return CropPlan(
            plan.size, plan.batch, plan.strength(), plan.class_balanced, plan.newest_share, plan.seed
        )
