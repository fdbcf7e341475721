"""A candidate: the averaged model of a round, measured beside the served one, with the gate's decision."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from trainer.data.photo_cache import WorkingPhotos
from trainer.effort.worth import UNKNOWN, Worth, weigh
from trainer.errors import SkinsegError
from trainer.evaluation.summary import Evaluation, score_photos
from trainer.evaluation.validation import readable_truth, working_matrices
from trainer.evaluation.validation_sample import ValidationSample
from trainer.features.cache import feature_cache
from trainer.inference.predictor import Predictor
from trainer.networks.architectures import build_segmenter
from trainer.networks.weights import member_folder, read_card
from trainer.project.models.models import GATE
from trainer.recipes.probe import ProbeRecipe
from trainer.recipes.registry import find_recipe
from trainer.settings.plan import Lane
from trainer.training.promotion import GateDecision, compare_with_served

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from torch import Tensor

    from trainer.data.photo_cache import DecodedCache
    from trainer.evaluation.metrics import Counts
    from trainer.networks.segmenters import Segmenter
    from trainer.project.models.models import Model
    from trainer.project.revisions import Truth
    from trainer.training.round_context import RoundContext


@dataclass(frozen=True)
class Candidate:
    """A new model, its validation and the gate's decision on it."""

    model: Segmenter
    evaluation: Evaluation
    decision: GateDecision
    temperature: float = 1.0
    """Divisor of the logits that makes the confidence honest on validation photos."""
    compared_with: str | None = None
    """Id of the model that was served when it was measured."""
    worth: Worth = UNKNOWN
    """What its suggestions save there, and which of their regions are held back."""


def averaged_model(round_: RoundContext, weights: dict[str, Tensor]) -> Segmenter:
    """Build a fresh network with the averaged weights."""
    plan = round_.plan
    channels = find_recipe(plan.recipe).outputs(round_.project.classes)
    model = build_segmenter(plan.arch, plan.encoder, channels, **plan.network)
    model.load_state_dict({name: weight.cpu() for name, weight in weights.items()})
    return model


def measure_candidate(round_: RoundContext, weights: dict[str, Tensor]) -> Candidate:
    """Measure the averaged weights on today's validation truth and compare them with the served model.

    Parameters
    ----------
    weights
        State of a ``Segmenter``.

    Raises
    ------
    StopRound
        From the tick, between two photos; measuring again later gives the same.
    """
    project = round_.project
    model = averaged_model(round_, weights)
    broken = project.masks.truth_of_broken("val")
    labelled = compared_on([*project.masks.truth("val"), *broken], round_)
    pictures = WorkingPhotos(project, round_.plan.long_side, round_.cache)
    truths = readable_truth(project, [t for t in labelled if t not in broken], round_.say, pictures)
    served = project.models.served()
    rivals = (served, best_ever(project.models.all(), served))
    done, total = 0, len(truths) * (1 + sum(rival is not None for rival in rivals))

    def measure(predictor: Predictor, model_id: str | None, sample: ValidationSample | None = None) -> Counts:
        nonlocal done
        photos, start = WorkingPhotos(project, predictor.long_side, round_.cache), done
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
    sample = ValidationSample(len(truths), plan.seed)
    candidate = measure(_predictor(round_, model), None, sample)
    before, anchor = (None if rival is None else _measure_stored(round_, rival, measure) for rival in rivals)
    decision = _kept_unread(len(truths), len(labelled), served, round_) or compare_with_served(
        candidate,
        before,
        [truth.group for truth in truths],
        project.classes.names,
        lane=plan.lane,
        gate=round_.settings.gate,
        anchor=anchor,
        seed=plan.seed,
        replaces_probe=served is not None and served.recipe == ProbeRecipe.name != plan.recipe,
        succeeds=before is not None and _succeeds(round_, served),
    )
    temperature = sample.temperature()
    worth = weigh(list(sample.maps(temperature))) or unmeasured_worth(round_)
    if worth.held_words and decision.promote:
        round_.say(worth.held_words)
    evaluation = evaluation_of(round_, candidate, truths)
    return Candidate(model, evaluation, decision, temperature, served.id if served else None, worth)


def still_wanted(candidate: Candidate, served: Model | None) -> Candidate:
    """Keep a candidate back where a person has had another model served since the two were compared."""
    if served is None or served.id == candidate.compared_with or not candidate.decision.promote:
        return candidate
    why = f"kept the old one: model {served.id} was chosen while this one was being compared"
    return replace(candidate, decision=replace(candidate.decision, promote=False, provisional=False, why=why))


def unmeasured_worth(round_: RoundContext) -> Worth:
    """Return what the model that this one goes on from is worth, while too few photos can measure it."""
    parents = round_.record.parents
    return Worth.from_card(read_card(round_.project.models.get(parents[0]).path)) if parents else UNKNOWN


def _predictor(round_: RoundContext, model: Segmenter) -> Predictor:
    plan = round_.plan
    return Predictor(
        model,
        round_.engine.device_name,
        plan.long_side,
        fit=plan.fit,
        size=plan.size,
        edges=plan.edges,
        features=_features(round_),
    )


def compared_on(labelled: list[Truth], round_: RoundContext) -> list[Truth]:
    """Limit the photos that a probe is compared on, always to the same ones: its person waits."""
    if round_.plan.lane != Lane.PROBE:
        return labelled
    by_chance = sorted(labelled, key=lambda truth: hashlib.sha256(str(truth.photo_id).encode()).digest())
    return by_chance[: round_.settings.probe.compared_on]


def _succeeds(round_: RoundContext, served: Model | None) -> bool:
    """Whether a round makes the same as the gate had served, a probe and no mean, with newer masks."""
    return (
        served is not None
        and round_.plan.lane == Lane.PROBE
        and round_.record.newest > 0
        and served.recipe == ProbeRecipe.name
        and round_.project.models.chosen_by() == GATE
        and member_folder(served.path) is None
    )


def _features(round_: RoundContext) -> DecodedCache:
    return feature_cache(round_.project, round_.settings.probe.cache_bytes)


def _kept_unread(read: int, labelled: int, served: Model | None, round_: RoundContext) -> GateDecision | None:
    """Keep the served model where photos to compare on exist, but too few of them can be read now."""
    if served is None or read >= round_.settings.gate.min_photos or 2 * read >= labelled:
        return None
    some = f"only {read} of {labelled} labelled validation photos can be read"
    return GateDecision(False, False, f"kept the old one: {some}; see skinseg doctor")


def _measure_stored(
    round_: RoundContext, rival: Model, measure: Callable[[Predictor, str], Counts]
) -> Counts | None:
    """Matrices of a stored model; None, and a message, where it cannot be loaded."""
    try:
        predictor = Predictor(rival.path, round_.engine.device_name, features=_features(round_))
        return measure(predictor, rival.id)
    except SkinsegError as error:
        round_.say(f"model {rival.id} cannot be compared with: {error}")
        return None


def best_ever(models: Sequence[Model], served: Model | None) -> Model | None:
    """Return the model with the best validation Dice of all that were served; None if it is served now."""
    known = [m for m in models if m.decision not in (None, "kept old") and m.metrics.get("dice9") is not None]
    best = max(known, key=lambda m: float(m.metrics["dice9"]), default=None)
    if best is None or (served is not None and best.id == served.id):
        return None
    return best


def evaluation_of(round_: RoundContext, matrices: Counts, truths: Sequence[Truth]) -> Evaluation:
    """Scores of confusion matrices ``(P, K, K)`` of the validation photos."""
    return score_photos(
        matrices,
        [truth.group for truth in truths],
        [truth.photo_id for truth in truths],
        round_.project.classes,
        model="candidate",
        split="val",
        draws=round_.settings.gate.bootstrap,
    )
