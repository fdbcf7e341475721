"""Annotation session: the viewer's layers on one side, the project on the other, and all actions between.

No Qt, no torch. Slow work runs in threads; what comes of it reaches the layers only in `poll`, every 50 ms.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from psygnal import Signal

from napari_skinseg.session.early_keys import EarlyKeys
from napari_skinseg.session.leaving_keys import LeavingKeys, ResponsiveClock
from napari_skinseg.session.session_tools import SessionTools
from napari_skinseg.session.shortcuts import MOVING, PEEK, KeyBindings, KeyRow, key_table, reviewer_rows
from trainer.errors import UnreachableError
from trainer.project.states import FINISHED, AccessKind, CommandKind
from trainer.service.process import trainer_liveness

if TYPE_CHECKING:
    from napari.components import ViewerModel

    from napari_skinseg.session.project_watcher import News
    from napari_skinseg.session.saving import SaveJob
    from trainer.project.project import Project
    from trainer.project.revisions import Revision

CLOSE_SECONDS = 20.0


class AnnotationSession(SessionTools):
    """An annotator's session on a project: the actions, their signals, and the main thread's `poll`.

    Parameters
    ----------
    viewer
        napari's viewer, or its model where no window is needed.
    project
        Must outlive the session.
    annotator
        Name under which work is saved.
    """

    photo_changed = Signal()
    """Another photo, or none, is open."""
    note_requested = Signal()
    """A flag was asked for by key: the listener asks for the note and calls `flag`."""

    def __init__(self, viewer: ViewerModel, project: Project, annotator: str) -> None:
        super().__init__(viewer, project, annotator)
        layers = self._editor.layers
        self._keys = KeyBindings(viewer, (layers.annotation, layers.photo, layers.confidence))
        self._clock = ResponsiveClock()
        self._seen: int | None = None
        self._leaving = LeavingKeys(self, self._clock)
        self._early = EarlyKeys(self, self._leaving.accept_now)
        self._bind_keys()
        self._connect()

    # From photo to photo

    def open_next(self) -> None:
        """Open the next photo of the queue as soon as it is ready; does nothing while one is open."""
        if self._may_write():
            self._navigator.open_next()

    def open_photo(self, photo_id: int) -> None:
        """Open a certain photo; the one that is open waits with its work, and comes next."""
        photo = self._editor.photo
        if self._closed or (photo is not None and photo.id == photo_id) or not self._not_drawing():
            return
        if self._saver.is_failing(photo_id):
            self.notice.emit("warning", "that photo is still being saved; it can be opened afterwards")
        else:
            self._navigator.open(photo_id)

    def open_skipped(self) -> None:
        """Open the photo that was skipped first in this session."""
        if self._completion.skipped and self._may_write():
            self.open_photo(self._completion.skipped[0])

    def back(self) -> None:
        """Open the photo before this one again, with its saved mask."""
        if self._closed or not self._not_drawing():
            return
        before = self._navigator.previous
        if before is None:
            self.notice.emit("info", "this is the first photo of the session")
        else:
            self.open_photo(before)

    def take_back(self) -> None:
        """Open the photo that was accepted last as it was before that, and not done any more."""
        if not self._may_write():
            return
        photo_id = self._taking_back.photo_id
        if photo_id is None:
            self.notice.emit("info", "nothing to undo; B opens the photo before")
        elif self._saver.is_failing(photo_id):
            self.notice.emit("warning", "that photo is still being saved; it can be taken back afterwards")
        else:
            self._taking_back.take_back()

    def undo_or_take_back(self) -> None:
        """Undo the last step on the photo; directly after an accept, take that back."""
        if self.untouched:
            self.take_back()
        else:
            self.undo()

    def accept_and_next(self) -> None:
        """Accept the rest, save in the background, show the next photo.

        Pixels with a proposed label become accepted; what is painted, or not labelled, stays so.
        """
        if self._editor.photo is None:
            self.open_next()
        elif self._editor.select.has_selection:
            self.notice.emit("warning", "what is selected is not painted: Enter paints it, Escape drops it")
        elif self._may_leave():
            self._completion.accept()

    def accept_by_hand(self) -> None:
        """Accept as `accept_and_next` what has been seen; a mostly empty photo only when asked twice."""
        if self.is_following and not self.following:
            self.notice.emit("info", "R is still at work: look at what follows, then accept")
        elif self._leaving.suggestion_unseen:
            self.notice.emit("info", "a newer suggestion has just come: look at it, then accept")
        elif self._editor.photo is None or (self._may_leave() and not self._completion.asks_first()):
            self.accept_and_next()

    def save_part(self) -> None:
        """Save what has been painted and accepted, and stay; the rest remains a suggestion.

        A photo that had been accepted before stays a finished one.
        """
        if self._may_leave():
            self._completion.save_part()
            self.state_changed.emit()

    def skip(self) -> None:
        """Leave this photo for another day; unsaved strokes on it are kept as a draft."""
        if self._may_leave():
            self._completion.skip()

    def flag(self, note: str) -> None:
        """Set this photo aside with a note; what has been painted on it is saved as a part."""
        if self._may_leave():
            self._completion.flag(note)

    def ask_for_note(self) -> None:
        """Have the dock ask for a flag's note; flag without one where no dock listens."""
        if not len(self.note_requested):
            self.flag("")
        elif self._may_leave():
            self.note_requested.emit()

    def train_now(self) -> None:
        """Ask the trainer for a round now."""
        if self._may_write():
            self._background.write(self._send_train_now, self._train_now_sent)

    def bindings(self) -> list[KeyRow]:
        """Return the one table of keys: (key, sentence, callback)."""
        rows = key_table(self, self.project.classes)
        return [*rows, *reviewer_rows(self.reviewing)] if self.reviewing.is_reviewer else rows

    # The main thread's heartbeat

    def hold_threads(self) -> None:
        """Begin no work in threads until `release_threads`: drawing without a graphics card needs cores."""
        self._background.hold()

    def release_threads(self) -> None:
        """Begin the work that was held back, saves among it, in the order of the calls."""
        self._background.release()

    def poll(self) -> None:
        """Apply what threads have finished; see to autosave, refresh and leases. Never blocks."""
        if self._closed:
            return
        now = time.monotonic()
        self._clock.tick()
        self._leaving.poll()
        self._background.poll()
        self._editor.poll(now)
        self._editor.brush.poll()
        if self._watcher.is_due(now):
            self._watcher.look(now, self._navigator.suggestions_shown())
        self._saver.poll(now)
        if not self.project.read_only:
            self._navigator.poll(now)

    def close(self) -> None:
        """Write unfinished work, finish saves, release all photos; waits for the disk."""
        if self._closed:
            return
        self._leaving.accept_now()
        left, waiting = self._navigator.close()
        self._saver.retry()
        if not self.project.read_only:
            self._completion.leave(left, waiting)
        self._background.finish(CLOSE_SECONDS)
        for text in [*self._saver.strand(), *self._completion.stranded]:
            self.notice.emit("error", text)
        self._closed = True
        self._keys.release()
        self._background.close()
        self._editor.close()

    # Inside

    def _connect(self) -> None:
        for part in (self._editor, self._navigator, self._saver, self._watcher):
            part.changed.connect(self.state_changed.emit)
        speakers = (self._editor, self._navigator, self._saver, self._completion, self._watcher)
        for speaker in (*speakers, self._taking_back, self.history, self.reviewing, self.suggestions):
            speaker.notice.connect(self.notice.emit)
        self._editor.layers.adopted_layer.connect(self._keys.add)
        self._editor.suggested.connect(self._leaving.suggestion_shown)
        self._navigator.shown.connect(self._photo_shown)
        self._navigator.glance.shown.connect(self._see)
        self._saver.saved.connect(self._mask_saved)
        self._watcher.found.connect(self._project_changed)
        self._background.failed.connect(self._background_failed)

    def _may_leave(self) -> bool:
        return self._editor.photo is not None and self._not_drawing() and self._may_write()

    def _bind_keys(self) -> None:
        """Bind all keys; those for a photo wait for it while none is open."""
        held = {PEEK: self.peek, **self._leaving.held()}
        if self._editor.photo is None:
            held = {key: switch for key, switch in held.items() if key in MOVING}
        self._keys.bind(self._early.rows(self.bindings()), held)

    def _send_train_now(self) -> bool:
        """Send the command if a trainer runs that can take it; in a thread."""
        runs = trainer_liveness(self.project) == "running"
        if runs:
            self.project.trainer.send(CommandKind.TRAIN_NOW, by=self.annotator)
        return runs

    def _train_now_sent(self, sent: bool) -> None:
        if sent:
            self.notice.emit("info", "asked the trainer for a round now")
        else:
            self.notice.emit("warning", "the trainer is not running: press Start first")

    def _photo_shown(self) -> None:
        self._completion.opened(self._editor.photo)
        self._leaving.photo_shown()
        self._bind_keys()
        self._early.photo_shown()
        self._watcher.soon()
        self._see()
        self.photo_changed.emit()
        self.state_changed.emit()

    def _see(self) -> None:
        """Write into the access log which photo is seen now; the same one once, whatever mask it shows."""
        opened = self._editor.photo
        seen = self._navigator.glance.photo_id if opened is None else opened.id
        if seen is not None and seen != self._seen:
            self.light.begin_photo(seen)
            log, who = self.project.access, self.annotator
            self._background.write(lambda: log.note(who, AccessKind.WINDOW, [seen]), lambda _: None)
        self._seen = seen

    def _project_changed(self, news: News) -> None:
        if news.project_status is not None:
            self._project_status = news.project_status
        self._stats = news.stats
        for photo_id, suggestion in news.suggestions.items():
            self._navigator.offer(photo_id, suggestion)
        self.state_changed.emit()

    def _mask_saved(self, job: SaveJob, revision: Revision | None) -> None:
        if job.leave:
            self._navigator.left(job.photo.id)
            self._watcher.soon()
            if job.kind in FINISHED and job.note is None:
                takes = "Ctrl+Z takes it back, B opens it again" if self.untouched else "B opens it again"
                self.notice.emit("info", f"saved; {takes}")
                self._editor.layers.words.forget_with_stroke()
        elif revision is not None:
            self._editor.saved(job.photo.id, revision)
            if not job.lost:
                more = "" if job.kind in FINISHED else " as a part: Space accepts the rest and goes on"
                self.notice.emit("info", f"saved{more}")
        self.state_changed.emit()

    def _background_failed(self, error: BaseException) -> None:
        if isinstance(error, UnreachableError):
            self._watcher.soon()  # it says so, once for all that fails meanwhile
            return
        self.notice.emit("error", str(error) or type(error).__name__)
        self.state_changed.emit()
