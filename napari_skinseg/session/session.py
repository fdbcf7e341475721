"""One annotator at work: the viewer's layers on one side, the project on the other, and all behaviour here.

No Qt and no torch. Slow work runs in threads; their results reach the layers only in `poll`, which the dock
calls every 50 ms.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from psygnal import Signal

from napari_skinseg.session.background import Background
from napari_skinseg.session.editor import Desk
from napari_skinseg.session.key_table import MOVING, PEEK, key_table
from napari_skinseg.session.loading import LoadedPhoto
from napari_skinseg.session.navigator import Route
from napari_skinseg.session.photo_info import OpenPhoto
from napari_skinseg.session.project_watcher import News, Shown, Watch, size_and_model
from napari_skinseg.session.saving import SaveJob, Saver
from napari_skinseg.session.shortcuts import KeyBindings
from napari_skinseg.session.status import Facts, sentence
from trainer.errors import ConflictError
from trainer.project.queue import QueueEntry
from trainer.project.states import CommandKind, PhotoState, RevisionKind, VisitOutcome
from trainer.service.process import trainer_liveness

if TYPE_CHECKING:
    import numpy as np
    from napari.components import ViewerModel
    from napari.layers import Image, Labels
    from numpy.typing import NDArray

    from napari_skinseg.layers.overlays import Overlays
    from trainer.project.project import Project
    from trainer.project.review import ReviewEntry
    from trainer.project.revisions import Revision

CLOSE_SECONDS = 20.0


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
    """(level, text): level is "info" (for the status line), "news" (to be noticed), "warning" or "error"; the
    text is one line that says what to do."""
    help_requested = Signal()
    """The key table was asked for by key."""
    note_requested = Signal()
    """A flag was asked for by key: whoever listens asks for the note and calls `flag`."""

    def __init__(self, viewer: ViewerModel, project: Project, annotator: str) -> None:
        self.viewer, self.project, self.annotator = viewer, project, annotator
        self._id = 0 if project.read_only else project.sessions.start(annotator).id
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
        self.peek, self.undo, self.redo = self._desk.peek, self._desk.undo, self._desk.redo
        self._keys = KeyBindings(viewer, (layers.annotation, layers.photo, layers.confidence))
        self._route = Route(
            project, self._id, annotator, self._desk, self._background, self._shown, self._changed, self._say
        )
        self._saver = Saver(
            project, self._id, annotator, self._background, self._saved, self._not_saved, self._conflict
        )
        self._watch = Watch(project, self._id, self._background, self._hear, self._lost)
        self._bind_keys()
        layers.came.connect(self._keys.add)
        self._facts = Facts(first_model_after=project.settings.queue.first_model_after)
        self._stats: Any = None
        self._closed = False
        self._next_heartbeat = time.monotonic() + self._heartbeat_seconds

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
            photo.finished,
            photo.first_trained,
        )

    @property
    def status(self) -> str:
        """One sentence for the state the window is in."""
        if self._saver.failing:
            return self._saver.trouble
        if self._route.problem and self._desk.photo is None:
            return self._route.problem
        return sentence(
            self.current,
            self.facts,
            opening=self._route.opening,
            read_only=self.project.read_only_reason,
        )

    @property
    def facts(self) -> Facts:
        """Counts of the project, at most a second or two old."""
        return replace(self._facts, queue_is_empty=self._route.waiting.queue_is_empty)

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
    def overlays(self) -> Overlays:
        """Map of likely errors and boxes, both off at first."""
        return self._desk.overlays

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
    def stats(self) -> Any:
        """Photos, seconds and strokes per photo of this session (`Stats`), None before the first look."""
        return self._stats

    def queue_head(self, n: int) -> list[QueueEntry]:
        """Return what comes next, and why: the photos that wait decoded, then the head of the queue."""
        waiting = [QueueEntry(p.id, p.photo.relpath, None, p.why) for p in self._route.waiting.ready]
        known = {entry.photo_id for entry in waiting}
        return [*waiting, *(e for e in self.project.queue.head(n) if e.photo_id not in known)][:n]

    def review(self, state: PhotoState, n: int, show: Callable[[list[ReviewEntry]], None]) -> None:
        """Have `show` called with photos in a state, read in a thread."""
        if not self._closed:
            self._background.read(lambda: self.project.review.entries(state, n), show)

    # What a person does

    def open_next(self) -> None:
        """Open the next photo of the queue as soon as it is there; does nothing while one is open."""
        if self._may_write():
            self._route.open_next()

    def open_photo(self, photo_id: int) -> None:
        """Open a certain photo; the one that is open waits with its work, and comes next."""
        photo = self._desk.photo
        if self._closed or (photo is not None and photo.id == photo_id) or not self._hands_free():
            return
        if self._saver.is_failing(photo_id):
            self.notice.emit(
                "warning", "that photo is still being saved; it can be opened when that has worked"
            )
        else:
            self._route.open(photo_id)

    def back(self) -> None:
        """Open the photo before this one again, with its saved mask."""
        if self._closed or not self._hands_free():
            return
        before = self._route.previous
        if before is None:
            self.notice.emit("info", "this is the first photo of the session")
        else:
            self.open_photo(before)

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
            try:
                self._route.go_on(left)  # first, so that whoever draws it can hold the threads back
            finally:
                self._saver.submit(SaveJob(left, RevisionKind.SAVE, leave=True))

    def save_part(self) -> None:
        """Save what has been painted and accepted, and stay; the rest remains a suggestion.

        A photo that had been accepted before stays a finished one.
        """
        if self._desk.photo is not None and self._hands_free() and self._may_write():
            part = self._desk.part()
            self._saver.submit(
                SaveJob(part, RevisionKind.SAVE if part.finished else RevisionKind.PART, leave=False)
            )
            self.state_changed.emit()

    def skip(self) -> None:
        """Leave this photo for another day; unsaved strokes on it are kept as a draft."""
        if not self._may_leave():
            return
        left = self._desk.let_go()
        if left.unsaved:
            self.notice.emit("info", f"{left.photo.relpath}: your strokes are kept, B brings them back")

        def leave() -> None:
            self._route.keep_draft(left)
            self.project.sessions.record_visit(
                self._id, left.id, left.seconds, left.strokes, VisitOutcome.SKIPPED
            )
            self.project.queue.skip(self._id, left.id)

        self._background.write(leave, lambda _: self._left(left.id))
        self._route.go_on(left)

    def flag(self, note: str) -> None:
        """Set this photo aside with a note; what has been painted on it is saved as a part."""
        if not self._may_leave():
            return
        left = self._desk.let_go()

        def leave() -> None:
            self.project.sessions.record_visit(
                self._id, left.id, left.seconds, left.strokes, VisitOutcome.FLAGGED
            )
            self.project.queue.flag(self._id, left.id, note)

        if left.unsaved:
            self._saver.submit(SaveJob(left, RevisionKind.PART, leave=True, note=note))
        else:
            self._background.write(leave, lambda _: self._left(left.id))
        self._route.go_on(left)

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
            self._background.write(self._order_round, self._round_ordered)

    def toggle(self, name: str) -> None:
        """Switch the likely errors or the boxes on or off; `name` is a key of `overlays.wanted`."""
        self.show_overlay(name, not self.overlays.wanted[name])
        if not self.overlays.available[name]:
            switched = "on" if self.overlays.wanted[name] else "off"
            there = "no photo is open" if self._desk.photo is None else "nothing to show on this photo"
            self.notice.emit("info", f"{name} {switched}: {there}")

    def show_overlay(self, name: str, on: bool) -> None:
        """Show or hide the likely errors or the boxes, on this photo and those that follow."""
        self.overlays.want(name, on)
        self.state_changed.emit()

    def bindings(self) -> list[tuple[str, str, Callable[[], object]]]:
        """Return the one table of keys: (key, sentence, what it does)."""
        return list(key_table(self))

    # The main thread's heartbeat

    def hold_threads(self) -> None:
        """Begin no work in threads until `release_threads`: drawing without a graphics card needs cores."""
        self._background.hold()

    def release_threads(self) -> None:
        """Begin the work that was held back, saves among it, in the order it was asked for."""
        self._background.release()

    def poll(self) -> None:
        """Apply what threads have finished; see to autosave, refresh and leases. Never blocks."""
        if self._closed:
            return
        now = time.monotonic()
        self._background.poll()
        self._desk.poll(now)
        self._watch.poll(now, self._suggestions_shown)
        self._saver.poll(now)
        if not self.project.read_only:
            self._route.poll(now)
            self._extend_leases(now)

    def close(self) -> None:
        """Put unfinished work in safety, finish saves, give everything back; waits for the disk."""
        if self._closed:
            return
        left, waiting = self._route.close()

        def leave() -> None:
            for photo in [*([left] if left else []), *waiting]:
                self._route.keep_draft(photo)
            if left is not None:
                self.project.sessions.record_visit(
                    self._id, left.id, left.seconds, left.strokes, VisitOutcome.LEFT
                )
            self.project.sessions.end(self._id)

        self._saver.retry()
        if not self.project.read_only:
            self._background.write(leave, lambda _: None)
        self._background.finish(CLOSE_SECONDS)
        for job in self._saver.pending:
            self.notice.emit("error", f"{job.photo.photo.relpath} could not be saved: {self._saver.trouble}")
        self._closed = True
        self._keys.release()
        self._background.close()
        self._desk.close()

    # Inside

    @property
    def _heartbeat_seconds(self) -> float:
        return min(30.0, float(self.project.settings.queue.lease_seconds) / 4)

    def _extend_leases(self, now: float) -> None:
        if now >= self._next_heartbeat:
            self._next_heartbeat = now + self._heartbeat_seconds
            ids = self._route.in_hand
            self._background.write(lambda: self.project.queue.extend(self._id, ids), lambda _: None)

    def _suggestions_shown(self) -> dict[int, Shown]:
        photo = self._desk.photo
        shown = {
            p.id: size_and_model(p, p.model_id) for p in self._route.waiting.ready if p.takes_suggestions
        }
        if photo is not None and photo.takes_suggestions:
            shown[photo.id] = size_and_model(photo, self._desk.offered_by)
        return shown

    def _may_write(self) -> bool:
        if self.project.read_only:
            self.notice.emit("warning", f"nothing can be saved: {self.project.read_only_reason}")
        return not (self.project.read_only or self._closed)

    def _may_leave(self) -> bool:
        return self._desk.photo is not None and self._hands_free() and self._may_write()

    def _hands_free(self) -> bool:
        """Whether nothing is half drawn; a half-drawn line would be lost, and holding back is told."""
        if self._desk.drawing:
            self.notice.emit("warning", "a line is half drawn: finish it, or press Escape to drop it")
        return not self._desk.drawing

    def _shown(self, photo: LoadedPhoto | None) -> None:
        self._bind_keys()
        self._watch.soon()
        self.photo_changed.emit()
        self.state_changed.emit()
        if photo is not None and photo.draft_time is not None:
            at = time.strftime("%H:%M", time.localtime(photo.draft_time))
            self.notice.emit("news", f"restored unfinished work from {at}")
        if photo is not None and photo.damage:
            self.notice.emit("warning", f"{photo.photo.relpath}: {photo.damage}")

    def _bind_keys(self) -> None:
        """Take all keys while a photo is open, else only those that lead to one."""
        rows = key_table(self)
        if self._desk.photo is None:
            rows = [row for row in rows if row.key in MOVING]
        self._keys.bind(rows, {PEEK: self.peek})

    def _changed(self) -> None:
        self.state_changed.emit()

    def _say(self, level: str, text: str) -> None:
        self.notice.emit(level, text)

    def _order_round(self) -> bool:
        """Send the order, unless nobody is there to take it; runs in a thread."""
        runs = trainer_liveness(self.project) == "running"
        if runs:
            self.project.trainer.send(CommandKind.TRAIN_NOW, by=self.annotator)
        return runs

    # What threads tell

    def _round_ordered(self, sent: bool) -> None:
        if sent:
            self.notice.emit("info", "asked the trainer for a round now")
        else:
            self.notice.emit("warning", "the trainer is not running: press Start first")

    def _hear(self, news: News) -> None:
        if news.facts is not None:
            self._facts = news.facts
        self._stats = news.stats
        for photo_id, suggestion in news.suggestions.items():
            self._desk.offer(photo_id, suggestion)
            self._route.waiting.refresh(photo_id, suggestion)
        self.state_changed.emit()

    def _left(self, photo_id: int) -> None:
        self._route.left(photo_id)
        self._watch.soon()

    def _saved(self, job: SaveJob, revision: Revision | None) -> None:
        if job.leave:
            self._left(job.photo.id)
        elif revision is not None:
            self._desk.saved(job.photo.id, revision)
        self.state_changed.emit()

    def _not_saved(self, job: SaveJob, error: BaseException) -> None:
        self.notice.emit("error", self._saver.trouble)
        self.state_changed.emit()

    def _conflict(self, job: SaveJob, error: ConflictError) -> None:
        self.notice.emit("warning", str(error))

    def _draft_failed(self, error: BaseException) -> None:
        self.notice.emit("error", f"unfinished work cannot be put in safety: {error}")

    def _lost(self, error: BaseException) -> None:
        self.notice.emit("error", f"{self.project.path} cannot be read: {error}")

    def _trouble(self, error: BaseException) -> None:
        self.notice.emit("error", str(error) or type(error).__name__)
        self.state_changed.emit()
