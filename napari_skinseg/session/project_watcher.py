"""News from the project: newer suggestions for the photos in hand, and the facts for sentences."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from napari_skinseg.session.background import Background
from napari_skinseg.session.loading import LoadedPhoto, Suggestion, newer_suggestion
from napari_skinseg.session.status import Facts, read_facts
from trainer.service.process import trainer_liveness

if TYPE_CHECKING:
    from trainer.project.project import Project

Shown = tuple[tuple[int, int], str | None]
"""Size of a photo, and the model whose suggestion it shows."""

Signs = tuple[int, bool]
"""The catalog's version, and whether the trainer lives: a trainer that is killed writes nothing."""

LOOK_SECONDS = 0.25
FACTS_SECONDS = 1.0


@dataclass
class News:
    """What a look at the project has found: suggestions by photo, facts, statistics of the session."""

    suggestions: dict[int, Suggestion]
    facts: Facts | None
    stats: Any


class Watch:
    """Looks at the project in a thread, a few times a second, and closely when its catalog has changed
    or its trainer has come or gone.

    Parameters
    ----------
    tell
        Called on the main thread with what was found.
    lost
        Called with the reason when the project cannot be read, once until it can be again.
    """

    def __init__(
        self,
        project: Project,
        session_id: int,
        background: Background,
        tell: Callable[[News], None],
        lost: Callable[[BaseException], None],
    ) -> None:
        self._project = project
        self._session_id = session_id
        self._background = background
        self._tell = tell
        self._lost = lost
        self._signs: Signs | None = None
        self._next_look = self._next_facts = 0.0
        self._due, self._looking, self._failing = True, False, False

    def soon(self) -> None:
        """Look closely at the next poll, changed or not."""
        self._due = True
        self._next_look = 0.0

    def poll(self, now: float, shown: Callable[[], dict[int, Shown]]) -> None:
        """Look if it is time; `shown` gives what is shown now by photo id."""
        if self._looking or now < self._next_look:
            return
        self._next_look = now + LOOK_SECONDS
        self._looking = True
        known, self._due = (None if self._due else self._signs), False
        photos, with_facts = shown(), now >= self._next_facts
        self._background.watch(
            lambda: self._look(known, photos, with_facts), lambda found: self._found(*found), self._not_found
        )

    def _look(
        self, known: Signs | None, photos: dict[int, Shown], with_facts: bool
    ) -> tuple[Signs, News | None]:
        project = self._project
        signs = project.data_version(), trainer_liveness(project) == "running"
        if signs == known:
            return signs, None
        suggestions = {}
        for photo_id, (shape, model_id) in photos.items():
            found = newer_suggestion(project, photo_id, shape, model_id)
            if found is not None:
                suggestions[photo_id] = found
        stats = None if project.read_only else project.sessions.stats(self._session_id)
        return signs, News(suggestions, read_facts(project) if with_facts else None, stats)

    def _found(self, signs: Signs, news: News | None) -> None:
        self._looking = self._failing = False
        if news is None:
            return
        # Without the facts, which are dear on a large project, this was half a look: another one follows.
        self._signs = None if news.facts is None else signs
        if news.facts is not None:
            self._next_facts = time.monotonic() + FACTS_SECONDS
        self._tell(news)

    def _not_found(self, error: BaseException) -> None:
        self._looking, self._due = False, True
        if not self._failing:
            self._failing = True
            self._lost(error)


def size_and_model(photo: LoadedPhoto, model_id: str | None) -> Shown:
    """Describe a photo for `Watch.poll`."""
    return (photo.image.shape[0], photo.image.shape[1]), model_id
