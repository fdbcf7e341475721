"""Watcher of the project: newer suggestions for the held photos, counts and statistics."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from psygnal import Signal

from napari_skinseg.session.status import ProjectStatus, read_project_status
from napari_skinseg.session.suggestion import newer_suggestion
from trainer.errors import UnreachableError
from trainer.service.process import trainer_liveness

if TYPE_CHECKING:
    from napari_skinseg.session.background import Background
    from napari_skinseg.session.loading import LoadedPhoto
    from napari_skinseg.session.suggestion import Suggestion
    from trainer.project.annotators.sessions import Stats
    from trainer.project.photo import Photo
    from trainer.project.project import Project

Shown = tuple["Photo", tuple[int, int], str | None]
"""A photo as it was read, its size, and the model whose suggestion it shows."""

Signs = tuple[int, bool]
"""The catalog's version, and whether the trainer lives: a trainer that is killed writes nothing."""

LOOK_SECONDS = 0.25
STATUS_SECONDS = 1.0


@dataclass(frozen=True, eq=False)
class News:
    """Suggestions by photo, project status, statistics of the session, and what was sent back: one look."""

    suggestions: dict[int, Suggestion]
    project_status: ProjectStatus | None
    stats: Stats | None
    sent_back: list[int] = field(default_factory=list)
    """Photos that wait for this annotator since a reviewer sent them back."""


class ProjectWatcher:
    """Looks at the project in a thread, a few times a second.

    Suggestions and counts are read only when the catalog has changed, or the trainer has come or gone.
    """

    found = Signal(object)
    """A look has found changes: `News`, on the main thread."""
    notice = Signal(str, str)
    """Level and text when the project cannot be read, once until it can be again, and then."""
    changed = Signal()
    """`away` has changed."""

    def __init__(self, project: Project, session_id: int, annotator: str, background: Background) -> None:
        self._project = project
        self._session_id, self._annotator = session_id, annotator
        self._background = background
        self._signs: Signs | None = None
        self._next_look = self._next_status = 0.0
        self._due, self._looking = True, False
        self.away = ""
        """Why the project cannot be read; empty: it can."""

    def soon(self) -> None:
        """Look closely at the next poll, changed or not."""
        self._due = True
        self._next_look = 0.0

    def is_due(self, now: float) -> bool:
        """Return whether it is time for another look."""
        return not self._looking and now >= self._next_look

    def look(self, now: float, photos: dict[int, Shown]) -> None:
        """Look at the project in a thread; `photos` are those that take suggestions, by id."""
        self._next_look = now + LOOK_SECONDS
        self._looking = True
        known, self._due = (None if self._due else self._signs), False
        with_status = now >= self._next_status
        self._background.watch(
            lambda: self._look(known, photos, with_status), lambda found: self._looked(*found), self._failed
        )

    def _look(
        self, known: Signs | None, photos: dict[int, Shown], with_status: bool
    ) -> tuple[Signs, News | None]:
        project = self._project
        signs = project.data_version(), trainer_liveness(project) == "running"
        if signs == known:
            return signs, None
        suggestions = {}
        for photo_id, (photo, shape, model_id) in photos.items():
            found = newer_suggestion(project, photo, shape, model_id)
            if found is not None:
                suggestions[photo_id] = found
        stats = None if project.read_only else project.sessions.stats(self._session_id)
        if not with_status:
            return signs, News(suggestions, None, stats)
        back = [] if project.read_only else project.queue.sent_back(self._session_id, self._annotator)
        return signs, News(suggestions, read_project_status(project), stats, back)

    def _looked(self, signs: Signs, news: News | None) -> None:
        self._looking = False
        if self.away:
            self.away = ""
            self.notice.emit("news", "the project can be reached again: what has waited is written now")
            self.changed.emit()
        if news is None:
            return
        # Without the counts, which take long on a large project, this was half a look: another one follows.
        self._signs = None if news.project_status is None else signs
        if news.project_status is not None:
            self._next_status = time.monotonic() + STATUS_SECONDS
        self.found.emit(news)

    def _failed(self, error: BaseException) -> None:
        self._looking, self._due = False, True
        first, self.away = not self.away, str(error)
        if first:
            unreachable = isinstance(error, UnreachableError)  # its words are whole
            said = str(error) if unreachable else f"{self._project.path} cannot be read: {error}"
            self.notice.emit("error", said)
            self.changed.emit()


def size_and_model(photo: LoadedPhoto, model_id: str | None) -> Shown:
    """Describe a photo for `ProjectWatcher.look`."""
    return photo.photo, (photo.image.shape[0], photo.image.shape[1]), model_id
