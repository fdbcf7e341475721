"""Navigator from photo to photo: claimed, waiting, being opened, open, being left."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from psygnal import Signal

from napari_skinseg.session.glance import Glance
from napari_skinseg.session.loading import load_or_release
from napari_skinseg.session.prefetch import Prefetcher, claim_drafts
from napari_skinseg.session.project_watcher import size_and_model
from napari_skinseg.session.saving import keep_draft
from trainer.errors import ConflictError
from trainer.project.annotators.holders import OtherWindowError
from trainer.project.queue.queue import Lease

if TYPE_CHECKING:
    from napari_skinseg.session.background import Background
    from napari_skinseg.session.editor import PhotoEditor
    from napari_skinseg.session.loading import LoadedPhoto
    from napari_skinseg.session.project_watcher import Shown
    from napari_skinseg.session.suggestion import Suggestion
    from trainer.project.project import Project
    from trainer.project.queue.queue_filter import QueueFilter

EMPTY_RETRY_SECONDS = 2.0
"""An empty queue is asked again so often."""


class PhotoNavigator:
    """Chooses the photo that the editor shows. All methods belong to the main thread.

    Parameters
    ----------
    session_id
        0 where the project is open for reading only: nothing is claimed then.
    """

    shown = Signal()
    """The editor shows another photo, or none."""
    changed = Signal()
    """The sentence for the state may have changed."""
    notice = Signal(str, str)
    """Level and text of what the annotator should know."""

    def __init__(
        self,
        project: Project,
        session_id: int,
        annotator: str,
        editor: PhotoEditor,
        background: Background,
    ) -> None:
        self._project = project
        self._id = session_id
        self._annotator = annotator
        self._editor = editor
        self._background = background
        self.glance = Glance(project, editor.layers, background)
        self.waiting = Prefetcher(project, session_id, annotator, background)
        self.waiting.changed.connect(self.advance)
        self.waiting.claimed.connect(self._load_ahead)
        self.waiting.unreadable.connect(self._unreadable)
        self.problem = ""
        self._wanting = False
        self._opening: int | None = None
        self._quiet = False
        self._visited: list[int] = []
        self._leaving: set[int] = set()
        self._closed = False
        self._resuming = not project.read_only
        self._parked = False
        self._next_queue_look = 0.0
        self._extension_seconds = min(30.0, float(project.settings.queue.lease_seconds) / 4)
        self._next_extension = time.monotonic() + self._extension_seconds
        if self._resuming:
            self._background.read(
                lambda: claim_drafts(project, session_id, annotator), self._resume, self._resume_failed
            )

    @property
    def opening(self) -> bool:
        """Whether a photo is being opened."""
        return self._opening is not None or (self._wanting and not self.waiting.queue_is_empty)

    @property
    def held_ids(self) -> list[int]:
        """Photos that this session holds: open, being opened, waiting, being left."""
        opened = [] if self._editor.photo is None else [self._editor.photo.id]
        opening = [] if self._opening is None else [self._opening]
        return list(dict.fromkeys([*opened, *opening, *self.waiting.photo_ids, *self._leaving]))

    def open_next(self) -> None:
        """Open the next photo of the queue as soon as it is there; does nothing while one is open."""
        if self._editor.photo is None and self._opening is None:
            self.problem = ""
            self._wanting = True
            self.waiting.expect_photos()
            self.advance()

    def open(self, photo_id: int, quiet: bool = False) -> None:
        """Open a certain photo; the one that is open waits with its work, and comes next.

        With `quiet` it is not told that the work on it comes from a draft.
        """
        self._parked = self._editor.photo is not None
        if self._parked:
            self._park(self._editor.work())
        self._wanting, self.problem = False, ""
        if photo_id in self._visited:
            self._visited.remove(photo_id)
        kept = self.waiting.remove(photo_id)
        if kept is not None:
            self._show(kept)
            return
        self.reopen(photo_id, quiet)

    def reopen(self, photo_id: int, quiet: bool = False) -> None:
        """Read a photo anew and open it; what is open is let go of as it is."""
        self._opening, self._quiet = photo_id, quiet
        self._show(None)
        # In the writing thread, behind every save under way: one of them may be of this very photo.
        self._background.write(
            lambda: self._claim(photo_id), self._load, lambda error: self._cannot_open(photo_id, error)
        )

    @property
    def previous(self) -> int | None:
        """The photo that was left last."""
        return self._visited[-1] if self._visited else None

    def go_on(self, left: LoadedPhoto) -> None:
        """Show the photo after the one that is left, or none until it is ready."""
        self._visited.append(left.id)
        self._leaving.add(left.id)
        self.problem = ""
        self._wanting = True
        self._show(self.waiting.take())
        self.advance()

    def leave(self, photo_id: int) -> None:
        """Note that a photo was accepted without being opened: it is the one before from now on."""
        self._visited.append(photo_id)
        self._leaving.add(photo_id)

    def left(self, photo_id: int) -> None:
        """Note that a photo has been released."""
        self._leaving.discard(photo_id)

    def refilter(self, wanted: QueueFilter) -> None:
        """Let only photos come that pass a filter; the one that is open stays."""
        if not self._project.read_only:
            self.waiting.refilter(wanted)
            self.open_next()
            self.advance()

    def make_way(self, photo_ids: list[int]) -> None:
        """Let what a reviewer sent back come before what was read ahead, not before work that was begun."""
        if photo_ids and not (self._closed or self._resuming or self.opening):
            self.waiting.make_way([photo_id for photo_id in photo_ids if photo_id not in self.held_ids])

    def advance(self) -> None:
        """Show the next photo if the annotator waits for it, and claim further ones."""
        if self._closed or self._resuming or self._project.read_only:
            return
        if self._wanting:
            following = self.waiting.take()
            if following is not None:
                self._show(following)
            elif self.waiting.photo_ids:
                self.glance.at(self.waiting.photo_ids[0])
        self.waiting.fill(self._wanting, self.held_ids)
        self.changed.emit()

    def poll(self, now: float) -> None:
        """Extend the leases, and ask again an empty queue or one that was away: others release photos."""
        empty = self._wanting and self.waiting.queue_is_empty
        if (empty or self.waiting.away) and not self._closed and now >= self._next_queue_look:
            self._next_queue_look = now + EMPTY_RETRY_SECONDS
            self.waiting.come_back()
            self.waiting.fill(self._wanting, self.held_ids, look_again=True)
        if now >= self._next_extension:
            self._next_extension = now + self._extension_seconds
            ids = self.held_ids
            self._background.write(lambda: self._project.queue.extend(self._id, ids), lambda _: None)

    def close(self) -> tuple[LoadedPhoto | None, list[LoadedPhoto]]:
        """Stop; return the open photo, which can no longer be edited, and those that wait."""
        self._closed = True
        self.glance.forget()
        return self._editor.end(), self.waiting.ready

    def suggestions_shown(self) -> dict[int, Shown]:
        """Return the held photos that take newer suggestions, by id."""
        shown = {p.id: size_and_model(p, p.model_id) for p in self.waiting.ready if p.takes_suggestions}
        photo = self._editor.photo
        if photo is not None and photo.takes_suggestions:
            shown[photo.id] = size_and_model(photo, self._editor.offered_by)
        return shown

    def offer(self, photo_id: int, suggestion: Suggestion) -> None:
        """Put a newer suggestion into a held photo."""
        self._editor.offer(photo_id, suggestion)
        self.waiting.refresh(photo_id, suggestion)

    def show_again(self, photo: LoadedPhoto) -> None:
        """Show the open photo with another mask."""
        self._show(photo)

    def put_down(self) -> None:
        """Let go of the open photo as it is saved, for whoever comes next, and show none."""
        photo = self._editor.photo
        if photo is not None:
            self._visited.append(photo.id)
            self._leaving.add(photo.id)
            self._show(None)
            release = self._project.queue.release
            self._background.write(lambda: release(self._id, photo.id), lambda _: self.left(photo.id))

    def _show(self, photo: LoadedPhoto | None) -> None:
        self._editor.show(photo)
        self.glance.forget()
        if photo is not None:
            self._wanting, self._opening, self.problem = False, None, ""
            self._leaving.discard(photo.id)
        self.shown.emit()
        quiet, self._quiet = self._quiet, self._quiet and photo is None
        if photo is not None and photo.draft_time is not None and not quiet:
            at = time.strftime("%H:%M", time.localtime(photo.draft_time))
            self.notice.emit("news", f"restored unfinished work from {at}")
        if photo is not None and photo.damage:
            self.notice.emit("warning", f"{photo.photo.relpath}: {photo.damage}")

    def _park(self, left: LoadedPhoto) -> None:
        left = replace(left, draft_time=None)  # "restored" is said once
        self._background.write(lambda: keep_draft(self._project, self._annotator, left), lambda _: None)
        self.waiting.put_back(left)

    def _claim(self, photo_id: int) -> Lease:
        if self._project.read_only:
            return Lease(photo_id=photo_id, why="", blind=False, expires=float("inf"))
        return self._project.queue.claim(self._id, photo_id)

    def _load(self, claim: Lease) -> None:
        if claim.photo_id == self._opening:
            self.glance.at(claim.photo_id)
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
            self.glance.end()
            taken = isinstance(error, ConflictError) and self._parked
            if taken or isinstance(error, OtherWindowError):  # the photo before, which waits, is shown again
                self._wanting = True
            else:
                self.problem = f"{error} – press Space for the next photo"
        self.notice.emit("warning", str(error))
        self.advance()

    def _load_ahead(self, claim: Lease) -> None:
        if claim.photo_id not in self.held_ids:  # it may have been opened by its id meanwhile
            self.waiting.load(claim)

    def _unreadable(self, error: BaseException) -> None:
        self.glance.end()
        self.notice.emit("warning", f"{error} – the queue goes on without it")

    def _resume(self, found: tuple[list[Lease], list[str]]) -> None:
        claims, taken = found
        self._resuming = False
        for claim in claims:
            self._load_ahead(claim)
        for reason in taken:
            self.notice.emit("warning", f"unfinished work waits: {reason}")
        self.advance()

    def _resume_failed(self, error: BaseException) -> None:
        self._resuming = False
        self.notice.emit("error", str(error))
        self.advance()
