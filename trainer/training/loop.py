"""The training loop of a round: steps, checkpoints, recovery from full memory and non-finite losses."""

from __future__ import annotations

import itertools
import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from trainer.engine.ema import Ema
from trainer.engine.memory import is_out_of_memory, run_with_smaller_batches
from trainer.engine.one_batch import one_batch
from trainer.errors import SkinsegError
from trainer.training.checkpoints import (
    TrainingState,
    has_checkpoint,
    load_checkpoint,
    random_state,
    restore_random_state,
    save_checkpoint,
)
from trainer.training.hooks import Clock, Hooks
from trainer.training.round_context import StopRound

if TYPE_CHECKING:
    from pathlib import Path

    from trainer.data.loader import Batches
    from trainer.engine.device import Engine
    from trainer.recipes.base import Recipe
    from trainer.training.epochs import Epochs
    from trainer.training.round_record import RoundRecord

PLOT_SECONDS = 0.5
MOST_ROLLBACKS = 4


@dataclass
class Training:
    """A recipe on its way from step 0 to its last.

    Parameters
    ----------
    recipe
        Networks and optimizers, already on the device.
    labelled, unlabelled
        Streams of batches; the second is None where there is nothing or no need.
    folder
        For checkpoints.
    every
        Seconds between checkpoints.
    record
        Kept in the checkpoint for whoever resumes the round.
    epochs
        Where a recipe thinks in them: validation after each, and the best weights in the end.
    """

    recipe: Recipe
    engine: Engine
    labelled: Batches
    unlabelled: Batches | None
    folder: Path
    every: float
    hooks: Hooks
    record: RoundRecord | None = None
    epochs: Epochs | None = None

    def __post_init__(self) -> None:
        self.step = 0
        self.steps = self.recipe.plan.steps
        self.lr_scale = 1.0
        self.rollbacks = 0
        self.clock = Clock()
        self.ema = Ema(self.recipe.served, self.recipe.plan.ema)
        self._saved_at = time.monotonic()
        self._plotted_at = 0.0

    def run(self) -> None:
        """Train to the last step; an exception of the tick is passed on after a checkpoint was written.

        Several processes go step by step together: each has its share of every batch, the first one writes.
        """
        begun = self.engine.ranks.from_first(has_checkpoint(self.folder))
        if not begun:  # with one, batch norm was prepared before it was written
            self._prepare()
        if self.step == 0 or not begun:
            self.save()
        values: dict[str, Tensor] = {}
        while self._goes_on(values):
            values = self._one_step()
            (due,) = self.engine.ranks.agree(self._is_time())
            if due or self.step == self.steps:
                self._report(values)
        self.save()
        best = None if self.epochs is None else self.epochs.best
        if best is not None and self.epochs is not None:
            self.hooks.say(
                f"the weights of epoch {best.epoch} of {self.epochs.count} are kept: "
                f"their IoU on the validation photos, {best.iou:.3f}, was the best"
            )

    def _goes_on(self, values: dict[str, Tensor]) -> bool:
        """Close an epoch that has ended and call the tick; False after the last step."""
        stop: Exception | None = None
        try:
            if self.epochs is not None and self.epochs.due(self.step, self.steps):
                self.hooks.plot(self.step, self.epochs.close(self.step, self.steps, self.ema.weights))
            if self.step < self.steps:
                self.hooks.tick(self.step, self._seconds_left())
        except Exception as error:
            stop = error
        (stops,) = self.engine.ranks.agree(stop is not None)  # what one has heard, all do at the same step
        if stops:
            # a checkpoint of broken weights would leave a resumed round nothing to go back to
            if self._finite(values):
                self.save()
            raise stop or StopRound("another process was stopped")
        return self.step < self.steps

    @property
    def result(self) -> dict[str, Tensor]:
        """The averaged weights, of the best epoch where there are epochs."""
        best = None if self.epochs is None else self.epochs.best
        return self.ema.weights if best is None else best.weights

    def _prepare(self) -> None:
        """Let the recipe get given weights ready; the average begins with what comes of it."""
        plan = self.recipe.plan
        if self.step or plan.init == "scratch" or plan.warm_start:
            return
        with one_batch(self.engine.ranks):
            self.recipe.prepare(self.labelled.batch(step) for step in itertools.count())
        self.ema = Ema(self.recipe.served, plan.ema)

    def _one_step(self) -> dict[str, Tensor]:
        started = time.perf_counter()
        self.recipe.set_rates(self.step, self.lr_scale)
        if self.engine.ranks.world == 1:
            values, size = run_with_smaller_batches(
                self._try_step, self.labelled.size, on_smaller=self._smaller
            )
        else:
            values, size = self._step_together(), self.labelled.size
        self.ema.update(self.recipe.served)
        self.step += 1
        self.clock.seconds += time.perf_counter() - started
        self.clock.crops += size
        return values

    def _try_step(self, batch: int) -> dict[str, Tensor]:
        labelled = self.labelled.batch(self.step)
        unlabelled = None
        if self.unlabelled is not None and self.recipe.uses_unlabelled(self.step):
            unlabelled = self.unlabelled.batch(self.step)
        with one_batch(self.engine.ranks):
            return self.recipe.step(labelled, unlabelled, self.step)

    def _step_together(self) -> dict[str, Tensor]:
        """One step of several processes, of which none can go on with a smaller batch alone."""
        try:
            return self._try_step(self.labelled.size)
        except RuntimeError as error:
            if not is_out_of_memory(error):
                raise
        crops = len(self.engine.ranks.share(self.labelled.size))
        raise SkinsegError(
            f"out of memory with {crops} of the {self.labelled.size} crops of a step: set training.batch "
            "lower, or start more processes"
        )

    def _resize(self, batch: int) -> None:
        """Go on with another batch size; unlabelled crops keep their proportion."""
        if self.unlabelled is not None:
            self.unlabelled.resize(max(1, round(self.unlabelled.size * batch / self.labelled.size)))
        self.labelled.resize(batch)

    def _smaller(self, batch: int) -> None:
        self._resize(batch)
        for optimizer in self.recipe.optimizers.values():
            optimizer.zero_grad(set_to_none=True)
        self.hooks.say(f"out of memory: going on with batches of {batch}")

    def _is_time(self) -> bool:
        now = time.monotonic()
        first = self.engine.ranks.first
        return first and (now - self._plotted_at > PLOT_SECONDS or now - self._saved_at > self.every)

    def _report(self, values: dict[str, Tensor]) -> None:
        """Plot, check the numbers, keep a checkpoint."""
        self._plotted_at = time.monotonic()
        if not self._finite(values):
            self._roll_back()
            return
        plotted = {name: float(value) for name, value in values.items()}
        plotted["lr"] = float(next(iter(self.recipe.optimizers.values())).param_groups[0]["lr"])
        self.hooks.plot(self.step, plotted)
        if time.monotonic() - self._saved_at > self.every:
            self.save()

    def _finite(self, values: dict[str, Tensor]) -> bool:
        """Tell whether the losses and all weights are finite, in every process."""
        good = all(math.isfinite(float(value)) for value in values.values())
        if good:
            weights = [p.detach() for network in self.recipe.networks.values() for p in network.parameters()]
            norms = torch.stack([norm.float() for norm in torch._foreach_norm(weights)])
            good = bool(torch.isfinite(norms).all())
        (bad,) = self.engine.ranks.agree(not good)
        return not bad

    def _roll_back(self) -> None:
        self.rollbacks += 1
        if self.rollbacks > MOST_ROLLBACKS:
            plan = self.recipe.plan
            masks = ", or look at the masks that were saved last" if self.recipe.needs_labels else ""
            raise SkinsegError(
                f"the loss was not a number {self.rollbacks} times, though the round went back and halved "
                f"its learning rate each time: set training.lr lower than {plan.lr:g}{masks}"
            )
        scale, rollbacks, step = self.lr_scale * 0.5, self.rollbacks, self.step
        self.restore(self.engine.ranks.from_first(self._kept()))
        # the checkpoint holds the old rate: with it the same crops would fail in the same way again
        self.lr_scale, self.rollbacks = scale, rollbacks
        self.hooks.say(
            f"the loss was not a number at step {step}: back to step {self.step} with half the learning rate"
        )
        self.save()  # a kill before the next checkpoint must not forget the rollback

    def save(self) -> None:
        """Write a checkpoint of all that the rest of the round depends on; of several processes the first."""
        if not self.engine.ranks.first:
            return
        save_checkpoint(self.folder, self.state())
        picture = self.recipe.panel()
        if picture is not None:
            self.hooks.show(picture)
        self._saved_at = time.monotonic()

    def _kept(self) -> TrainingState | None:
        return load_checkpoint(self.folder) if self.engine.ranks.first else None

    def state(self) -> TrainingState:
        """Return tensors and plain values for :meth:`restore`."""
        return {
            "about": {} if self.record is None else self.record.to_dict(),
            "step": self.step,
            "networks": {name: n.state_dict() for name, n in self.recipe.networks.items()},
            "optimizers": {name: o.state_dict() for name, o in self.recipe.optimizers.items()},
            "ema": self.ema.weights,
            "ema_count": self.ema.count,
            "random": random_state(),
            "lr_scale": self.lr_scale,
            "rollbacks": self.rollbacks,
            "batch": self.labelled.size,
            "seconds": self.clock.seconds,
            "crops": self.clock.crops,
            "epochs": None if self.epochs is None else self.epochs.state(),
        }

    def restore(self, state: TrainingState) -> None:
        """Go on from a checkpoint as if nothing had happened."""
        for name, network in self.recipe.networks.items():
            network.load_state_dict(state["networks"][name])
        for name, optimizer in self.recipe.optimizers.items():
            optimizer.load_state_dict(state["optimizers"][name])
        for name, weight in self.ema.weights.items():
            weight.copy_(state["ema"][name])  # in place: it stays on the device
        self.ema.count = state["ema_count"]
        # after loading, which draws nothing, so that dropout continues where the checkpoint was written
        restore_random_state(state["random"])
        self.step = state["step"]
        self.lr_scale, self.rollbacks = state["lr_scale"], state["rollbacks"]
        self.clock = Clock(state["seconds"], state["crops"])
        epochs = state.get("epochs")  # rounds begun by versions without epochs have none
        if self.epochs is not None and epochs is not None:
            self.epochs.restore(epochs)
        if state["batch"] != self.labelled.size:  # memory had given out before
            self._resize(state["batch"])

    def close(self) -> None:
        """Stop the threads that make crops."""
        self.labelled.close()
        if self.unlabelled is not None:
            self.unlabelled.close()

    def _seconds_left(self) -> float:
        if not self.clock.crops:
            return float("nan")
        return (self.steps - self.step) * self.clock.seconds / max(1, self.step)
