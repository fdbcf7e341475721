"""News from the project: newer suggestions for the photos in hand, and the facts for sentences."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from napari_skinseg.background import Background
from napari_skinseg.facts import Facts, read_facts
from napari_skinseg.loading import LoadedPhoto, Suggestion, newer_suggestion

if TYPE_CHECKING:
    from trainer.project import Project

LOOK_SECONDS = 0.25
FACTS_SECONDS = 1.0


@dataclass
class News:
    """What a look at the project has found: suggestions by photo, facts, statistics of the session."""

    suggestions: dict[int, Suggestion]
    facts: Facts | None
    stats: Any


class Watch:
    """Looks at the project in a thread whenever its catalog has changed.

    Parameters
    ----------
    tell
        Called on the main thread with what was found.
    """

    def __init__(
        self, project: Project, session_id: int, background: Background, tell: Callable[[News], None]
    ) -> None:
        self._project = project
        self._session_id = session_id
        self._background = background
        self._tell = tell
        self._version = -1
        self._next_look = self._next_facts = 0.0
        self._looking = False

    def soon(self) -> None:
        """Look at the next poll, changed or not."""
        self._version = -1
        self._next_look = 0.0

    def poll(self, now: float, shown: Callable[[], dict[int, tuple[tuple[int, int], str | None]]]) -> None:
        """Look if it is time; `shown` gives size and model of the suggestion by photo id."""
        if self._looking or now < self._next_look:
            return
        self._next_look = now + LOOK_SECONDS
        version = self._project.data_version()
        if version == self._version:
            return
        self._version = version
        self._looking = True
        with_facts = now >= self._next_facts
        if with_facts:
            self._next_facts = now + FACTS_SECONDS
        photos = shown()
        self._background.read(lambda: self._look(photos, with_facts), self._found, self._not_found)

    def _look(self, photos: dict[int, tuple[tuple[int, int], str | None]], with_facts: bool) -> News:
        project = self._project
        suggestions = {}
        for photo_id, (shape, model_id) in photos.items():
            found = newer_suggestion(project, photo_id, shape, model_id)
            if found is not None:
                suggestions[photo_id] = found
        stats = None if project.read_only else project.session_stats(self._session_id)
        return News(suggestions, read_facts(project) if with_facts else None, stats)

    def _found(self, news: News) -> None:
        self._looking = False
        if news.facts is None:
            self._version = -1  # facts are still to come: look again soon
        self._tell(news)

    def _not_found(self, error: BaseException) -> None:
        self._looking = False
        self._version = -1


def size_and_model(photo: LoadedPhoto, model_id: str | None) -> tuple[tuple[int, int], str | None]:
    """Describe a photo for `Watch.poll`."""
    return (photo.image.shape[0], photo.image.shape[1]), model_id
