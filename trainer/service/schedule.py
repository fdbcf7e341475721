"""Schedule of the trainer: its next step as a pure function of the catalog's state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from trainer.settings.plan import Lane

Action = Literal["resume", "train", "rest"]

PRETEXT = "colorization"
"""The recipe that learns from photos without masks."""
PROBE = "probe"
"""The recipe that learns in the seconds between two masks."""
GOING_ON = "going on with the interrupted round"
LEARNING_COLOURS = "learning the photos' colours, for a better start"


@dataclass(frozen=True)
class SchedulerState:
    """State of a project as far as the next step depends on it. Counts are of labelled train photos."""

    labels: int
    """Photos with truth."""
    towards_first: int
    """Labelled photos that count for the first model, one of another split at most."""
    labels_for_first: int
    """How many of them it waits for."""
    trained: bool
    """Whether the project's own recipe has made a model, or one of another origin is served."""
    new_labels: int
    """Truth that the last finished round of the project's recipe has not seen (all where there was none)."""
    labels_since_full: int
    """Truth that the last finished full round has not seen (all of it where there was none)."""
    full_after: int
    """So many of those make a full round worth its time."""
    rounds_since_labels: int
    """Finished fast rounds since the newest label, the one that first saw it included."""
    last_gain: float | None
    """Validation Dice of the last finished round minus the one before it; None: not comparable."""
    probes: bool = False
    """Whether heads are trained on the features of a pretrained network after each mask."""
    only_probes: bool = False
    """Whether that is the project's own recipe as well."""
    new_to_probe: int = 0
    """Truth that the last finished probe has not seen (all of it where there was none)."""
    taken_back: int = 0
    """Masks that it has learnt from and that were taken back."""
    interrupted_probe: str | None = None
    """Id of such a round that was begun and has no end."""
    interrupted: str | None = None
    """Id of a round of the project's recipe that was begun and has no end."""
    interrupted_lane: Lane = Lane.FAST
    interrupted_pretraining: str | None = None
    """The same of one that learns from photos without masks."""
    pretraining_due: bool = False
    """Whether starting weights from such photos are wanted, and not there."""
    train_now: Lane | None = None
    """The round a person asked for."""
    pretrain_now: bool = False
    """A person asked for starting weights, whether or not there are some."""
    wait: float = 0.0
    """Seconds to hold off after a round that failed."""


@dataclass(frozen=True)
class NextStep:
    """Next action of the trainer; `why` is the sentence shown to people."""

    action: Action
    why: str
    lane: Lane = Lane.FAST
    """Of the round, where there is one."""
    round_id: str | None = None
    recipe: str | None = None
    """None: the project's own."""


SMALLEST_GAIN = 0.005
MOST_ROUNDS_WITHOUT_NEW_LABELS = 10


def decide(now: SchedulerState) -> NextStep:
    """Choose between going on with a round, starting one, and resting.

    New labels come first: a probe, where there are weights for one, then a fast round, warm from the newest
    model of the project's recipe; then fast rounds as long as validation improves; then one full round, when
    enough labels came since the last; then rest. A round whose model was not promoted counts as having seen
    its labels: the same round is never run twice in hope of better luck. Rounds step aside for a probe, a
    full one for a fast one too, and are taken up again afterwards. Where the trainer would rest, it learns
    from photos without masks first, if that is due.
    """
    if now.pretrain_now and now.interrupted_pretraining is None:
        return NextStep("train", "asked for", Lane.FULL, recipe=PRETEXT)
    if now.pretrain_now:
        return NextStep("resume", "asked for", Lane.FULL, now.interrupted_pretraining, PRETEXT)
    next_step = _step_for_labels(now)
    # Pretraining only fills time in which nothing else would happen, and is no way around a back-off.
    if next_step.action != "rest" or now.wait > 0:
        return next_step
    if now.interrupted_pretraining is not None:
        return NextStep("resume", LEARNING_COLOURS, Lane.FULL, now.interrupted_pretraining, PRETEXT)
    if now.pretraining_due:
        return NextStep("train", LEARNING_COLOURS, Lane.FULL, recipe=PRETEXT)
    return next_step


def _step_for_labels(now: SchedulerState) -> NextStep:
    """Choose the next step from the labels alone; the order of the branches is their priority."""
    if now.wait > 0 and not now.train_now:
        return NextStep("rest", f"the last round failed; trying again in {now.wait:.0f} s")
    if now.labels == 0:
        return NextStep("rest", "waiting for the first mask")
    if now.interrupted_probe is not None:
        return NextStep("resume", GOING_ON, Lane.PROBE, now.interrupted_probe)
    if probe_is_due(now):
        why = _news(now.new_to_probe) if now.new_to_probe else "a mask was taken back"
        return NextStep("train", why, Lane.PROBE, recipe=PROBE)
    if now.only_probes and now.interrupted is None and not now.train_now:
        first = _wait_for_first(now) if now.new_to_probe else None
        return first or NextStep("rest", "nothing new to learn")
    going_on = NextStep("resume", GOING_ON, now.interrupted_lane, now.interrupted)
    # A fast round is short and its labels are waited for: finish it before anything newer is looked at.
    if now.interrupted is not None and now.interrupted_lane != Lane.FULL:
        return going_on
    if now.train_now:
        return NextStep("train", "asked for", lane=now.train_now)
    if not now.trained and (first := _wait_for_first(now)):
        return first
    if now.new_labels > 0:
        return NextStep("train", _news(now.new_labels), lane=Lane.FAST)
    # Only now a full round: it takes long, and new labels would have stopped it again.
    if now.interrupted is not None:
        return going_on
    # The first round on these labels has none to be compared with; a second tells whether more would help.
    if now.last_gain is None and now.rounds_since_labels == 1:
        return NextStep("train", "a second look at these labels", lane=Lane.FAST)
    if _improves(now):
        return NextStep("train", "validation still improves", lane=Lane.FAST)
    if now.labels_since_full >= now.full_after:
        return NextStep("train", f"{now.labels_since_full} labels since the last full round", lane=Lane.FULL)
    return NextStep("rest", "nothing new to learn")


def probe_is_due(now: SchedulerState) -> bool:
    """Tell whether a mask should be learnt from, or one taken back be forgotten, before any other round."""
    changed = now.new_to_probe > 0 or now.taken_back > 0
    return now.probes and changed and now.towards_first >= now.labels_for_first and now.wait <= 0


def _wait_for_first(now: SchedulerState) -> NextStep | None:
    missing = now.labels_for_first - now.towards_first
    if missing <= 0:
        return None
    return NextStep("rest", f"the first model comes after {missing} more photo{'' if missing == 1 else 's'}")


def _news(count: int) -> str:
    return f"{count} new label{'' if count == 1 else 's'}"


def _improves(now: SchedulerState) -> bool:
    few = now.rounds_since_labels < MOST_ROUNDS_WITHOUT_NEW_LABELS
    return few and now.last_gain is not None and now.last_gain > SMALLEST_GAIN
