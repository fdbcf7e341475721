"""Suggestions that the model is surest of, accepted one by one by a tick, and saved without opening each."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING

from psygnal import Signal

from napari_skinseg.session.loading import load_or_release
from napari_skinseg.session.saving import SaveJob
from trainer.errors import SkinsegError
from trainer.project.states import AccessKind, RevisionKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_skinseg.session.background import Background
    from napari_skinseg.session.loading import LoadedPhoto
    from napari_skinseg.session.navigator import PhotoNavigator
    from napari_skinseg.session.saving import Saver
    from napari_skinseg.session.taking_back import TakingBack
    from trainer.project.project import Project
    from trainer.project.review.review import Trusted

MOST = 24
"""Photos on offer at once: what one looks through with care."""
IN_HANDS = "a photo that is open or comes next: accept it there"
LONGEST = 60.0
"""Seconds that count for one of them, at most."""


class GoodSuggestions:
    """Finds them, and accepts those that a person has ticked. All methods belong to the main thread.

    Parameters
    ----------
    project, session_id, annotator
        Of the session.
    background, navigator, saver, taking_back
        Of the session: an accept here is saved, counted and taken back like any other.
    """

    notice = Signal(str, str)
    """Level and text of what the annotator should know."""
    done = Signal()
    """All that was ticked is handed over to be saved, or was left out."""

    def __init__(
        self,
        project: Project,
        session_id: int,
        annotator: str,
        background: Background,
        navigator: PhotoNavigator,
        saver: Saver,
        taking_back: TakingBack,
    ) -> None:
        self._project, self._id, self._annotator = project, session_id, annotator
        self._background, self._navigator = background, navigator
        self._saver, self._taking_back = saver, taking_back
        self._ticked: deque[tuple[int, str, float]] = deque()
        self._left_out: list[str] = []
        self._accepted = 0

    def find(self, show: Callable[[list[Trusted]], None]) -> None:
        """Read what is on offer, in a thread; the trainer is asked for suggestions that are missing."""
        self._background.draw(self._find, show)

    def _find(self) -> list[Trusted]:
        served = self._project.models.served()
        if served is None or self._project.read_only:
            return []
        found = self._project.review.trusted(served.id, MOST)
        self._project.queue.request_prediction(self._id, [one.photo_id for one in found if not one.there])
        return found

    def accept(self, ticked: list[Trusted], seconds: float) -> None:
        """Save these suggestions as accepted masks, as they were seen; `seconds` went into looking at all."""
        busy, each = bool(self._ticked), min(LONGEST, seconds / max(1, len(ticked)))
        self._ticked.extend((one.photo_id, one.model_id, each) for one in ticked)
        if not busy:
            self._accepted, self._left_out = 0, []
            self._take_next()

    def _take_next(self) -> None:
        """Read the next one behind the save of the one before: one at a time in memory."""
        if not self._ticked:
            self._say()
            return
        photo_id, model_id, seconds = self._ticked[0]
        if photo_id in self._navigator.held_ids:
            self._taken(IN_HANDS, seconds)
            return
        self._background.write(
            lambda: self._take(photo_id, model_id),
            lambda taken: self._taken(taken, seconds),
            lambda error: self._taken(str(error), seconds),
        )

    def _take(self, photo_id: int, model_id: str) -> LoadedPhoto | str:
        """Lease and read a photo; a sentence where its suggestion is not the one that was ticked."""
        project = self._project
        try:
            claim = project.queue.claim(self._id, photo_id)
            photo = load_or_release(project, self._id, self._annotator, claim, whole=True)
        except SkinsegError as error:
            return str(error)
        begun = photo.revision is not None or photo.unsaved or photo.second
        if begun or photo.model_id != model_id:
            project.queue.release(self._id, photo_id)
            why = "has work on it" if begun else "has another suggestion by now"
            return f"{photo.photo.relpath} {why}: look at it again"
        project.access.note(self._annotator, AccessKind.WINDOW, [photo_id])
        return photo

    def _taken(self, photo: LoadedPhoto | str, seconds: float) -> None:
        self._ticked.popleft()
        if isinstance(photo, str):
            self._left_out.append(photo)
        elif photo.id in self._navigator.held_ids:
            self._left_out.append(IN_HANDS)
        else:
            photo = replace(photo, seconds=seconds)
            self._navigator.leave(photo.id)
            self._saver.submit(SaveJob(photo, RevisionKind.GRID, leave=True))
            self._taking_back.keep(photo)
            self._accepted += 1
        self._take_next()

    def _say(self) -> None:
        if self._left_out:
            others = len(self._left_out) - 1
            more = f" (and {others} more)" if others else ""
            self.notice.emit("warning", f"not accepted: {self._left_out[0]}{more}")
        elif self._accepted:
            photos = "suggestion" if self._accepted == 1 else "suggestions"
            self.notice.emit(
                "info", f"{self._accepted} {photos} accepted; Ctrl+Z takes them back, one by one"
            )
        self.done.emit()
