"""The channel between window and trainer: commands one way; state, curves and rounds the other."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from trainer.errors import ProjectError
from trainer.project.catalog.clock import next_time, shared_time
from trainer.project.catalog.schema import command, curve, round_, trainer
from trainer.project.states import CommandKind, RoundState
from trainer.settings.plan import Lane

if TYPE_CHECKING:
    from trainer.project.catalog.store import Store

__all__ = ["Command", "Round", "TrainerChannel", "TrainerState"]


Metrics = Mapping[str, Any]
"""Scores of a round or model as they are stored in JSON, some nested: see `training.candidate`."""


@dataclass(frozen=True)
class Command:
    """A request to the trainer; `acknowledged` is the time at which it took note, None before."""

    id: int
    kind: str
    args: Mapping[str, object]
    by: str
    created: float
    acknowledged: float | None
    result: str


@dataclass(frozen=True)
class TrainerState:
    """The trainer's last description of itself."""

    heartbeat: float
    pid: int | None = None
    host: str | None = None
    state: str = "starting"
    device: str | None = None
    round: str | None = None
    lane: str | None = None
    step: int | None = None
    steps: int | None = None
    seconds_left: float | None = None
    message: str = ""
    started: float | None = None
    served: str | None = None
    ahead: float = 0.0
    """Seconds by which the clock of the heartbeat is ahead of this machine's."""

    @property
    def beat_at(self) -> float:
        """Time of its last sign of life by this machine's clock."""
        return self.heartbeat - self.ahead

    @property
    def age(self) -> float:
        """Seconds since its last sign of life."""
        return max(0.0, time.time() - self.beat_at)


_FIELDS = frozenset(field.name for field in fields(TrainerState)) - {"heartbeat", "ahead"}


@dataclass(frozen=True)
class Round:
    """One round of training. `state` is `RUNNING` until it is finished."""

    id: str
    lane: Lane
    recipe: str
    started: float
    ended: float | None
    state: RoundState
    model_id: str | None
    metrics: Metrics
    why: str


class TrainerChannel:
    """Commands to the trainer, and its state, rounds and curves."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def send(self, kind: CommandKind, by: str, **args: str) -> int:
        """Ask the trainer for something; returns the command's id."""
        with self._store.catalog.write() as connection:
            done = connection.execute(
                sa.insert(command).values(
                    kind=kind, by=by, args=args, created=shared_time(connection), result=""
                )
            )
            self._store.events.write(connection, "command", by, None, command=kind, **args)
        assert done.inserted_primary_key is not None
        return int(done.inserted_primary_key[0])

    def pending(self) -> list[Command]:
        """Commands that the trainer has not taken note of, in order."""
        query = sa.select(command).where(command.c.acknowledged.is_(None)).order_by(command.c.id)
        with self._store.catalog.read() as connection:
            return [Command(**row) for row in connection.execute(query).mappings()]

    def acknowledge(self, command_id: int, result: str = "") -> None:
        """Take note of a command with its result."""
        with self._store.catalog.write() as connection:
            now = shared_time(connection)
            connection.execute(
                sa.update(command)
                .where(command.c.id == command_id)
                .values(acknowledged=sa.func.coalesce(command.c.acknowledged, now), result=result)
            )

    def command(self, command_id: int) -> Command:
        """One command by its id.

        Raises
        ------
        ProjectError
            If there is none.
        """
        with self._store.catalog.read() as connection:
            row = (
                connection.execute(sa.select(command).where(command.c.id == command_id))
                .mappings()
                .one_or_none()
            )
        if row is None:
            raise ProjectError(f"{self._store.path}: there is no command {command_id}")
        return Command(**row)

    def write_state(self, **changes: Any) -> None:
        """Change fields of the trainer's state; each call is a sign of life.

        Parameters
        ----------
        **changes
            Fields of `TrainerState`; those not named stay. `heartbeat` is now unless given.

        Raises
        ------
        TypeError
            If a field is not one of the state's.
        """
        heartbeat = changes.pop("heartbeat", None)
        if unknown := set(changes) - _FIELDS:
            raise TypeError(f"the trainer's state has no field {', '.join(sorted(unknown))}")
        with self._store.catalog.write() as connection:
            before = connection.execute(sa.select(trainer.c.fields).where(trainer.c.id == 1)).scalar()
            beat = shared_time(connection) if heartbeat is None else float(heartbeat)
            row = {"id": 1, "heartbeat": beat, "fields": {**(before or {}), **changes}}
            connection.execute(
                self._store.catalog.insert(trainer)
                .values(row)
                .on_conflict_do_update(index_elements=["id"], set_=row)
            )

    def state(self) -> TrainerState | None:
        """Return the trainer's last description of itself; None if there never was one."""
        with self._store.catalog.read() as connection:
            row = connection.execute(sa.select(trainer).where(trainer.c.id == 1)).one_or_none()
            if row is None:
                return None
            # A newer trainer may say more, and one that is damaged less.
            said = row.fields if isinstance(row.fields, Mapping) else {}
            known = {name: value for name, value in said.items() if name in _FIELDS and value is not None}
            ahead = shared_time(connection) - time.time()
            return TrainerState(heartbeat=float(row.heartbeat), ahead=ahead, **known)

    def start_round(self, round_id: str, lane: Lane, recipe: str) -> Round:
        """Note that a round begins, or goes on after a crash."""
        row: dict[str, object] = {
            "id": round_id,
            "lane": lane,
            "recipe": recipe,
            "state": RoundState.RUNNING,
            "metrics": {},
            "why": "",
        }
        with self._store.catalog.write() as connection:
            row["started"] = next_time(connection, round_.c.started)
            connection.execute(
                self._store.catalog.insert(round_)
                .values(row)
                .on_conflict_do_update(
                    index_elements=["id"], set_={"state": RoundState.RUNNING, "ended": None}
                )
            )
        return self.round(round_id)

    def finish_round(
        self,
        round_id: str,
        state: RoundState = RoundState.DONE,
        model_id: str | None = None,
        metrics: Metrics | None = None,
        why: str = "",
    ) -> None:
        """Note how a round ended: `state` is `DONE`, `STOPPED` or `FAILED`."""
        with self._store.catalog.write() as connection:
            connection.execute(
                sa.update(round_)
                .where(round_.c.id == round_id)
                .values(
                    ended=_not_before(round_.c.started, shared_time(connection)),
                    state=state,
                    model_id=model_id,
                    metrics=dict(metrics or {}),
                    why=why,
                )
            )
            self._store.events.write(
                connection, "round", "trainer", round=round_id, state=state, model=model_id, why=why
            )

    def round(self, round_id: str) -> Round:
        """One round by its id.

        Raises
        ------
        ProjectError
            If there is none.
        """
        with self._store.catalog.read() as connection:
            row = (
                connection.execute(sa.select(round_).where(round_.c.id == round_id)).mappings().one_or_none()
            )
        if row is None:
            raise ProjectError(f"{self._store.path}: there is no training round {round_id!r}")
        with self._store.catalog.understood():
            return _round(row)

    def rounds(self, limit: int | None = None) -> list[Round]:
        """All rounds, the latest first."""
        query = sa.select(round_).order_by(round_.c.started.desc(), round_.c.id.desc()).limit(limit)
        with self._store.catalog.read() as connection:
            return [_round(row) for row in connection.execute(query).mappings()]

    def log_curve(self, round_id: str, step: int, values: Mapping[str, float]) -> None:
        """Add one point to each named curve of a round; what is not a number is left out."""
        rows = [
            {"round_id": round_id, "step": int(step), "name": name, "value": float(value)}
            for name, value in values.items()
            if math.isfinite(value)
        ]
        if rows:
            insert = self._store.catalog.insert(curve)
            with self._store.catalog.write() as connection:
                connection.execute(
                    insert.on_conflict_do_update(
                        index_elements=["round_id", "step", "name"], set_={"value": insert.excluded.value}
                    ),
                    rows,
                )

    def curve(self, round_id: str, since_step: int = 0) -> dict[str, list[tuple[int, float]]]:
        """Curves of a round from a step on: (step, value) under each name, by step."""
        query = sa.select(curve.c.name, curve.c.step, curve.c.value)
        query = query.where(curve.c.round_id == round_id, curve.c.step >= since_step).order_by(curve.c.step)
        found: dict[str, list[tuple[int, float]]] = {}
        with self._store.catalog.read() as connection:
            for name, step, value in connection.execute(query):
                found.setdefault(name, []).append((step, value))
        return found


def _not_before(column: sa.Column[float], at: float) -> sa.ColumnElement[float]:
    """Return a time, or the row's own `column` where a clock that was put back says less."""
    return sa.case((column > at, column), else_=at)


def _round(row: sa.RowMapping) -> Round:
    return Round(**{**row, "lane": Lane(row["lane"]), "state": RoundState(row["state"])})
