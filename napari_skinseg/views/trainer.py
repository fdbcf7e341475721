"""State of the Trainer dock, resolved from the project's rows without Qt."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from napari_skinseg.session.status import model_number
from trainer.project.states import ModelDecision
from trainer.service.process import trainer_liveness
from trainer.service.schedule import PRETEXT
from trainer.settings.plan import Lane

if TYPE_CHECKING:
    from pathlib import Path

    from trainer.project.models.models import Model
    from trainer.project.models.trainer_channel import Round, TrainerState
    from trainer.project.project import Project

Metrics = Mapping[str, Any]
"""Scores of a model as `model.json` has them."""
UNSERVED = (ModelDecision.KEPT_OLD, None)
STOPPED, DIED = "stopped", "died"
PICTURE_CAPTIONS = {
    PRETEXT: "top to bottom: gray, coloured by the network, real",
    "fpn": "a test photo, and how sure the network is of its classes",
}
BUSY = {"training", "validating", "predicting", "scoring", "starting"}
LANE_WORDS = {
    Lane.PROBE: "quick look at your last masks",
    Lane.FAST: "quick training",
    Lane.FULL: "full training",
    Lane.BATCH: "full training by command",
}
"""Kinds of a round, in the words of the settings."""
STATE_WORDS = {"validating": "checking on photos kept aside", "predicting": "looking at photos"}
"""States whose own names are a programmer's."""


@dataclass(frozen=True)
class ClassDice:
    """Validation Dice of one class, and its change since the model before."""

    name: str
    colour: str
    dice: float | None
    change: float | None

    @property
    def arrow(self) -> str:
        """``▲`` or ``▼`` for a change of a hundredth or more, else nothing."""
        if self.change is None or abs(self.change) < 0.005:
            return ""
        return "▲" if self.change > 0 else "▼"


@dataclass(frozen=True)
class RoundPoint:
    """Point of the round plot, one model: macro Dice, Dice by class, and whether it was served."""

    model_id: str
    macro: float | None
    per_class: tuple[float | None, ...]
    served: bool


@dataclass(frozen=True)
class TrainerView:
    """The resolved state of the Trainer dock."""

    state: str
    """``stopped`` · ``died`` · ``resting`` · ``training`` · ``paused`` …"""
    light: str
    """``good`` · ``busy`` · ``warn`` · ``off``: the colour of the dot."""
    line: str
    """What runs, time left, step, device: one line."""
    exact: str
    """State, kind of the round and its number, as the trainer calls them."""
    served: str
    decision: str
    """Decision of the last gate with its reason, in one sentence."""
    running: bool
    paused: bool
    heartbeat: str
    points: tuple[RoundPoint, ...]
    classes: tuple[ClassDice, ...]
    round_id: str | None
    """The round that runs now, or ran last."""
    round_number: int
    recipe: str = ""
    """Of that round."""
    picture: Path | None = None
    """Picture that the round draws of its work."""

    @property
    def pretext(self) -> bool:
        """Whether the round makes starting weights: no model, no validation."""
        return self.recipe == PRETEXT and self.running

    def picture_caption(self, step: int) -> str:
        """Return the caption of the picture of a round that has got to `step`."""
        caption = PICTURE_CAPTIONS.get(self.recipe, self.recipe)
        return f"{caption}, step {step:,}" if step else caption

    @property
    def died(self) -> bool:
        """Whether it ended, or fell silent, without a last message."""
        return self.state == DIED


def macro_dice(metrics: Metrics) -> float | None:
    """Return the macro Dice over all classes from a model's metrics, or None before validation."""
    val = metrics.get("val", metrics)
    for key in ("dice9", "dice_macro", "dice"):
        if isinstance(val, Mapping) and val.get(key) is not None:
            return float(val[key])
    return None


def class_dice(metrics: Metrics, name: str) -> float | None:
    """Return the Dice of one class from a model's metrics, or None where the class was not seen."""
    val = metrics.get("val", metrics)
    value = (val.get("per_class") or {}).get(name) if isinstance(val, Mapping) else None
    if isinstance(value, Mapping):
        value = value.get("dice")
    return None if value is None else float(value)


def dice_by_class(
    names: tuple[str, ...], colours: tuple[str, ...], now: Metrics, before: Metrics
) -> tuple[ClassDice, ...]:
    """Return the Dice of each class in `now` and its change since `before`."""
    rows = []
    for name, colour in zip(names, colours, strict=True):
        dice, old = class_dice(now, name), class_dice(before, name)
        change = dice - old if dice is not None and old is not None else None
        rows.append(ClassDice(name, colour, dice, change))
    return tuple(rows)


def status_line(now: TrainerState, round_number: int | None) -> str:
    """Write ``quick training 14 · 9 s left · step 180 of 300 · cuda:0``; a round's message leads.

    A narrow window cuts the end off: what runs and how long it takes come first.
    """
    busy_with = now.message if now.state == "training" else ""
    in_round = round_number if now.state in BUSY else None
    named = round_words(now.lane, in_round) if in_round else ""
    told_by_name = named and now.state == "training"
    return " · ".join(
        filter(
            None,
            (
                busy_with or ("" if told_by_name else STATE_WORDS.get(now.state, now.state)),
                named,
                f"{duration_text(now.seconds_left)} left"
                if now.seconds_left is not None and now.state == "training"
                else "",
                "" if busy_with else now.message,
                f"step {now.step} of {now.steps}" if in_round and now.steps else "",
                now.device,
            ),
        )
    )


def round_words(lane: str | None, number: int) -> str:
    """Name a round for people: ``quick training 14``; a look at the last masks bears no number."""
    words = LANE_WORDS[Lane(lane)] if lane in set(Lane) else "training"
    return words if lane == Lane.PROBE else f"{words} {number}"


def exact_line(now: TrainerState, round_number: int | None) -> str:
    """Write ``validating, fast round 14`` for who knows the trainer's own words."""
    in_round = round_number if now.state in BUSY else None
    return ", ".join(
        filter(None, (now.state, f"{now.lane or ''} round {in_round}".strip() if in_round else ""))
    )


def duration_text(value: float) -> str:
    """Write a duration in seconds as ``9 s``, ``4 min``, ``2 h``, ``3 days``."""
    if value < 100:
        return f"{value:.0f} s"
    if value < 5400:
        return f"{value / 60:.0f} min"
    return f"{value / 3600:.0f} h" if value < 172800 else f"{value / 86400:.0f} days"


def resolve_trainer(project: Project) -> TrainerView:
    """Resolve the trainer's row, the models and the rounds into the state of the Trainer dock."""
    names, colours = project.classes.names, project.classes.colours
    last, served = project.trainer.state(), project.models.served()
    age = last.age if last else None
    alive = last if trainer_liveness(project) == "running" else None
    models = sorted(project.models.all(), key=lambda model: model.created)
    rounds = sorted(project.trainer.rounds(), key=lambda r: r.started)
    numbers = {r.id: number for number, r in enumerate(rounds, start=1)}
    before = [m for m in models if served and m.created < served.created and m.decision not in UNSERVED]
    state = alive.state if alive else STOPPED if last is None or last.state == STOPPED else DIED
    newest = rounds[-1].id if rounds else None
    drawn = alive.round if alive is not None and alive.round in numbers else newest
    return TrainerView(
        state=state,
        light=light_of(state),
        line=status_line(alive, numbers.get(alive.round or "")) if alive else stopped_line(state, age),
        exact=exact_line(alive, numbers.get(alive.round or "")) if alive else "",
        served=served_sentence(served.id, macro_dice(served.metrics)) if served else "no model yet",
        decision=decision_sentence(models[-1]) if models else "",
        running=alive is not None,
        paused=state == "paused",
        heartbeat="" if age is None else f"last sign of life {duration_text(age)} ago",
        points=tuple(round_point(model, names) for model in models),
        classes=dice_by_class(
            names, colours, served.metrics if served else {}, before[-1].metrics if before else {}
        ),
        round_id=drawn,
        round_number=numbers.get(drawn or "", 0),
        recipe=next((r.recipe for r in rounds if r.id == drawn), ""),
        picture=picture_of(project, next((r for r in rounds if r.id == drawn), None)),
    )


def picture_of(project: Project, round_: Round | None) -> Path | None:
    """Return the path of the picture that a round has drawn; None where it has drawn none yet."""
    if round_ is None:
        return None
    path = project.path / "panels" / f"{round_.recipe}.png"
    try:
        drawn = path.stat().st_mtime  # a round may bear a time of the future, where the clock was put back
        return path if drawn >= round_.started or round_.started > time.time() else None
    except OSError:
        return None


def light_of(state: str) -> str:
    """Return the colour of the dot for a state: ``good`` · ``busy`` · ``warn`` · ``off``."""
    if state == STOPPED:
        return "off"
    return "warn" if state in ("paused", "failed", DIED) else "busy" if state in BUSY else "good"


def stopped_line(state: str, age: float | None) -> str:
    """Say why nothing moves, and what helps."""
    if age is None:
        return "trainer not started yet: Start it and it learns from every mask you save"
    died = f"the trainer died, last seen {duration_text(age)} ago: Restart it"
    return died if state == DIED else "trainer stopped"


def served_sentence(model_id: str, dice: float | None) -> str:
    """Write ``suggestions by model 13 (agreement 0.83)``."""
    agreement = "" if dice is None else f" (agreement {dice:.2f})"
    return f"suggestions by model {model_number(model_id)}{agreement}"


def decision_sentence(model: Model) -> str:
    """Write ``model 14: served: agreement 0.71 -> 0.74``: the reason holds the verdict."""
    return f"model {model_number(model.id)}: {plain(model.why)}" if model.decision and model.why else ""


def plain(why: str) -> str:
    """Say the reason of a decision without its measure's name: what it measures is agreement with people."""
    agreed = why.replace("validation Dice", "agreement").replace("Dice", "agreement")
    return agreed.replace("to replace a probe", "to replace a quick model")


def round_point(model: Model, names: tuple[str, ...]) -> RoundPoint:
    """Return one model as a point of the round plot."""
    per_class = tuple(class_dice(model.metrics, name) for name in names)
    return RoundPoint(model.id, macro_dice(model.metrics), per_class, model.decision not in UNSERVED)
