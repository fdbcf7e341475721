"""Predictions of models: maps for the head of the queue, one score each for the rest."""

from __future__ import annotations

import math
import shutil
import time
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
import sqlalchemy as sa

from trainer.labels.boxes import Box
from trainer.project.catalog.schema import lease, meta, photo, prediction, request, score, session
from trainer.project.files.filesystem import make_private
from trainer.project.files.zarr_store import Array, read_arrays, read_attributes, write_arrays
from trainer.project.queue.lineup import line_up
from trainer.project.queue.orders import ranking
from trainer.project.queue.queue_filter import classes_in, keep_shown
from trainer.project.states import PhotoState

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    import numpy.typing as npt

    from trainer.project.catalog.store import Store

__all__ = ["Prediction", "Predictions"]

BATCH = 500
"""Scores per transaction, so that annotators get their turn."""

UNSURE = "the model is unsure"


@dataclass(frozen=True)
class Prediction:
    """A prediction for a photo, and its place on disk."""

    photo_id: int
    model_id: str
    path: Path
    checksum: str
    created: float
    score: float | None


class Predictions:
    """Writing and reading predictions and scores."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def save(
        self,
        photo_id: int,
        model_id: str,
        labels: npt.NDArray[np.uint8],
        confidence: npt.NDArray[np.uint8],
        score: float | None = None,
        error: npt.NDArray[np.uint8] | None = None,
        held: npt.NDArray[np.bool_] | None = None,
        boxes: Sequence[Box] = (),
    ) -> Prediction:
        """Write a prediction and make it the photo's current one.

        Parameters
        ----------
        photo_id : int
            The photo.
        model_id : str
            The model that predicts.
        labels, confidence : uint8 (height, width)
            Class index + 1, and how sure the model is, 0 to 255.
        score : float, optional
            How much it would help to have this photo labelled; ranks the queue.
        error : uint8 (height, width), optional
            Likely errors by a discriminator, 255 = surely wrong.
        held : bool (height, width), optional
            Pixels that the window holds back until somebody asks for them.
        boxes : sequence of Box
            Regions that the model found, in pixels of the photo.

        Raises
        ------
        StorageFullError
            If the disk is full.
        """
        self._store.require_writable()
        folder = self._store.path / "predictions"
        make_private(folder)
        arrays: dict[str, Array] = {"labels": labels, "confidence": confidence}
        arrays |= {} if error is None else {"error": error}
        arrays |= {} if held is None else {"held": held.view(np.uint8)}
        extra = {"model": model_id, "boxes": [box.to_list() for box in boxes]}
        path, checksum = write_arrays(folder, arrays, self._store.classes, extra)
        made = Prediction(photo_id, model_id, path, checksum, time.time(), score)
        row = {**vars(made), "path": path.relative_to(self._store.path).as_posix()}
        before, seen = self.get(photo_id), classes_in(labels)
        with self._store.catalog.write() as connection:
            connection.execute(
                self._store.catalog.insert(prediction)
                .values(row)
                .on_conflict_do_update(index_elements=["photo_id"], set_=row)
            )
            keep_shown(connection, self._store.catalog, [(photo_id, seen)])
            connection.execute(sa.delete(request).where(request.c.photo_id == photo_id))
            if score is not None:
                self._put_scores(connection, model_id, [(photo_id, score, UNSURE)])
        if before is not None:
            shutil.rmtree(before.path, ignore_errors=True)
        return made

    def get(self, photo_id: int) -> Prediction | None:
        """Return the current prediction of a photo, if it has one."""
        with self._store.catalog.read() as connection:
            row = (
                connection.execute(sa.select(prediction).where(prediction.c.photo_id == photo_id))
                .mappings()
                .one_or_none()
            )
        return None if row is None else Prediction(**{**row, "path": self._store.path / row["path"]})

    def read(self, of: Prediction) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
        """Read labels (class index + 1) and confidence (0 to 255), uint8 (height, width) each.

        Raises
        ------
        MaskError
            If its files are damaged, or a newer prediction has just taken its place.
        """
        labels, confidence = read_arrays(of.path, of.checksum, "labels", "confidence")
        return labels, confidence

    def read_error(self, of: Prediction) -> npt.NDArray[np.uint8] | None:
        """Read the map of likely errors by a discriminator: uint8 (height, width), or None without one.

        Raises
        ------
        MaskError
            If its files are damaged.
        """
        return self._read_optional(of, "error")

    def read_held(self, of: Prediction) -> npt.NDArray[np.bool_] | None:
        """Read which pixels are held back: bool (height, width), or None where none are.

        Raises
        ------
        MaskError
            If its files are damaged.
        """
        held = self._read_optional(of, "held")
        return None if held is None else held.astype(bool)

    def read_boxes(self, of: Prediction) -> tuple[Box, ...]:
        """Read the regions that the model found; empty for a model that finds none.

        Raises
        ------
        MaskError
            If its files are damaged.
        """
        read_arrays(of.path, of.checksum)
        kept = read_attributes(of.path).get("skinseg", {})
        return tuple(Box.from_list(values) for values in kept.get("boxes", ()))

    def _read_optional(self, of: Prediction, name: str) -> Array | None:
        if not (of.path / name).is_dir():
            return None
        (values,) = read_arrays(of.path, of.checksum, name)
        return values

    def set_scores(self, model_id: str, rows: Iterable[tuple[int, float, str]]) -> int:
        """Rank photos by a model; its ranking counts from the end of the call, older ones are dropped.

        Parameters
        ----------
        model_id : str
            The model that ranks.
        rows : iterable of (photo id, score, why)
            The highest score comes first. `why` is shown to the annotator. Scores that are not numbers
            are left out.

        Returns
        -------
        int
            How many scores were written.
        """
        source = (row for row in rows if math.isfinite(row[1]))
        count = 0
        while batch := list(islice(source, BATCH)):
            with self._store.catalog.write() as connection:
                self._put_scores(connection, model_id, batch)
            count += len(batch)
        # Batches let annotators in between. Until the pointer moves, the older ranking counts, whole:
        # a call that is cut off leaves scores that the next ranking drops, never half a ranking in force.
        pointer = {"key": "ranking", "value": model_id}
        with self._store.catalog.write() as connection:
            before = ranking(connection)
            connection.execute(
                self._store.catalog.insert(meta)
                .values(pointer)
                .on_conflict_do_update(index_elements=["key"], set_={"value": model_id})
            )
        if before != model_id:
            self._drop_scores(keep=model_id)
        return count

    def replace_scores(self, ranker: str, rows: Sequence[tuple[int, float, str]]) -> None:
        """Let these few photos be the whole ranking, in one step; see `set_scores` for many."""
        with self._store.catalog.write() as connection:
            connection.execute(sa.delete(score).where(score.c.model_id == ranker))
            self._put_scores(connection, ranker, [row for row in rows if math.isfinite(row[1])])
        self.set_scores(ranker, ())

    def _put_scores(
        self, connection: sa.Connection, model_id: str, rows: list[tuple[int, float, str]]
    ) -> None:
        insert = self._store.catalog.insert(score)
        connection.execute(
            insert.on_conflict_do_update(
                index_elements=["photo_id", "model_id"],
                set_={"score": insert.excluded.score, "why": insert.excluded.why},
            ),
            [
                {"photo_id": int(photo_id), "model_id": model_id, "score": float(value), "why": why}
                for photo_id, value, why in rows
            ],
        )

    def _drop_scores(self, keep: str) -> None:
        for model_id in self._scorers():
            ids = sa.select(score.c.photo_id).where(score.c.model_id == model_id).limit(BATCH)
            left = model_id != keep
            while left:
                with self._store.catalog.write() as connection:
                    mine = sa.and_(score.c.model_id == model_id, score.c.photo_id.in_(ids))
                    left = connection.execute(sa.delete(score).where(mine)).rowcount == BATCH

    def _scorers(self) -> list[str]:
        """Models that have scores, each found by one step in the index."""
        found: list[str] = []
        with self._store.catalog.read() as connection:
            while True:
                query = sa.select(sa.func.min(score.c.model_id))
                after = query.where(score.c.model_id > found[-1]) if found else query
                name = connection.execute(after).scalar()
                if name is None:
                    return found
                found.append(name)

    def wanted(self, model_id: str, head: bool = True) -> list[int]:
        """List photos that need a prediction by this model, the most urgent first.

        First what open sessions ask for and hold, then, with `head`, the head of the queue
        (`queue.predict_ahead` photos).
        """
        now = time.time()
        ahead = self._store.settings.queue.predict_ahead if head else 0
        recent = now - self._store.settings.queue.lease_seconds
        is_open = sa.and_(session.c.ended.is_(None), session.c.seen > recent)
        asked = (
            sa.select(request.c.photo_id.label("id"))
            .join(session, session.c.id == request.c.session_id)
            .where(is_open)
            .order_by(request.c.created)
        )
        held = (
            sa.select(lease.c.photo_id.label("id"))
            .join(session, session.c.id == lease.c.session_id)
            .where(is_open, lease.c.expires > now)
            # by id: as a join, SQLite might go through all photos
            .where(sa.exists().where(photo.c.id == lease.c.photo_id, photo.c.queued + 0 == 1))
            .order_by(lease.c.expires)
        )
        with self._store.catalog.read() as connection:
            order: dict[int, None] = {}
            for query in (asked, held):
                order.update(dict.fromkeys(connection.execute(query).scalars()))
            if ahead:
                order.update((entry.photo_id, None) for entry in line_up(connection, self._store, ahead))
            there = sa.select(prediction.c.photo_id).where(
                prediction.c.photo_id.in_(order), prediction.c.model_id == model_id
            )
            broken = sa.select(photo.c.id).where(photo.c.id.in_(order), photo.c.state == PhotoState.BROKEN)
            out = {*connection.execute(there).scalars(), *connection.execute(broken).scalars()}
        return [photo_id for photo_id in order if photo_id not in out]
