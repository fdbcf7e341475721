"""Trained models: their origin, the one that is served, and the reasons."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from trainer.errors import ProjectError
from trainer.project.catalog.clock import next_time
from trainer.project.catalog.schema import learnt, model, photo, revision, serving
from trainer.project.review.verdicts import is_approved
from trainer.project.states import ModelDecision, PhotoState, ServingChange
from trainer.settings.plan import Lane

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from trainer.project.catalog.store import Store
    from trainer.project.models.trainer_channel import Metrics

__all__ = ["GATE", "PRUNED", "Model", "Models"]

GATE = "gate"
"""Name under which the gate serves a model, beside those of people."""

PRUNED = "pruned"
"""File in the folder of a model whose other files were removed."""


@dataclass(frozen=True)
class Model:
    """One trained model. `decision` is None until the gate has decided."""

    id: str
    recipe: str
    lane: Lane
    created: float
    metrics: Metrics
    decision: ModelDecision | None
    why: str | None
    parents: tuple[str, ...]
    path: Path


class Models:
    """Models and the record of the one that is served."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def new_id(self) -> str:
        """Return a short id that no model has, as "0001"."""
        with self._store.catalog.read() as connection:
            ids = connection.execute(sa.select(model.c.id)).scalars().all()
        folders = self._store.path / "models"
        names = [*ids, *(entry.name for entry in folders.glob("*"))]
        return f"{max((int(name) for name in names if re.fullmatch('[0-9]+', name)), default=0) + 1:04d}"

    def folder(self, model_id: str) -> Path:
        """Folder of a model's weights and description; need not exist yet."""
        return self._store.path / "models" / model_id

    def add(
        self,
        model_id: str,
        recipe: str,
        lane: Lane,
        parents: Sequence[str] = (),
        metrics: Metrics | None = None,
        path: Path | None = None,
    ) -> Model:
        """Register a model whose folder is written.

        Parameters
        ----------
        model_id : str
            From `new_id`.
        recipe : str
        lane : Lane
            Of the round that trained it.
        parents : sequence of str
            Models whose weights it began from.
        metrics : mapping, optional
            Its scores on the validation photos, plain Python.
        path : Path, optional
            Its folder; `folder` by default.
        """
        place = self.folder(model_id) if path is None else Path(path)
        if place.is_relative_to(self._store.path):
            place = place.relative_to(self._store.path)
        with self._store.catalog.write(durable=True) as connection:
            connection.execute(
                sa.insert(model).values(
                    id=model_id,
                    recipe=recipe,
                    lane=lane,
                    parents=list(parents),
                    metrics=dict(metrics or {}),
                    path=place.as_posix(),
                    created=next_time(connection, model.c.created),
                )
            )
            self._store.events.write(connection, "model", "trainer", model=model_id, recipe=recipe, lane=lane)
        return self.get(model_id)

    def get(self, model_id: str) -> Model:
        """One model by its id.

        Raises
        ------
        ProjectError
            If there is none.
        """
        with self._store.catalog.read() as connection:
            query = sa.select(model).where(model.c.id == model_id)
            row = connection.execute(query).mappings().one_or_none()
            found = None if row is None else self._model(row)
        if found is None:
            known = ", ".join(other.id for other in self.all()[:8]) or "none yet"
            raise ProjectError(f"{self._store.path}: there is no model {model_id!r}; there are: {known}")
        return found

    def all(self) -> list[Model]:
        """All models, the latest first."""
        query = sa.select(model).order_by(model.c.created.desc(), model.c.id.desc())
        with self._store.catalog.read() as connection:
            return [self._model(row) for row in connection.execute(query).mappings()]

    def _model(self, row: sa.RowMapping) -> Model:
        decision = row["decision"]
        return Model(
            id=row["id"],
            recipe=row["recipe"],
            lane=Lane(row["lane"]),
            created=float(row["created"]),
            metrics=row["metrics"] if isinstance(row["metrics"], dict) else {},
            decision=None if decision is None else ModelDecision(decision),
            why=row["why"],
            parents=tuple(row["parents"]),
            path=self._store.path / row["path"],
        )

    def served(self) -> Model | None:
        """Return the model whose predictions annotators see."""
        with self._store.catalog.read() as connection:
            stack = self._serving(connection)
        return self.get(stack[-1]) if stack else None

    def chosen_by(self) -> str | None:
        """Return who had the served model served: a person, or the gate; None: nothing is served."""
        with self._store.catalog.read() as connection:
            last = sa.select(serving.c.by).order_by(serving.c.id.desc()).limit(1)
            return connection.execute(last).scalar()

    def served_before(self, count: int) -> list[str]:
        """Return the ids of the models that were served last, the served one first."""
        with self._store.catalog.read() as connection:
            return self._serving(connection)[::-1][:count]

    def promote(self, model_id: str, why: str, by: str, provisional: bool = False) -> Model:
        """Serve a model from now on; the one before can be rolled back to.

        Raises
        ------
        ProjectError
            If there is no such model, or its files were removed.
        """
        if (self.get(model_id).path / PRUNED).is_file():
            raise ProjectError(
                f"{self._store.path}: the files of model {model_id} were removed by skinseg models prune: "
                "serve another, or put its folder back from a backup"
            )
        with self._store.catalog.write(durable=True) as connection:
            decision = ModelDecision.PROVISIONAL if provisional else ModelDecision.SERVED
            self._serve(connection, model_id, ServingChange.PROMOTE, why, by, decision)
        return self.get(model_id)

    def record_decision(self, model_id: str, promoted: bool, why: str, provisional: bool = False) -> None:
        """Record the gate's decision on a model, and serve it if it was promoted.

        Raises
        ------
        ProjectError
            If there is no such model.
        """
        if promoted:
            served = self.served()
            if served is None or served.id != model_id:
                self.promote(model_id, why, GATE, provisional)
            return
        self.get(model_id)
        with self._store.catalog.write(durable=True) as connection:
            connection.execute(
                sa.update(model)
                .where(model.c.id == model_id)
                .values(decision=ModelDecision.KEPT_OLD, why=why)
            )
            self._store.events.write(connection, ModelDecision.KEPT_OLD, GATE, model=model_id, why=why)

    def rollback(self, by: str) -> Model:
        """Serve the model before the current one; done twice it goes two back.

        Raises
        ------
        ProjectError
            If nothing was served before.
        """
        with self._store.catalog.write(durable=True) as connection:
            stack = self._serving(connection)
            if len(stack) < 2:
                raise ProjectError("there is no earlier model to go back to")
            why = f"rolled back from {stack[-1]}"
            self._serve(connection, stack[-2], ServingChange.ROLLBACK, why, by, ModelDecision.SERVED)
        return self.get(stack[-2])

    def _serving(self, connection: sa.Connection) -> list[str]:
        """Return served models as a stack: a promotion lies on top of what it replaced."""
        stack: list[str] = []
        for row in connection.execute(sa.select(serving).order_by(serving.c.id)):
            if row.kind == ServingChange.ROLLBACK:
                stack.pop()
            elif not stack or stack[-1] != row.model_id:
                stack.append(row.model_id)
        return stack

    def _serve(
        self,
        connection: sa.Connection,
        model_id: str,
        kind: ServingChange,
        why: str,
        by: str,
        decision: ModelDecision,
    ) -> None:
        now = time.time()
        replaced = sa.and_(
            model.c.decision.in_((ModelDecision.SERVED, ModelDecision.PROVISIONAL)), model.c.id != model_id
        )
        connection.execute(sa.update(model).where(replaced).values(decision=ModelDecision.REPLACED))
        connection.execute(sa.update(model).where(model.c.id == model_id).values(decision=decision, why=why))
        connection.execute(
            sa.insert(serving).values(model_id=model_id, kind=kind, why=why, by=by, created=now)
        )
        self._store.events.write(connection, kind, by, model=model_id, why=why)

    def trained_on(self, model_id: str, revision_ids: Iterable[str]) -> None:
        """Record the mask revisions that a model has learnt from."""
        rows = [{"model_id": model_id, "revision_id": revision_id} for revision_id in revision_ids]
        if rows:
            with self._store.catalog.write() as connection:
                connection.execute(self._store.catalog.insert(learnt).on_conflict_do_nothing(), rows)

    def untrained_labels(self, model_id: str | None) -> int:
        """Count training photos with a mask that a model (None: no model) has not learnt from and may."""
        query = (
            sa.select(sa.func.count())
            .select_from(photo.join(revision, revision.c.id == photo.c.head))
            .where(photo.c.head.is_not(None), photo.c.split == "train", photo.c.state != PhotoState.BROKEN)
            .where(revision.c.truth_pixels > 0)
        )
        if self._store.settings.review.approved_only:
            query = query.where(is_approved(revision.c.id))
        if model_id is not None:
            known = sa.exists().where(learnt.c.model_id == model_id, learnt.c.revision_id == revision.c.id)
            query = query.where(~known)
        with self._store.catalog.read() as connection:
            return int(connection.execute(query).scalar_one())

    def learnt_and_taken_back(self, model_id: str | None) -> int:
        """Count training photos whose mask a model (None: no model) has learnt from, and have none now."""
        query = (
            sa.select(sa.func.count(sa.distinct(photo.c.id)))
            .select_from(learnt.join(revision, revision.c.id == learnt.c.revision_id))
            .join(photo, photo.c.id == revision.c.photo_id)
            .where(learnt.c.model_id == model_id, photo.c.head.is_(None), photo.c.split == "train")
        )
        with self._store.catalog.read() as connection:
            return int(connection.execute(query).scalar_one())

    def first_trained(self, photo_id: int) -> tuple[str, float] | None:
        """Return the first model that has learnt from a photo's mask, and the time at which it was made."""
        query = (
            sa.select(model.c.id, model.c.created)
            .join(learnt, learnt.c.model_id == model.c.id)
            .join(revision, revision.c.id == learnt.c.revision_id)
            .where(revision.c.photo_id == photo_id)
            .order_by(model.c.created, model.c.id)
            .limit(1)
        )
        with self._store.catalog.read() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else (row.id, row.created)
