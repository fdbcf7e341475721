"""One whole pass and ranking, as `skinseg rank` makes it: in this process or on a cluster."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trainer.acquisition.strategies import find_strategy
from trainer.errors import PhotoError, ProjectError
from trainer.ranking.pass_over import missing, sample_for
from trainer.ranking.rank_pool import rank_and_put_in_force, rank_pool
from trainer.ranking.rater import Rater

if TYPE_CHECKING:
    from collections.abc import Callable

    from trainer.acquisition.pool import Choice
    from trainer.project.project import Project
    from trainer.ranking.pass_over import Todo

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Ranking:
    """What a pass has found.

    Attributes
    ----------
    model
        Which ranked; None: there is none yet, and photos were chosen by how they look.
    strategy
        Its name.
    scored, pool
        Photos chosen from, and photos that wait for a mask.
    choices
        Best first.
    in_force
        Whether the queue follows it: it does where the strategy is the project's own.
    """

    model: str | None
    strategy: str
    scored: int
    pool: int
    choices: list[Choice]
    in_force: bool


class Pass:
    """A pass over the pool of one project.

    Parameters
    ----------
    project
        Open for writing.
    strategy
        By name; None: the project's own.
    device
        As `skinseg trainer --device`.

    Raises
    ------
    SkinsegError
        There is no such strategy, the project has no photos, or its model cannot be loaded.
    """

    def __init__(self, project: Project, strategy: str | None = None, device: str = "auto") -> None:
        self._project, self.device = project, device
        self.strategy = find_strategy(strategy or project.settings.queue.strategy).name
        project.require_writable()
        counts = project.photos.counts()
        if counts.photos == 0:
            raise ProjectError(f"{project.path} has no photos yet: skinseg add {project.path} FOLDER")
        self.waiting = counts.waiting["train"]
        served = project.models.served()
        self.model = None if served is None else served.id
        self.sample = sample_for(project, device)
        self.rater = Rater(project, self.model, device)
        self.todo: Todo = (
            missing(project, self.rater.looks.id, self.model, self.sample) if self.waiting else []
        )

    def rate(self, todo: Todo, advance: Callable[[int], None] = lambda photos: None) -> None:
        """Rate photos in this process; each is kept at once, so that the pass may be cut off anywhere."""
        for photo_id, looks, said in todo:
            try:
                rating = self.rater.rate(photo_id, looks, said)
            except PhotoError as error:
                log.warning("not ranked: %s", error)
            else:
                self._project.statistics.save([rating], self.rater.looks.id, self.model)
            advance(1)

    def rank(self) -> Ranking:
        """Rank the pool by all that is known now."""
        project, own = self._project, self.strategy == self._project.settings.queue.strategy
        looks_id = self.rater.looks.id
        if own:
            found = rank_and_put_in_force(project, looks_id, self.model, self.sample)
        else:
            pool = project.statistics.pool(self.sample)
            found = rank_pool(project, pool, self.strategy, looks_id, self.model)
        return Ranking(self.model, self.strategy, found.scored, self.waiting, found.choices, own)
