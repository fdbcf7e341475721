"""The end of a round: validate the new model beside the served one, decide, store."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from trainer.data.photo_cache import WorkingPhotos
from trainer.errors import SkinsegError
from trainer.evaluation.metrics import Counts, Evaluation, score_photos
from trainer.evaluation.scores.temperature import PixelSample
from trainer.evaluation.validation import readable_truth, working_matrices
from trainer.inference.predictor import Predictor
from trainer.networks.architectures import build_segmenter
from trainer.networks.pretrained import encoder_licence
from trainer.networks.segmenters import Segmenter
from trainer.networks.weights import read_card, save_model, save_tensors
from trainer.recipes.registry import find_recipe
from trainer.training.loop import Training
from trainer.training.promotion import Decision, decide
from trainer.training.round_context import RoundContext

if TYPE_CHECKING:
    from trainer.project.masks import Truth
    from trainer.project.models import Model

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Verdict:
    """What validation says of a new model."""

    evaluation: Evaluation
    decision: Decision
    model: Segmenter
    temperature: float = 1.0
    """What the logits are to be divided by, so that the confidence is honest on validation photos."""


def averaged_model(round_: RoundContext, weights: dict[str, Tensor]) -> Segmenter:
    """A fresh network with the averaged weights."""
    plan = round_.plan
    channels = find_recipe(plan.recipe).outputs(round_.project.classes)
    model = build_segmenter(plan.arch, plan.encoder, channels, **plan.network)
    model.load_state_dict({name: weight.cpu() for name, weight in weights.items()})
    return model


def judge(round_: RoundContext, weights: dict[str, Tensor]) -> Verdict:
    """Measure the averaged weights on today's validation truth and decide.

    Parameters
    ----------
    weights
        State of a ``Segmenter``.

    Raises
    ------
    StopRound
        From the tick, between two photos; judging again later gives the same.
    """
    project = round_.project
    model = averaged_model(round_, weights)
    labelled = project.masks.truth("val")
    truths = readable_truth(project, labelled, round_.say)
    served = project.models.served()
    rivals = (served, best_ever(project.models.all(), served))
    total = len(truths) * (1 + sum(rival is not None for rival in rivals))
    done = 0

    def measure(predictor: Predictor, model_id: str | None, sample: PixelSample | None = None) -> Counts:
        nonlocal done
        photos = WorkingPhotos(project, predictor.long_side, round_.cache)
        start = done
        matrices = working_matrices(
            project,
            photos,
            truths,
            predictor,
            model_id=model_id,
            tick=lambda index: round_.report("validate", start + index, total),
            sample=sample,
        )
        done += len(truths)
        return matrices

    plan = round_.plan
    predictor = Predictor(
        model, round_.engine.device_name, plan.long_side, fit=plan.fit, size=plan.size, edges=plan.edges
    )
    sample = PixelSample(len(truths), plan.seed)
    candidate = measure(predictor, None, sample)
    before, anchor = (None if rival is None else _measure_stored(round_, rival, measure) for rival in rivals)
    decision = _kept_unread(len(truths), len(labelled), served, round_) or decide(
        candidate,
        before,
        [truth.group for truth in truths],
        project.classes.names,
        lane=round_.plan.lane,
        gate=round_.settings.gate,
        anchor=anchor,
        seed=round_.plan.seed,
    )
    return Verdict(_evaluation(round_, candidate, truths), decision, model, sample.temperature())


def _kept_unread(read: int, labelled: int, served: Model | None, round_: RoundContext) -> Decision | None:
    """Keep the served model where photos to compare on exist, but too few of them can be read now."""
    if served is None or read >= round_.settings.gate.min_photos or 2 * read >= labelled:
        return None
    some = f"only {read} of {labelled} labelled validation photos can be read"
    return Decision(False, False, f"kept the old one: {some}; see skinseg doctor")


def _measure_stored(round_: RoundContext, rival: Model, measure: Any) -> Counts | None:
    """Matrices of a stored model; None, and a word about it, where it cannot be loaded."""
    try:
        matrices: Counts = measure(Predictor(rival.path, round_.engine.device_name), rival.id)
    except SkinsegError as error:
        round_.say(f"model {rival.id} cannot be compared with: {error}")
        return None
    return matrices


def best_ever(models: Sequence[Model], served: Model | None) -> Model | None:
    """The model with the best validation Dice of all that were served; None if it is served now."""
    known = [m for m in models if m.decision not in (None, "kept old") and m.metrics.get("dice9") is not None]
    best = max(known, key=lambda m: float(m.metrics["dice9"]), default=None)
    if best is None or (served is not None and best.id == served.id):
        return None
    return best


def _evaluation(round_: RoundContext, matrices: Counts, truths: Sequence[Truth]) -> Evaluation:
    return score_photos(
        matrices,
        [truth.group for truth in truths],
        [truth.photo_id for truth in truths],
        round_.project.classes,
        model="candidate",
        split="val",
        draws=round_.settings.gate.bootstrap,
    )


def _encoder_licence(round_: RoundContext, parents: list[str]) -> str | None:
    """Licence of the weights that this model, or the one it goes on from, began with."""
    if parents:
        licence = read_card(round_.project.models.get(parents[0]).path).get("encoder_licence")
        return str(licence) if licence else None
    plan = round_.plan
    return encoder_licence(plan.init, plan.encoder, round_.project.path / "pretrained")


def store_model(
    round_: RoundContext, training: Training, verdict: Verdict, about: dict[str, Any], init_note: str
) -> str:
    """Write the model folder, register it, record what it learnt from, and carry out the decision.

    Returns
    -------
    str
        The new model's id.
    """
    project, plan, decision = round_.project, round_.plan, verdict.decision
    model_id = project.models.new_id()
    folder = project.models.folder(model_id)
    parents = about["parents"]
    metrics = {**verdict.evaluation.headline(), "photos": verdict.evaluation.photos}
    card = {
        "format": 1,
        "id": model_id,
        "created": time.time(),
        "recipe": plan.recipe,
        "lane": plan.lane,
        "parents": parents,
        "init": init_note,
        "encoder_licence": _encoder_licence(round_, parents),
        "network": verdict.model.describe(),
        "companions": {name: n.describe() for name, n in training.recipe.companions().items()},  # type: ignore[operator]
        "classes": project.classes.to_dict(),
        "plan": plan.to_dict(),
        "trained_photos": len(about["items"]),
        "steps": training.step,
        "steps_learnt": about["learnt"] + training.step,
        "seconds": round(training.clock.seconds, 3),
        "device": round_.engine.device_name,
        "precision": round_.engine.precision,
        "torch": torch.__version__,
        "temperature": round(verdict.temperature, 4),
        "metrics": metrics,
        "decision": decision.why,
    }
    for name, network in training.recipe.companions().items():
        save_tensors(folder / f"{name}.safetensors", network.state_dict())
    save_model(folder, verdict.model.state_dict(), card)
    project.models.add(model_id, plan.recipe, plan.lane, parents, metrics, folder)
    project.models.trained_on(model_id, [revision for _, revision, _ in about["items"]])
    project.models.decide(model_id, decision.promote, decision.why, provisional=decision.provisional)
    curves = {f"val_{name}": value for name, value in metrics.items() if isinstance(value, float)}
    per_class = {f"val_{name}": v for name, v in metrics["per_class"].items() if v is not None}
    project.trainer.log_curve(round_.id, training.step, {**curves, **per_class})
    project.trainer.finish_round(round_.id, "done", model_id, metrics, decision.why)
    return model_id
