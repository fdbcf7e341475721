"""Publication of a candidate: its folder, its entry in the catalog, and whether it is served."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import torch

from trainer.networks.pretrained import encoder_licence
from trainer.networks.weights import read_card, save_model, save_tensors
from trainer.project.states import RoundState

if TYPE_CHECKING:
    from trainer.training.candidate import Candidate
    from trainer.training.loop import Training
    from trainer.training.round_context import RoundContext


def publish_model(round_: RoundContext, training: Training, candidate: Candidate, init_note: str) -> str:
    """Write the model folder, register it, note what it learnt from, and carry out the decision.

    Parameters
    ----------
    init_note
        Origin of the starting weights, for people.

    Returns
    -------
    str
        The new model's id.
    """
    project, record, decision = round_.project, round_.record, candidate.decision
    model_id = project.models.new_id()
    folder = project.models.folder(model_id)
    metrics = _metrics(candidate)
    card = _card(round_, training, candidate, model_id, init_note)
    for name, network in training.recipe.companions().items():
        save_tensors(folder / f"{name}.safetensors", network.state_dict())
    frozen = candidate.model.frozen_tensors()
    save_model(folder, candidate.model.state_dict(), card, frozen)  # last: a folder with a card is complete
    project.models.add(model_id, record.plan.recipe, record.plan.lane, list(record.parents), metrics, folder)
    project.models.trained_on(model_id, [item.revision_id for item in record.items])
    project.models.record_decision(model_id, decision.promote, decision.why, provisional=decision.provisional)
    curves = {f"val_{name}": value for name, value in metrics.items() if isinstance(value, float)}
    per_class = {f"val_{name}": v for name, v in metrics["per_class"].items() if v is not None}
    project.trainer.log_curve(round_.id, training.step, {**curves, **per_class})
    project.trainer.finish_round(round_.id, RoundState.DONE, model_id, metrics, decision.why)
    return model_id


def _metrics(candidate: Candidate) -> dict[str, Any]:
    return {**candidate.evaluation.headline(), "photos": candidate.evaluation.photos}


def _card(
    round_: RoundContext, training: Training, candidate: Candidate, model_id: str, init_note: str
) -> dict[str, object]:
    """Content of ``model.json``."""
    record, plan, engine = round_.record, round_.plan, round_.engine
    return {
        "format": 1,
        "id": model_id,
        "created": time.time(),
        "recipe": plan.recipe,
        "lane": plan.lane,
        "parents": list(record.parents),
        "init": init_note,
        "encoder_licence": _encoder_licence(round_),
        "network": candidate.model.describe(),
        "companions": {name: n.describe() for name, n in training.recipe.companions().items()},  # type: ignore[operator]
        "classes": round_.project.classes.to_dict(),
        "plan": plan.to_dict(),
        "trained_photos": len(record.items),
        "steps": training.step,
        "steps_learnt": record.learnt + training.step,
        "seconds": round(training.clock.seconds, 3),
        "device": engine.device_name,
        "precision": engine.precision,
        "torch": torch.__version__,
        "temperature": round(candidate.temperature, 4),
        "worth": candidate.worth.to_dict(),
        "metrics": _metrics(candidate),
        "decision": candidate.decision.why,
    }


def _encoder_licence(round_: RoundContext) -> str | None:
    """Licence of the weights that this model, or the one it goes on from, began with."""
    if round_.record.parents:
        card = read_card(round_.project.models.get(round_.record.parents[0]).path)
        licence = card.get("encoder_licence")
        return str(licence) if licence else None
    plan = round_.plan
    return encoder_licence(plan.init, plan.encoder, round_.project.path / "pretrained")
