"""The mean of a probe and a network trained whole, served where validation says that it is better.

A probe knows from few masks what the frozen network saw; a network trained whole learns edges and rare parts
from many. Neither contains the other, and the mean of two such models is often better than both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from trainer.data.photo_cache import WorkingPhotos
from trainer.effort.worth import UNKNOWN, weigh
from trainer.errors import SkinsegError
from trainer.evaluation.validation import readable_truth, working_matrices
from trainer.evaluation.validation_sample import ValidationSample
from trainer.features.cache import feature_cache
from trainer.inference.predictor import Predictor
from trainer.networks.weights import member_folder, save_average
from trainer.recipes.probe import ProbeRecipe
from trainer.settings.plan import Lane
from trainer.training.candidate import compared_on, evaluation_of
from trainer.training.promotion import compare_with_served

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trainer.evaluation.metrics import Counts
    from trainer.project.models.models import Model
    from trainer.project.revisions import Truth
    from trainer.training.round_context import RoundContext

LARGEST = 1536
"""Long side up to which the mean of two maps is kept whole."""


def serve_average(round_: RoundContext, new: Model, served_before: Model | None) -> Model | None:
    """Average a round's model with the newest of the other kind; keep and serve the mean if it is better.

    After a probe, whose person waits, only where an average was served: to renew its half.

    Parameters
    ----------
    new
        The model of the round, published.
    served_before
        Before that.

    Returns
    -------
    Model or None
        None: no other model, too few validation photos, or the mean is not better than what is served.

    Raises
    ------
    StopRound
        From the tick.
    """
    project = round_.project
    renews = served_before is not None and member_folder(served_before.path) is not None
    served, other = project.models.served(), _newest_of_other_kind(project.models.all(), new)
    wanted = round_.settings.gate.averages and (renews or round_.plan.lane != Lane.PROBE)
    if not wanted or other is None or served is None:
        return None
    truths = readable_truth(project, compared_on(project.masks.truth("val"), round_))
    mean = _mean_of(round_, new, other) if len(truths) >= round_.settings.gate.min_photos else None
    if mean is None or mean.member is None:
        return None
    sample = ValidationSample(len(truths), round_.plan.seed)
    found = _measure(round_, truths, mean, None, sample)
    decision = compare_with_served(
        found,
        _measure(round_, truths, _load(round_, served), served.id),
        [truth.group for truth in truths],
        project.classes.names,
        lane=round_.plan.lane,
        gate=round_.settings.gate,
        seed=round_.plan.seed,
    )
    chosen_meanwhile = project.models.served_before(1) != [served.id]
    # in the place of a mean as good is enough, as for every model; in that of a single one it must be better
    enough = renews and served_before == served
    if (
        chosen_meanwhile
        or not decision.promote
        or decision.provisional
        or not (enough or (decision.delta or 0) > 0)
    ):
        return None
    scores, temperature = evaluation_of(round_, found, truths), sample.temperature()
    main, member = mean.card["id"], mean.member.card["id"]
    card = {
        **mean.card,
        "parents": [main, member],
        "plan": {**mean.card["plan"], "edges": mean.edges},
        "temperature": round(temperature, 4),
        "worth": (weigh(list(sample.maps(temperature))) or UNKNOWN).to_dict(),
        "metrics": {**scores.headline(), "photos": scores.photos},
        "decision": f"the mean of models {main} and {member}, {decision.why}",
    }
    return _publish(round_, card, new)


def _mean_of(round_: RoundContext, new: Model, other: Model) -> Predictor | None:
    """Load both, the one that sees larger photos with the other in it; None where they cannot be averaged."""
    try:
        both = sorted((_load(round_, model) for model in (new, other)), key=lambda p: p.long_side or 0)
    except SkinsegError as error:
        round_.say(f"no average of models {new.id} and {other.id}: {error}")
        return None
    member, mean = both
    if mean.finds_boxes or member.finds_boxes or not 0 < (mean.long_side or 0) <= LARGEST:
        return None
    mean.member, mean.edges = member, mean.edges or member.edges
    mean.temperature = member.temperature = 1.0
    return mean


def _measure(
    round_: RoundContext,
    truths: Sequence[Truth],
    predictor: Predictor,
    model_id: str | None,
    sample: ValidationSample | None = None,
) -> Counts:
    return working_matrices(
        round_.project,
        WorkingPhotos(round_.project, predictor.long_side, round_.cache),
        truths,
        predictor,
        model_id=model_id,
        tick=lambda index: round_.report("validate", index, len(truths)),
        sample=sample,
    )


def _publish(round_: RoundContext, card: dict[str, Any], new: Model) -> Model:
    """Write the folder, register the model, and serve it."""
    project, (main, member) = round_.project, card["parents"]
    model_id = project.models.new_id()
    folder = project.models.folder(model_id)
    paths = [project.models.get(name).path for name in (main, member)]
    save_average(folder, paths[0], paths[1], {**card, "id": model_id})
    project.models.add(model_id, card["recipe"], new.lane, [main, member], card["metrics"], folder)
    project.models.trained_on(model_id, [item.revision_id for item in round_.record.items])
    project.models.record_decision(model_id, True, card["decision"])
    round_.say(card["decision"])
    return project.models.get(model_id)


def _newest_of_other_kind(models: list[Model], new: Model) -> Model | None:
    """Find the newest probe beside a network trained whole, or the other way round; no average."""
    kind = new.recipe == ProbeRecipe.name
    others = (found for found in models if (found.recipe == ProbeRecipe.name) != kind)
    return next((found for found in others if member_folder(found.path) is None), None)


def _load(round_: RoundContext, model: Model) -> Predictor:
    features = feature_cache(round_.project, round_.settings.probe.cache_bytes)
    return Predictor(model.path, round_.engine.device_name, features=features)
