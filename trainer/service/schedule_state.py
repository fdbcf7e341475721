"""State of the catalog as `schedule.decide` needs it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trainer.errors import ConfigError
from trainer.networks.published.folder import find_init
from trainer.project.states import RoundState
from trainer.service.schedule import MOST_ROUNDS_WITHOUT_NEW_LABELS, PRETEXT, PROBE, SchedulerState
from trainer.settings.plan import Lane

if TYPE_CHECKING:
    from trainer.project.models.trainer_channel import Round
    from trainer.project.project import Project


FAILURES = 2
"""So many failed pretrainings, or probes in a row, and the trainer does not begin another by itself."""


def read_scheduler_state(
    project: Project,
    train_now: Lane | None = None,
    wait: float = 0.0,
    device: str = "cpu",
) -> SchedulerState:
    """Read what `decide` needs; `train_now`, `wait` and `device` come from the running trainer."""
    counts = project.photos.counts()
    labels = counts.by_split.get("train", (0, 0))[1]
    towards_first = counts.towards_first
    if project.settings.review.approved_only:
        labels = project.models.untrained_labels(None)
        towards_first = min(towards_first, labels)
    rounds = sorted(project.trainer.rounds(), key=lambda r: r.started)
    finished = [r for r in rounds if r.model_id is not None]
    probed = [r for r in finished if r.recipe == PROBE]
    only_probes = project.settings.training.recipe == PROBE
    if not only_probes:
        finished = [r for r in finished if r.lane != Lane.PROBE]
    full = [r for r in finished if r.lane not in (Lane.FAST, Lane.PROBE)]
    served = project.models.served()
    new_labels = project.models.untrained_labels(finished[-1].model_id) if finished else labels
    tail = _rounds_on_these_labels(project, finished) if new_labels == 0 else []
    left = [r for r in rounds if r.ended is None]
    open_round = next((r for r in reversed(left) if r.recipe != PRETEXT and r.lane != Lane.PROBE), None)
    return SchedulerState(
        labels=labels,
        towards_first=towards_first,
        labels_for_first=project.settings.queue.first_model_after,
        trained=bool(finished) or (served is not None and served.lane != Lane.PROBE),
        new_labels=new_labels,
        labels_since_full=project.models.untrained_labels(full[-1].model_id) if full else labels,
        full_after=max(8, labels // 4),
        rounds_since_labels=len(tail),
        last_gain=_last_gain(tail, served.id if served else None),
        probes=_probes(project, rounds),
        only_probes=only_probes,
        new_to_probe=project.models.untrained_labels(probed[-1].model_id) if probed else labels,
        taken_back=project.models.learnt_and_taken_back(probed[-1].model_id) if probed else 0,
        interrupted_probe=next((r.id for r in reversed(left) if r.lane == Lane.PROBE), None),
        interrupted=open_round.id if open_round else None,
        interrupted_lane=open_round.lane if open_round else Lane.FAST,
        interrupted_pretraining=next((r.id for r in reversed(left) if r.recipe == PRETEXT), None),
        pretraining_due=_pretraining_due(project, rounds, device),
        train_now=train_now,
        wait=wait,
    )


def _probes(project: Project, rounds: list[Round]) -> bool:
    """Tell whether heads can be trained after each mask: wanted, with weights at hand, and not failing."""
    options = project.settings.probe
    if not options.automatic:
        return False
    tried = [r for r in rounds if r.recipe == PROBE and r.ended is not None][-FAILURES:]
    if len(tried) == FAILURES and all(r.state == RoundState.FAILED for r in tried):
        return False
    from trainer.features.backbones import NONE, choose_backbone  # loads torch, which only the trainer has

    try:  # without weights the features learn too little for a suggestion after a few masks
        return choose_backbone(options.backbone, project.path / "pretrained") is not NONE
    except ConfigError:  # asked for by name, and not at hand
        return False


def _pretraining_due(project: Project, rounds: list[Round], device: str) -> bool:
    """Tell whether colorization weights would be used, can be made here, and are not there yet."""
    settings, training = project.settings.colorization, project.settings.training
    if not settings.automatic or training.init not in ("auto", "colorization"):
        return False
    if project.photos.counts().by_split.get("train", (0, 0))[0] < settings.automatic_photos:
        return False
    if sum(r.recipe == PRETEXT and r.state == RoundState.FAILED for r in rounds) >= FAILURES:
        return False
    from trainer.networks.encoders import encoder_for  # loads torch, which only the running trainer has

    encoder, pretrained = encoder_for(device.partition(":")[0], training.encoder), project.path / "pretrained"
    made = pretrained / f"{PRETEXT}-{encoder}.safetensors"
    return not made.is_file() and find_init(encoder, pretrained) is None


def _rounds_on_these_labels(project: Project, finished: list[Round]) -> list[Round]:
    """List the newest rounds that saw all of today's truth, newest last; a full one ends the list."""
    tail: list[Round] = []
    for round_ in reversed(finished):
        if round_.model_id is None or project.models.untrained_labels(round_.model_id) > 0:
            break
        tail.insert(0, round_)
        if round_.lane != Lane.FAST or len(tail) >= MOST_ROUNDS_WITHOUT_NEW_LABELS:
            break
    return tail


def _last_gain(tail: list[Round], served: str | None) -> float | None:
    """Compute the validation Dice gained by the last round; 0 if rejected or full, None if not comparable."""
    if not tail:
        return None
    last = tail[-1]
    if last.model_id != served or last.lane != Lane.FAST:
        return 0.0
    if len(tail) < 2:
        return None
    now, before = last.metrics.get("dice9"), tail[-2].metrics.get("dice9")
    return None if now is None or before is None else float(now) - float(before)
