"""Pass over the pool, one photo at a time, in the trainer's spare moments; then the ranking by it.

Nothing is lost when it is cut off: each photo's statistics are kept as they are found, and what is missing is
read from the catalog again.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from trainer.errors import PhotoError, SkinsegError

if TYPE_CHECKING:
    from collections.abc import Collection

    from trainer.project.project import Project
    from trainer.ranking.rater import Rater

log = logging.getLogger(__name__)

RANK_EVERY = 32
"""A better model's ranking counts once so many photos have been looked at, and anew after as many more."""
RETRY_SECONDS = 60.0
MOST_LABELLED = 5_000

Todo = list[tuple[int, bool, bool]]
"""Photos with what is missing of each: how it looks, and what the model says."""


class RankingPass:
    """Finds out what is missing, and ranks.

    Parameters
    ----------
    project, device
        As of the trainer.
    """

    def __init__(self, project: Project, device: str) -> None:
        self._project, self._device = project, device
        self._rater: Rater | None = None
        self._model_id: str | None = None
        self._todo: Todo = []
        self._done_for: tuple[object, ...] = ()
        self._fresh = 0
        self._hold_off = 0.0
        self._aside: set[int] = set()

    def step(self, head_only: bool = False) -> str:
        """Look at one photo, or rank; return a sentence that says so, empty where nothing is left to do.

        Errors are logged and passed over, not raised: a round of training may be going on around this call.

        Parameters
        ----------
        head_only
            Stop once the ranking of a new model counts; the rest can wait.
        """
        if time.monotonic() < self._hold_off:
            return ""
        served = self._project.models.served()
        model_id = None if served is None else served.id
        try:
            return self._step(model_id, head_only)
        except Exception as error:
            self._hold_off = time.monotonic() + RETRY_SECONDS
            self._todo = []
            known = isinstance(error, SkinsegError)
            log.warning("photos are not ranked: %s", error, exc_info=not known)
            return ""

    def release(self) -> None:
        """Let go of the networks and the memory they hold."""
        self._rater = None

    def _step(self, model_id: str | None, head_only: bool) -> str:
        if head_only and (model_id is None or self._in_force(model_id)):
            return ""
        if model_id != self._model_id:
            self._model_id, self._rater, self._todo = model_id, None, []
        if not self._todo and not self._find_todo(model_id):
            return ""
        if self._todo:
            self._rate(self._load(model_id))
        if not self._todo or self._fresh >= RANK_EVERY:
            self._rank(model_id)
        return f"which photo helps most, {len(self._todo):,} to look at"

    def _find_todo(self, model_id: str | None) -> bool:
        """Look for photos of which something is missing; False where nothing has changed since."""
        from trainer.ranking.rater import looks_id

        counts, sample = self._project.photos.counts(), sample_for(self._project, self._device)
        now = (model_id, counts, looks_id(self._project))
        if now == self._done_for:
            return False
        self._todo = missing(self._project, now[2], model_id, sample, self._aside)
        self._done_for = () if self._todo else now
        return True

    def _in_force(self, model_id: str | None) -> bool:
        state = self._project.statistics.state()
        return state is not None and state.model == model_id

    def _load(self, model_id: str | None) -> Rater:
        if self._rater is None:
            from trainer.ranking.rater import Rater

            self._rater = Rater(self._project, model_id, self._device)
        return self._rater

    def _rate(self, rater: Rater) -> None:
        photo_id, looks, said = self._todo.pop(0)
        try:
            rating = rater.rate(photo_id, looks, said)
        except PhotoError as error:
            self._aside.add(photo_id)
            log.warning("not ranked: %s", error)
            return
        self._project.statistics.save([rating], rater.looks.id, rater.model_id)
        self._fresh += 1

    def _rank(self, model_id: str | None) -> None:
        from trainer.ranking.rank_pool import rank_and_put_in_force
        from trainer.ranking.rater import looks_id

        self._fresh, looks = 0, looks_id(self._project)
        rank_and_put_in_force(self._project, looks, model_id, sample_for(self._project, self._device))
        if not self._todo:
            self.release()
            self._project.statistics.keep_only([looks, *([model_id] if model_id else [])])


def missing(
    project: Project,
    looks_id: str,
    model_id: str | None,
    sample: int | None,
    aside: Collection[int] = (),
) -> Todo:
    """List the photos of which something is missing: those that come next, the others, then labelled ones."""
    kept = project.statistics
    pool = [photo_id for photo_id in kept.pool(sample) if photo_id not in aside]
    done = [photo_id for photo_id in kept.labelled(MOST_LABELLED) if photo_id not in aside]
    seen = kept.known(looks_id, [*pool, *done])
    said = set(pool) if model_id is None else kept.known(model_id, pool)
    todo = [(photo_id, photo_id not in seen, photo_id not in said) for photo_id in pool]
    todo += [(photo_id, photo_id not in seen, False) for photo_id in done]
    return [item for item in todo if item[1] or item[2]]


def sample_for(project: Project, device: str) -> int | None:
    """Return how many photos a pass covers: all on a graphics card, else `queue.sample`."""
    from trainer.engine.device import choose_device

    on_card = choose_device(device).partition(":")[0] in ("cuda", "mps")
    return None if on_card else project.settings.queue.sample
