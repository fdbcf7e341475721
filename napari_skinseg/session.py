"""One annotator at work: the viewer's layers on one side, the project on the other, and all behaviour here.

No Qt and no torch. Slow work runs in threads; their results reach the layers only in `poll`, which the dock
calls every 50 ms.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psygnal import Signal

from napari_skinseg.background import Background
from napari_skinseg.desk import Desk
from napari_skinseg.facts import Facts, sentence
from napari_skinseg.key_table import PEEK, key_table
from napari_skinseg.keys import KeyBindings
from napari_skinseg.loading import LoadedPhoto, load_photo
from napari_skinseg.prefetch import Prefetcher, claim_drafts
from napari_skinseg.saving import SaveJob, Saver
from napari_skinseg.watch import News, Watch, size_and_model
from trainer.project.errors import ConflictError

if TYPE_CHECKING:
    import numpy as np
    from napari.components import ViewerModel
    from napari.layers import Image, Labels
    from numpy.typing import NDArray

    from trainer.project import Project
    from trainer.project.masks import Revision
    from trainer.project.photos import Photo
    from trainer.project.queue import Claim, QueueEntry

EMPTY_RETRY_SECONDS = 2.0
CLOSE_SECONDS = 20.0


@dataclass(frozen=True)
class OpenPhoto:
    """The photo that is open, as the docks show it.

    Attributes
    ----------
    why
        Why the queue chose it.
    blind
        Shown without a suggestion, to measure the model fairly.
    model_id
        The model that made the suggestion on it, if any.
    seconds
        Active seconds on it so far; a minute without a sign of life does not count.
    """

    photo: Photo
    why: str
    blind: bool
    model_id: str | None
    revision: Revision | None
    strokes: int
    seconds: float


class AnnotationSession:
    """An annotator's session on a project.

    Parameters
    ----------
    viewer
        napari's viewer, or its model where no window is needed.
    project
        Must outlive the session.
    annotator
        Name under which work is saved.

    Notes
    -----
    `select_class`, `set_visible`, `set_locked`, `change_brush`, `change_opacity`, `peek`, `undo` and `redo`
    are those of `Tools` and `Desk`.
    """

    photo_changed = Signal()
    """Another photo, or none, is open."""
    state_changed = Signal()
    """Anything that a dock shows may have changed."""
    notice = Signal(str, str)
    """(level, text): level is "info", "warning" or "error"; the text is one line that says what to do."""
    help_requested = Signal()
    """The key table was asked for by key."""
    note_requested = Signal()
    """A flag was asked for by key: whoever listens asks for the note and calls `flag`."""

    def __init__(self, viewer: ViewerModel, project: Project, annotator: str) -> None:
        self.viewer, self.project, self.annotator = viewer, project, annotator
        self._id = 0 if project.read_only else project.start_session(annotator).id
        self._background = Background(self._trouble)
        self._desk = Desk(
            viewer, project, annotator, self._background, self.state_changed.emit, self._draft_failed
        )
        layers, tools = self._desk.layers, self._desk.tools
        self.select_class, self.set_visible, self.set_locked = (
            tools.select,
            tools.set_visible,
            tools.set_locked,
        )
        self.change_brush, self.change_opacity = tools.change_brush, tools.change_opacity
        self.peek, self.undo, self.redo = tools.peek, self._desk.undo, self._desk.redo
        self._keys = KeyBindings(viewer, (layers.annotation, layers.photo, layers.confidence))
        self._prefetch = Prefetcher(
            project, self._id, annotator, self._background, self._advance, self._unreadable
        )
        self._saver = Saver(
            project, self._id, annotator, self._background, self._saved, self._not_saved, self._conflict
        )
        self._watch = Watch(project, self._id, self._background, self._hear)
        self._facts = Facts()
        self._stats: Any = None
        self._problem = ""
        self._wanting = False
        self._opening: int | None = None
        self._visited: list[int] = []
        self._leaving: set[int] = set()
        self._closed = False
        self._resuming = not project.read_only
        self._next_heartbeat = time.monotonic() + self._heartbeat_seconds
        self._next_queue_look = 0.0
        if self._resuming:
            self._background.read(
                lambda: claim_drafts(project, self._id, annotator), self._resume, self._resume_failed
            )

    # What is open

    @property
    def current(self) -> OpenPhoto | None:
        """The open photo."""
        photo, desk = self._desk.photo, self._desk
        if photo is None:
            return None
        return OpenPhoto(
            photo.photo,
            photo.why,
            photo.blind,
            desk.model_id,
            photo.revision,
            desk.strokes,
            desk.stopwatch.seconds,
        )

    @property
    def status(self) -> str:
        """One sentence for the state the window is in."""
        if self._saver.failing:
            return self._problem
        if self._problem and self._desk.photo is None:
            return self._problem
        return sentence(
            self.current,
            self._facts,
            opening=self._wanting or self._opening is not None,
            queue_is_empty=self._prefetch.queue_is_empty,
            read_only=self.project.read_only,
        )

    @property
    def photo_layer(self) -> Image:
        """The photo, rgb uint8 (height, width, 3)."""
        return self._desk.layers.photo

    @property
    def annotation_layer(self) -> Labels:
        """The labels to edit, uint8 (height, width)."""
        return self._desk.layers.annotation

    @property
    def confidence_layer(self) -> Image:
        """The model's confidence, uint8 (height, width), hidden at first."""
        return self._desk.layers.confidence

    @property
    def provenance(self) -> NDArray[np.uint8]:
        """Who decided each pixel of the open photo, uint8 (height, width): see `provenance.py`."""
        self._desk.tracker.sync()
        return self._desk.tracker.array

    @property
    def selected_class(self) -> int:
        """Stored value that the brush paints; 0 erases."""
        return self._desk.tools.selected

    @property
    def locked(self) -> set[int]:
        """Stored values that painting never overwrites."""
        return set(self._desk.tools.locked)

    @property
    def hidden(self) -> set[int]:
        """Stored values that are not shown (and are saved all the same)."""
        return set(self._desk.tools.hidden)

    @property
    def unsaved(self) -> bool:
        """Whether the open photo holds work that no saved mask has."""
        return self._desk.unsaved

    @property
    def saving(self) -> int:
        """Masks that are on their way to the disk and not safe there yet."""
        return len(self._saver.pending)

    @property
    def facts(self) -> Facts:
        """Counts of the project, as they were at the last look."""
        return self._facts

    @property
    def stats(self) -> Any:
        """Photos, seconds and strokes per photo of this session (`Stats`), None before the first look."""
        return self._stats

    def queue_head(self, n: int) -> list[QueueEntry]:
        """Return what comes next, and why."""
        return self.project.queue_head(n)

    # What a person does

    def open_next(self) -> None:
        """Open the next photo of the queue as soon as it is there; does nothing while one is open."""
        if self._desk.photo is None and self._opening is None and self._may_write():
            self._problem = ""
            self._wanting = True
            self._prefetch.queue_is_empty = False
            self._advance()
            self.state_changed.emit()

    def open_photo(self, photo_id: int) -> None:
        """Open a certain photo; the one that is open waits with its work, and comes next."""
        desk = self._desk
        if self._closed or desk.drawing or (desk.photo is not None and desk.photo.id == photo_id):
            return
        if self._saver.is_failing(photo_id):
            self.notice.emit(
                "warning", "that photo is still being saved; it can be opened when that has worked"
            )
            return
        if desk.photo is not None:
            self._park(desk.let_go())
        self._wanting, self._problem = False, ""
        kept = self._prefetch.remove(photo_id)
        if kept is not None:
            self._show(kept)
            return
        self._opening = photo_id
        self._show(None)
        # Behind every save that is under way: one of them may be of this very photo.
        self._background.write(lambda: self._claim(photo_id), self._load, self._cannot_open)

    def back(self) -> None:
        """Open the photo before this one again, with its saved mask."""
        if not self._visited:
            self.notice.emit("info", "this is the first photo of the session")
        elif not self._desk.drawing:
            self.open_photo(self._visited.pop())

    def accept_and_next(self) -> None:
        """Accept the rest, save in the background, show the next photo.

        Every pixel with a proposed label becomes accepted, painted ones stay painted, and what is not
        labelled stays so.
        """
        if self._desk.photo is None:
            self.open_next()
        elif self._may_leave():
            if not self.annotation_layer.data.any():
                self.notice.emit(
                    "warning", "nothing is labelled on this photo yet: paint, or press K to skip it"
                )
                return
            left = self._desk.let_go()
            self._saver.submit(SaveJob(left, "save", leave=True))
            self._go_on(left)

    def save_part(self) -> None:
        """Save what has been painted and accepted, and stay; the rest remains a suggestion."""
        if self._desk.photo is not None and self._may_write():
            self._saver.submit(SaveJob(self._desk.part(), "part", leave=False))
            self.state_changed.emit()

    def skip(self) -> None:
        """Leave this photo for another day; unsaved strokes on it are kept as a draft."""
        if not self._may_leave():
            return
        left = self._desk.let_go()
        if left.unsaved:
            self.notice.emit("info", f"{left.photo.relpath}: your strokes are kept, B brings them back")

        def leave() -> None:
            self._keep_draft(left)
            self.project.record_visit(self._id, left.id, left.seconds, left.strokes, "skipped")
            self.project.skip(self._id, left.id)

        self._background.write(leave, lambda _: self._left(left))
        self._go_on(left)

    def flag(self, note: str) -> None:
        """Set this photo aside with a note; what has been painted on it is saved as a part."""
        if not self._may_leave():
            return
        left = self._desk.let_go()

        def leave() -> None:
            self.project.record_visit(self._id, left.id, left.seconds, left.strokes, "flagged")
            self.project.flag(self._id, left.id, note)

        if left.unsaved:
            self._saver.submit(SaveJob(left, "part", leave=True, note=note))
        else:
            self._background.write(leave, lambda _: self._left(left))
        self._go_on(left)

    def ask_for_note(self) -> None:
        """Have the dock ask for a flag's note; flag without one where no dock listens."""
        if len(self.note_requested):
            self.note_requested.emit()
        else:
            self.flag("")

    def lock_under_cursor(self) -> None:
        """Lock or free the class under the mouse."""
        self.notice.emit("info", self._desk.tools.lock_under_cursor())

    def train_now(self) -> None:
        """Ask the trainer for a round now."""
        if self._may_write():
            self._background.write(
                lambda: self.project.send_command("train_now", by=self.annotator),
                lambda _: self.notice.emit("info", "asked the trainer for a round now"),
            )

    def bindings(self) -> list[tuple[str, str, Callable[[], object]]]:
        """Return the one table of keys: (key, sentence, what it does)."""
        return list(key_table(self))

    # The main thread's heartbeat

    def poll(self) -> None:
        """Apply what threads have finished; see to autosave, refresh and leases. Never blocks."""
        if self._closed:
            return
        now = time.monotonic()
        self._background.poll()
        self._desk.poll(now)
        self._watch.poll(now, self._shown)
        self._saver.poll(now)
        if self.project.read_only:
            return
        if self._prefetch.queue_is_empty and now >= self._next_queue_look:
            self._next_queue_look = now + EMPTY_RETRY_SECONDS
            self._prefetch.fill(self._wanting, self._in_hand, look_again=True)
        if now >= self._next_heartbeat:
            self._next_heartbeat = now + self._heartbeat_seconds
            ids = self._in_hand
            self._background.write(lambda: self.project.extend(self._id, ids), lambda _: None)

    def close(self) -> None:
        """Put unfinished work in safety, finish saves, give everything back; waits for the disk."""
        if self._closed:
            return
        desk = self._desk
        left = desk.let_go() if desk.photo is not None else None
        waiting = [*([left] if left else []), *self._prefetch.ready]
        held = self._in_hand

        def leave() -> None:
            for photo in waiting:
                self._keep_draft(photo)
            if left is not None:
                self.project.record_visit(self._id, left.id, left.seconds, left.strokes, "left")
            for photo_id in held:
                self.project.release(self._id, photo_id)
            self.project.end_session(self._id)

        self._saver.retry()
        if not self.project.read_only:
            self._background.write(leave, lambda _: None)
        self._background.finish(CLOSE_SECONDS)
        self._closed = True
        for job in self._saver.pending:
            self.notice.emit("error", f"{job.photo.photo.relpath} could not be saved: {self._problem}")
        self._keys.release()
        self._background.close()
        desk.close()

    # From photo to photo

    @property
    def _heartbeat_seconds(self) -> float:
        return min(30.0, float(self.project.settings.queue.lease_seconds) / 4)

    @property
    def _in_hand(self) -> list[int]:
        """Photos that this session holds: open, being opened, waiting, or on their way to the disk."""
        opened = [] if self._desk.photo is None else [self._desk.photo.id]
        opening = [] if self._opening is None else [self._opening]
        saving = [job.photo.id for job in self._saver.pending]
        return list(dict.fromkeys([*opened, *opening, *self._prefetch.photo_ids, *saving, *self._leaving]))

    def _shown(self) -> dict[int, tuple[tuple[int, int], str | None]]:
        photo = self._desk.photo
        shown = {p.id: size_and_model(p, p.model_id) for p in self._prefetch.ready if p.takes_suggestions}
        if photo is not None and photo.takes_suggestions:
            shown[photo.id] = size_and_model(photo, self._desk.offered_by)
        return shown

    def _may_write(self) -> bool:
        if self.project.read_only:
            self.notice.emit("warning", "this project is open for reading only: nothing can be saved")
        return not (self.project.read_only or self._closed)

    def _may_leave(self) -> bool:
        return self._desk.photo is not None and not self._desk.drawing and self._may_write()

    def _go_on(self, left: LoadedPhoto) -> None:
        """Show the next photo, or nothing until it is there."""
        self._visited.append(left.id)
        self._leaving.add(left.id)
        self._problem = ""
        self._wanting = True
        following = self._prefetch.take()
        self._show(following)
        self._advance()

    def _advance(self) -> None:
        if self._closed or self._resuming:
            return
        if self._wanting:
            following = self._prefetch.take()
            if following is not None:
                self._show(following)
        self._prefetch.fill(self._wanting, self._in_hand)
        self.state_changed.emit()

    def _show(self, photo: LoadedPhoto | None) -> None:
        self._desk.show(photo)
        if photo is None:
            self._keys.release()
        else:
            self._wanting, self._opening, self._problem = False, None, ""
            self._keys.bind(key_table(self), {PEEK: self.peek})
            self._leaving.discard(photo.id)
            self._watch.soon()
        self.photo_changed.emit()
        self.state_changed.emit()
        if photo is not None and photo.draft_time is not None:
            at = time.strftime("%H:%M", time.localtime(photo.draft_time))
            self.notice.emit("info", f"restored unfinished work from {at}")

    def _park(self, left: LoadedPhoto) -> None:
        """Keep a photo and its work in hand while another one is open."""
        left.draft_time = None
        if not self.project.read_only:
            self._background.write(lambda: self._keep_draft(left), lambda _: None, self._draft_failed)
        self._prefetch.put_back(left)

    def _keep_draft(self, photo: LoadedPhoto) -> None:
        if photo.unsaved:
            self.project.save_draft(
                photo.id, self.annotator, photo.labels, photo.provenance, photo.base_revision, photo.model_id
            )

    def _claim(self, photo_id: int) -> Claim:
        if not self.project.read_only:
            return self.project.claim(self._id, photo_id)
        from trainer.project.queue import Claim

        return Claim(photo_id=photo_id, why="", blind=False, expires=float("inf"))

    def _load(self, claim: Claim) -> None:
        self._background.read(
            lambda: load_photo(self.project, self._id, self.annotator, claim), self._opened, self._cannot_open
        )

    def _opened(self, photo: LoadedPhoto) -> None:
        if self._opening == photo.id:
            self._show(photo)
            self._advance()

    def _cannot_open(self, error: BaseException) -> None:
        self._opening = None
        self._problem = f"{error} – press Space for the next photo"
        self.notice.emit("warning", str(error))
        self.state_changed.emit()

    def _unreadable(self, error: BaseException) -> None:
        self.notice.emit("warning", f"{error} – the queue goes on without it")

    def _resume(self, found: tuple[list[Claim], list[str]]) -> None:
        claims, taken = found
        self._resuming = False
        for claim in claims:
            self._prefetch.load(claim)
        for reason in taken:
            self.notice.emit("warning", f"unfinished work waits: {reason}")
        self._advance()

    def _resume_failed(self, error: BaseException) -> None:
        self._resuming = False
        self._trouble(error)
        self._advance()

    # What threads tell

    def _hear(self, news: News) -> None:
        if news.facts is not None:
            self._facts = news.facts
        self._stats = news.stats
        for photo_id, suggestion in news.suggestions.items():
            self._desk.offer(photo_id, suggestion)
            self._prefetch.refresh(photo_id, suggestion)
        self.state_changed.emit()

    def _left(self, left: LoadedPhoto) -> None:
        self._leaving.discard(left.id)
        self._watch.soon()

    def _saved(self, job: SaveJob, revision: Revision | None) -> None:
        if job.leave:
            self._left(job.photo)
        elif revision is not None:
            self._desk.saved(job.photo.id, revision)
        if not self._saver.failing:
            self._problem = ""
        self.state_changed.emit()

    def _not_saved(self, job: SaveJob, error: BaseException) -> None:
        self._problem = f"{job.photo.photo.relpath} is not saved yet: {error}; trying again every few seconds"
        self.notice.emit("error", self._problem)
        self.state_changed.emit()

    def _conflict(self, job: SaveJob, error: ConflictError) -> None:
        self.notice.emit("warning", str(error))

    def _draft_failed(self, error: BaseException) -> None:
        self.notice.emit("error", f"unfinished work cannot be put in safety: {error}")

    def _trouble(self, error: BaseException) -> None:
        self.notice.emit("error", str(error) or type(error).__name__)
        self.state_changed.emit()
