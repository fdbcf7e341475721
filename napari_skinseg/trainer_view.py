"""What the Trainer dock shows, worked out from the project's rows. No Qt: a pure reading, easy to test."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from napari_skinseg.annotate_view import plural, short

if TYPE_CHECKING:
    from trainer.project import Project

STALE_SECONDS = 4.0
BUSY = {"training", "validating", "predicting", "scoring", "starting"}


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
    """One model on the round plot: macro Dice, Dice by class, and whether it was served."""

    model_id: str
    macro: float | None
    per_class: tuple[float | None, ...]
    served: bool
    lane: str


@dataclass(frozen=True)
class TrainerView:
    """The resolved state of the Trainer dock."""

    state: str
    """``stopped`` · ``resting`` · ``training`` · ``paused`` …"""
    light: str
    """``good`` · ``busy`` · ``warn`` · ``off``: the colour of the dot."""
    line: str
    """State, device, round, step, time left: one line."""
    served: str
    decision: str
    """What the last gate decided, and why, in one sentence."""
    running: bool
    paused: bool
    progress: float | None
    """Share of the round done, 0 to 1."""
    heartbeat: str
    points: tuple[RoundPoint, ...]
    classes: tuple[ClassDice, ...]
    round_id: str | None


def macro_dice(metrics: Mapping[str, Any]) -> float | None:
    """Macro Dice over all classes from a model's metrics, or None before validation."""
    val = metrics.get("val", metrics)
    for key in ("dice9", "dice_macro", "dice"):
        if isinstance(val, Mapping) and val.get(key) is not None:
            return float(val[key])
    return None


def class_dice(metrics: Mapping[str, Any], name: str) -> float | None:
    """Dice of one class from a model's metrics, or None where the class was not seen."""
    val = metrics.get("val", metrics)
    value = (val.get("per_class") or {}).get(name) if isinstance(val, Mapping) else None
    if isinstance(value, Mapping):
        value = value.get("dice")
    return None if value is None else float(value)


def dice_by_class(
    names: tuple[str, ...], colours: tuple[str, ...], now: Mapping[str, Any], before: Mapping[str, Any]
) -> tuple[ClassDice, ...]:
    """Each class's Dice in `now` and its change since `before`."""
    rows = []
    for name, colour in zip(names, colours, strict=True):
        dice, old = class_dice(now, name), class_dice(before, name)
        change = dice - old if dice is not None and old is not None else None
        rows.append(ClassDice(name, colour, dice, change))
    return tuple(rows)


def status_line(
    state: str, device: str, lane: str, round_name: str, step: int, steps: int, left: float | None
) -> str:
    """``training · cuda:0 · round 14, step 180 of 300 · 9 s left``."""
    parts = [state, device]
    if round_name:
        place = f", step {step} of {steps}" if steps else ""
        parts.append(f"{lane + ' ' if lane else ''}round {short(round_name)}{place}")
    if left is not None and state == "training":
        parts.append(f"{seconds(left)} left")
    return " · ".join(part for part in parts if part)


def seconds(value: float) -> str:
    """``9 s``, ``4 min``, ``2 h``, ``3 days``."""
    if value < 100:
        return f"{value:.0f} s"
    if value < 5400:
        return f"{value / 60:.0f} min"
    return f"{value / 3600:.0f} h" if value < 172800 else f"{value / 86400:.0f} days"


def resolve_trainer(project: Project) -> TrainerView:
    """Read the trainer's row, the models and the rounds into the words of the Trainer dock."""
    names, colours = project.classes.names, project.classes.colours
    now, served = project.trainer_state(), project.served()
    models = sorted(project.models(), key=lambda model: model.created)
    age = now.age if now else None
    running = age is not None and age < STALE_SECONDS and now is not None and now.state != "stopped"
    state = str(now.state) if running and now else "stopped"
    steps, step = (now.steps or 0, now.step or 0) if running and now else (0, 0)
    line = (
        status_line(state, now.device or "", now.lane or "", now.round or "", step, steps, now.seconds_left)
        if running and now
        else stopped_line(age)
    )
    before = [
        model for model in models if served and model.created < served.created and model.decision == "served"
    ]
    rounds = project.rounds()
    return TrainerView(
        state=state,
        light="off" if not running else {"paused": "warn"}.get(state, "busy" if state in BUSY else "good"),
        line=f"{line} · {now.message}" if running and now and now.message else line,
        served=served_sentence(served.id, macro_dice(served.metrics)) if served else "no model yet",
        decision=decision_sentence(models[-1]) if models else "",
        running=running,
        paused=state == "paused",
        progress=step / steps if steps and state == "training" else None,
        heartbeat="" if age is None else f"seen {seconds(age)} ago",
        points=tuple(round_point(model, names) for model in models),
        classes=dice_by_class(
            names, colours, served.metrics if served else {}, before[-1].metrics if before else {}
        ),
        round_id=max(rounds, key=lambda r: r.started).id if rounds else None,
    )


def stopped_line(age: float | None) -> str:
    """Why nothing moves, in words."""
    if age is None:
        return "trainer not started yet: Start it and it learns from every mask you save"
    return f"trainer not running, last seen {seconds(age)} ago"


def served_sentence(model_id: str, dice: float | None) -> str:
    """``model 13 served (Dice 0.83)``."""
    return f"model {short(model_id)} served" + ("" if dice is None else f" (Dice {dice:.2f})")


def decision_sentence(model: Any) -> str:
    """``model 14 promoted: …`` or ``kept the old one, model 14 …``."""
    if not model.decision:
        return ""
    verb = {"served": "promoted", "kept old": "not served, kept the old one", "provisional": "served for now"}
    why = f": {model.why}" if model.why else ""
    return f"model {short(model.id)} {verb.get(model.decision, model.decision)}{why}"


def round_point(model: Any, names: tuple[str, ...]) -> RoundPoint:
    """One model as a point of the round plot."""
    per_class = tuple(class_dice(model.metrics, name) for name in names)
    return RoundPoint(
        model.id, macro_dice(model.metrics), per_class, model.decision != "kept old", model.lane
    )


def count(n: int, noun: str) -> str:
    """``3 photos``."""
    return f"{n:,} {plural(noun, n)}"
