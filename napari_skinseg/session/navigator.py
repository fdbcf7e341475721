"""The way from photo to photo: what is claimed, what waits, what is being opened, what is being left."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from napari_skinseg.session.background import Background
from napari_skinseg.session.editor import Desk
from napari_skinseg.session.loading import LoadedPhoto, load_or_release
from napari_skinseg.session.prefetch import Prefetcher, claim_drafts

if TYPE_CHECKING:
    from trainer.project.project import Project
    from trainer.project.queue import Lease

EMPTY_RETRY_SECONDS = 2.0


class Route:
    """Decides what lies on the desk. All methods belong to the main thread.

    Parameters
    ----------
    session_id
        0 where the project is open for reading only: nothing is claimed then.
    shown
        Called with the photo that has been put on the desk, or None where it has been cleared.
    changed
        Called when the sentence about the state may be another one.
    notice
        Called with level and text of something the annotator should know.
    """

    def __init__(
        self,
        project: Project,
        session_id: int,
        annotator: str,
        desk: Desk,
        background: Background,
        shown: Callable[[LoadedPhoto | None], None],
        changed: Callable[[], None],
        notice: Callable[[str, str], None],
    ) -> None:
        self._project = project
        self._id = session_id
        self._annotator = annotator
        self._desk = desk
        self._background = background
        self._shown = shown
        self._changed = changed
        self._notice = notice
        self.waiting = Prefetcher(
            project, session_id, annotator, background, self.advance, self._unreadable, lambda: self.in_hand
        )
        self.problem = ""
        self._wanting = False
        self._opening: int | None = None
        self._visited: list[int] = []
        self._leaving: set[int] = set()
        self._closed = False
        self._resuming = not project.read_only
        self._next_queue_look = 0.0
        if self._resuming:
            self._background.read(
                lambda: claim_drafts(project, session_id, annotator), self._resume, self._resume_failed
            )

    @property
    def opening(self) -> bool:
        """Whether a photo is on its way to the desk."""
        return self._opening is not None or (self._wanting and not self.waiting.queue_is_empty)

    @property
    def in_hand(self) -> list[int]:
        """Photos that this session holds: open, being opened, waiting, being left."""
        opened = [] if self._desk.photo is None else [self._desk.photo.id]
        opening = [] if self._opening is None else [self._opening]
        return list(dict.fromkeys([*opened, *opening, *self.waiting.photo_ids, *self._leaving]))

    def open_next(self) -> None:
        """Open the next photo of the queue as soon as it is there; does nothing while one is open."""
        if self._desk.photo is None and self._opening is None:
            self.problem = ""
            self._wanting = True
            self.waiting.queue_is_empty = False
            self.advance()

    def open(self, photo_id: int) -> None:
        """Open a certain photo; the one that is open waits with its work, and comes next."""
        if self._desk.photo is not None:
            self._park(self._desk.let_go())
        self._wanting, self.problem = False, ""
        if photo_id in self._visited:
            self._visited.remove(photo_id)
        kept = self.waiting.remove(photo_id)
        if kept is not None:
            self._show(kept)
            return
        self._opening = photo_id
        self._show(None)
        # Behind every save that is under way: one of them may be of this very photo.
        self._background.write(
            lambda: self._claim(photo_id), self._load, lambda error: self._cannot_open(photo_id, error)
        )

    @property
    def previous(self) -> int | None:
        """The photo that was left last."""
        return self._visited[-1] if self._visited else None

    def go_on(self, left: LoadedPhoto) -> None:
        """Show the photo after the one that has been taken off the desk, or nothing until it is there."""
        self._visited.append(left.id)
        self._leaving.add(left.id)
        self.problem = ""
        self._wanting = True
        self._show(self.waiting.take())
        self.advance()

    def left(self, photo_id: int) -> None:
        """Note that a photo has been given back."""
        self._leaving.discard(photo_id)

    def advance(self) -> None:
        """Show the next photo where somebody waits for it, and see that enough are on their way."""
        if self._closed or self._resuming or self._project.read_only:
            return
        if self._wanting:
            following = self.waiting.take()
            if following is not None:
                self._show(following)
        self.waiting.fill(self._wanting)
        self._changed()

    def poll(self, now: float) -> None:
        """Ask an empty queue again from time to time: others give photos back, and photos are added."""
        ask = self._wanting and self.waiting.queue_is_empty and not self._closed
        if ask and now >= self._next_queue_look:
            self._next_queue_look = now + EMPTY_RETRY_SECONDS
            self.waiting.fill(True, look_again=True)

    def close(self) -> tuple[LoadedPhoto | None, list[LoadedPhoto]]:
        """Stop; hand out the open photo and those that wait."""
        self._closed = True
        return (self._desk.let_go() if self._desk.photo is not None else None), self.waiting.ready

    def keep_draft(self, photo: LoadedPhoto) -> None:
        """Put unfinished work on a photo in safety; slow, for the writing thread."""
        if photo.unsaved and not self._project.read_only:
            self._project.drafts.save(
                photo.id,
                self._annotator,
                photo.labels,
                photo.provenance,
                photo.base_revision,
                photo.model_id,
            )

    def _show(self, photo: LoadedPhoto | None) -> None:
        self._desk.show(photo)
        if photo is not None:
            self._wanting, self._opening, self.problem = False, None, ""
            self._leaving.discard(photo.id)
        self._shown(photo)

    def _park(self, left: LoadedPhoto) -> None:
        left.draft_time = None
        self._background.write(lambda: self.keep_draft(left), lambda _: None)
        self.waiting.put_back(left)

    def _claim(self, photo_id: int) -> Lease:
        if self._project.read_only:
            from trainer.project.queue import Lease

            return Lease(photo_id=photo_id, why="", blind=False, expires=float("inf"))
        return self._project.queue.claim(self._id, photo_id)

    def _load(self, claim: Lease) -> None:
        self._background.read(
            lambda: load_or_release(self._project, self._id, self._annotator, claim),
            self._opened,
            lambda error: self._cannot_open(claim.photo_id, error),
        )

    def _opened(self, photo: LoadedPhoto) -> None:
        if self._opening == photo.id and not self._closed:
            self._show(photo)
        else:
            self.waiting.put_back(photo)
        self.advance()

    def _cannot_open(self, photo_id: int, error: BaseException) -> None:
        if self._opening == photo_id:
            self._opening = None
            self.problem = f"{error} – press Space for the next photo"
        self._notice("warning", str(error))
        self._changed()

    def _unreadable(self, error: BaseException) -> None:
        self._notice("warning", f"{error} – the queue goes on without it")

    def _resume(self, found: tuple[list[Lease], list[str]]) -> None:
        claims, taken = found
        self._resuming = False
        for claim in claims:
            self.waiting.load(claim)
        for reason in taken:
            self._notice("warning", f"unfinished work waits: {reason}")
        self.advance()

    def _resume_failed(self, error: BaseException) -> None:
        self._resuming = False
        self._notice("error", str(error))
        self.advance()
