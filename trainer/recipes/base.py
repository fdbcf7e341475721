"""Recipe: a training method, with its networks, its optimizers and one step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from trainer.data.augment import Strength
from trainer.data.crops import CropPlan
from trainer.engine.batch_norm import reestimate_batch_norm
from trainer.engine.optim import lr_factor, set_rates
from trainer.settings.recipes import RECIPE_OPTIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt
    from torch import Tensor, nn
    from torch.optim import Optimizer

    from trainer.data.loader import Batch, Batches
    from trainer.data.trainset import TrainSet
    from trainer.engine.device import Engine
    from trainer.labels.classes import ClassSet
    from trainer.networks.segmenters import Segmenter
    from trainer.settings.plan import Plan


class Recipe:
    """One training method. A subclass fills ``networks`` and ``optimizers`` and writes ``step``.

    A round does the rest: data, learning rates, moving average, checkpoints of everything in ``networks`` and
    ``optimizers``, validation of ``served``, the gate.

    Parameters
    ----------
    classes
        The project's classes.
    plan
        The resolved settings; ``plan.options`` are those of this recipe.
    engine
        Device and Fabric.
    segmenter
        The network to train, with its starting weights.

    Attributes
    ----------
    networks : dict of str to nn.Module
        All networks by name, wrapped by Fabric. ``segmenter`` is the one that is averaged and served.
    optimizers : dict of str to Optimizer
        All optimizers by name; a round sets their rates with :meth:`set_rates`. A parameter group named
        ``encoder`` is held back at first where its weights were given.
    options
        The section of ``skinseg.toml`` named like the recipe.
    """

    name: ClassVar[str]
    wants_unlabelled: ClassVar[bool] = False
    """True where ``step`` gets a batch of unlabelled photos (None where the project has none)."""
    arch: ClassVar[str | None] = None
    """The one architecture it can train; None: any."""
    needs_labels: ClassVar[bool] = True
    """False for pretraining: then the labelled stream is made of all photos, with IGNORE for truth."""
    goes_on: ClassVar[bool] = True
    """False where a fast round starts from starting weights rather than from the served model."""
    shared: ClassVar[bool] = True
    """False where several processes cannot train it together."""
    small: ClassVar[bool] = False
    """True where what is trained is so small that threads wait for each other: then one does it."""
    serves: ClassVar[bool] = True
    """False where the result is starting weights rather than a segmenter."""

    def __init__(self, classes: ClassSet, plan: Plan, engine: Engine, segmenter: Segmenter) -> None:
        self.classes, self.plan, self.engine = classes, plan, engine
        self.options = read_options(self.name, plan.options)
        self.networks: dict[str, nn.Module] = {}
        self.optimizers: dict[str, Optimizer] = {}
        self.build(segmenter)

    @classmethod
    def defaults(cls, options: Any, device: str) -> dict[str, object]:
        """Values of training settings that this recipe asks for where a person set none.

        Parameters
        ----------
        options
            The recipe's section; None where it has none.
        device
            ``cpu``, ``mps`` or ``cuda``.
        """
        return {}

    @classmethod
    def fixed(cls, options: Any, pretrained: Path | None) -> dict[str, object]:
        """Return values of the plan that no setting of ``[training]`` decides for this recipe.

        Parameters
        ----------
        options
            The recipe's section; None where it has none.
        pretrained
            The project's folder of starting weights; None: none are there.
        """
        return {}

    @classmethod
    def outputs(cls, classes: ClassSet) -> int:
        """Return the number of channels the network puts out."""
        return classes.count

    @classmethod
    def network(cls, options: Any) -> dict[str, object]:
        """Options of the architecture, kept in ``model.json``."""
        return {}

    def build(self, segmenter: Segmenter) -> None:
        """Fill ``networks`` and ``optimizers``."""
        raise NotImplementedError

    def prepare(self, batches: Iterator[Batch]) -> None:
        """Get given weights ready, once, before the first step; ``batches`` are labelled ones without end.

        By default batch-norm statistics are estimated on these pictures (``bn_batches``).
        """
        count = min(self.plan.bn_batches, self.plan.steps)
        reestimate_batch_norm(self.served, (batch.image for batch in batches), count)

    def step(self, batch: Batch, unlabelled: Batch | None, step: int) -> dict[str, Tensor]:
        """Train on one batch and update every optimizer concerned.

        Returns
        -------
        dict of str to Tensor
            Detached scalars to plot; ``loss`` is watched for NaN. They stay on the device until plotted.
        """
        raise NotImplementedError

    def labelled_batches(
        self, train: TrainSet, tick: Callable[[int], None], say: Callable[[str], None]
    ) -> Batches | None:
        """Make batches of the recipe's own from the labelled photos; None: crops.

        Parameters
        ----------
        train
            The labelled photos of the round.
        tick
            Called before each photo that takes time; may raise to stop.
        say
            Called with what people should know.
        """
        return None

    @property
    def served(self) -> nn.Module:
        """The network that is averaged, validated and served."""
        return self.networks["segmenter"]

    @property
    def epochs(self) -> int:
        """Number of epochs the steps are shared out over, each validated and the best kept; 0: none."""
        return 0

    def companions(self) -> dict[str, nn.Module]:
        """Networks to store beside the served one; each has a ``describe()`` of plain values."""
        return {}

    def panel(self) -> npt.NDArray[np.uint8] | None:
        """Draw a picture ``(H, W, 3)`` of the progress, written at every checkpoint."""
        return None

    def finish(
        self,
        weights: dict[str, Tensor],
        pretrained: Path,
        say: Callable[[str], None] = lambda message: None,
    ) -> Path:
        """Only where ``serves`` is False: write the averaged weights as starting weights; names the file."""
        raise NotImplementedError

    def lr_factor(self, step: int) -> float:
        """Learning-rate factor of one step."""
        return lr_factor(step, self.plan.steps, self.plan.warmup)

    def group_factor(self, name: str, step: int) -> float:
        """Further factor of a named parameter group: a given encoder is held back at first."""
        plan = self.plan
        given = plan.init != "scratch" and not plan.warm_start
        held_back = given and name == "encoder" and step < plan.encoder_slow * plan.steps
        return plan.encoder_lr if held_back else 1.0

    def set_rates(self, step: int, scale: float = 1.0) -> None:
        """Set each group's rate to its own initial rate times the factors of this step and ``scale``."""
        factor = self.lr_factor(step) * scale
        set_rates(self.optimizers.values(), factor, lambda group: self.group_factor(group, step))

    def uses_unlabelled(self, step: int) -> bool:
        """Tell whether unlabelled crops are wanted in this step; none are made for steps that use none."""
        return self.wants_unlabelled

    def unlabelled_plan(self) -> CropPlan:
        """Plan the crops of unlabelled photos: how they are cut, and their number in a step."""
        return self.crop_plan()

    def crop_plan(self) -> CropPlan:
        """Plan how crops are cut."""
        plan = self.plan
        return CropPlan(
            plan.size,
            plan.batch,
            Strength.of(plan),
            plan.class_balanced,
            plan.newest_share,
            plan.seed,
            plan.fit,
            plan.centres,
        )


def read_options(recipe: str, values: dict[str, Any]) -> Any:
    """Read the recipe's section from plain values; None where it has none."""
    section = RECIPE_OPTIONS.get(recipe)
    return None if section is None else section.model_validate(values)
