"""Prefetch: the next photos, claimed for this session and decoded ahead, in order."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from psygnal import Signal

from napari_skinseg.session.loading import load_or_release
from trainer.errors import SkinsegError, UnreachableError
from trainer.labels.truth import merge
from trainer.project.annotators.holders import OtherWindowError
from trainer.project.maintenance.stranded import take_up_stranded
from trainer.project.queue.lease import ASKED
from trainer.project.queue.queue_filter import EVERYTHING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from napari_skinseg.session.background import Background
    from napari_skinseg.session.loading import LoadedPhoto
    from napari_skinseg.session.suggestion import Suggestion
    from trainer.project.project import Project
    from trainer.project.queue.queue import Lease
    from trainer.project.queue.queue_filter import QueueFilter

MOST_DRAFTS = 3
"""Photos with unfinished work that are opened again at the start, at most."""


@dataclass(eq=False)
class _Slot:
    photo_id: int
    loaded: LoadedPhoto | None = None
    unread: Lease | None = None
    """To be read once the project can be reached again."""
    fresh: bool = False
    """Whether the queue has chosen it, and nobody has seen it yet."""
    returned: bool = False
    """Whether a reviewer has sent it back."""


class Prefetcher:
    """Keeps the next photos claimed and decoded. All methods belong to the main thread."""

    changed = Signal()
    """A photo has become ready, or the queue has turned out to be empty."""
    claimed = Signal(object)
    """A photo was claimed: its `Lease`, to be given to `load` unless the session holds the photo already."""
    unreadable = Signal(object)
    """A photo cannot be read: the exception; the photo has been released."""

    def __init__(self, project: Project, session_id: int, annotator: str, background: Background) -> None:
        self._project = project
        self._session_id = session_id
        self._annotator = annotator
        self._background = background
        self._ahead = int(project.settings.window.prefetch)
        self._slots: list[_Slot] = []
        self._unreadable: set[int] = set()
        self._called: set[int] = set()
        """Photos that others were given back for, until they come."""
        self._claiming = self._giving_back = False
        self._wanted = EVERYTHING
        self.queue_is_empty = False
        self.away = False
        """Whether the project could not be reached: nothing is asked of it until `come_back`."""

    @property
    def photo_ids(self) -> list[int]:
        """Photos claimed and not yet shown."""
        return [slot.photo_id for slot in self._slots]

    @property
    def ready(self) -> list[LoadedPhoto]:
        """Photos that can be shown at once."""
        return [slot.loaded for slot in self._slots if slot.loaded is not None]

    def take(self) -> LoadedPhoto | None:
        """Remove and return the next photo; None while it is not ready, even if a later one is."""
        if self._slots and self._slots[0].loaded is not None:
            return self._slots.pop(0).loaded
        return None

    def put_back(self, loaded: LoadedPhoto) -> None:
        """Make a photo the next one, with the work on it."""
        self._slots.insert(0, _Slot(loaded.photo.id, loaded))

    def remove(self, photo_id: int) -> LoadedPhoto | None:
        """Remove and return a certain photo; None where it does not wait here or is not decoded yet."""
        for slot in self._slots:
            if slot.photo_id == photo_id:
                self._slots.remove(slot)
                return slot.loaded
        return None

    def load(self, claim: Lease) -> None:
        """Decode a claimed photo behind those that wait already."""
        slot = _Slot(claim.photo_id, fresh=claim.why != ASKED, returned=claim.returned)
        self._called.discard(claim.photo_id)
        self._slots.append(slot)
        self._read(slot, claim)

    def come_back(self) -> None:
        """Ask the project again, and read what could not be read while it was away."""
        self.away = False
        for slot in self._slots:
            if slot.unread is not None:
                self._read(slot, slot.unread)

    def _read(self, slot: _Slot, claim: Lease) -> None:
        slot.unread = None

        def done(loaded: LoadedPhoto) -> None:
            slot.loaded = loaded
            self.changed.emit()

        def failed(error: BaseException) -> None:
            if isinstance(error, UnreachableError):  # it is still ours
                slot.unread, self.away = claim, True
                return
            if slot in self._slots:
                self._slots.remove(slot)
            self._unreadable.add(claim.photo_id)
            self.unreadable.emit(error)
            self.changed.emit()

        self._background.read(
            lambda: load_or_release(self._project, self._session_id, self._annotator, claim), done, failed
        )

    def refresh(self, photo_id: int, suggestion: Suggestion) -> None:
        """Put a newer suggestion into a photo that waits, in a thread."""
        slot = next((slot for slot in self._slots if slot.loaded and slot.photo_id == photo_id), None)
        loaded = slot.loaded if slot else None
        if slot is None or loaded is None or not loaded.takes_suggestions or loaded.unsaved:
            return

        def done(merged: tuple[NDArray[np.uint8], NDArray[np.uint8]]) -> None:
            if slot in self._slots and slot.loaded:  # else it is open by now, and the editor refreshes it
                slot.loaded = replace(
                    slot.loaded,
                    labels=merged[0],
                    provenance=merged[1],
                    confidence=suggestion.confidence,
                    model_id=suggestion.model_id,
                    extras=suggestion.extras,
                    held=suggestion.held_share,
                )

        labels, provenance = loaded.labels, loaded.provenance
        self._background.read(lambda: merge(labels, provenance, suggestion.shown), done)

    def expect_photos(self) -> None:
        """Ask the queue at the next `fill`, even though it was empty the last time."""
        self.queue_is_empty = False

    def refilter(self, wanted: QueueFilter) -> None:
        """Claim only what passes a filter from now on, and give back what the queue has chosen before."""
        self._wanted, self.queue_is_empty = wanted, False
        self._drop([slot for slot in self._slots if slot.fresh])

    def make_way(self, photo_ids: list[int]) -> None:
        """Give back what the queue has chosen before photos that were sent back: these come first.

        Once for each, or one that cannot be had would have the others read again and again.
        """
        called = set(photo_ids) - self._called - self._unreadable
        if called and not (self._claiming or self._giving_back or self.away):
            self._called |= called
            self.queue_is_empty = False
            self._drop([slot for slot in self._slots if slot.fresh and not slot.returned])

    def _drop(self, gone: list[_Slot]) -> None:
        self._slots = [slot for slot in self._slots if slot not in gone]
        if gone:
            self._give_back([slot.photo_id for slot in gone])

    def _give_back(self, photo_ids: list[int]) -> None:
        """Release photos before any other is claimed: they may be those that come next."""
        self._giving_back = True

        def release() -> None:
            for photo_id in photo_ids:
                self._project.queue.release(self._session_id, photo_id)

        def done(_: object) -> None:
            self._giving_back = False
            self.changed.emit()

        self._background.write(release, done, done)

    def fill(self, wanting: bool, held_ids: list[int], look_again: bool = False) -> None:
        """Lease more photos, one after the other, until enough are on their way; one while one is waited for.

        Parameters
        ----------
        wanting
            Whether the annotator waits for a photo.
        held_ids
            Photos that the session holds, those that wait here among them: not claimed again.
        look_again
            Ask the queue even though the queue was empty the last time.
        """
        if self._claiming or self._giving_back or self.away or (self.queue_is_empty and not look_again):
            return
        if len(self._slots) >= (1 if wanting else self._ahead):  # what is waited for gets all cores
            return
        self._claiming = True
        exclude, wanted = [*held_ids, *self._unreadable], self._wanted

        def done(claim: Lease | None) -> None:
            self._claiming = False
            if wanted != self._wanted:  # the filter has changed meanwhile
                if claim is not None:
                    self._give_back([claim.photo_id])
                self.changed.emit()
                return
            self.queue_is_empty = claim is None
            if claim is not None:
                self.claimed.emit(claim)
            self.changed.emit()

        def failed(error: BaseException) -> None:
            self._claiming = False
            if isinstance(error, UnreachableError):
                self.away = True
                return
            self.queue_is_empty = True
            self.unreadable.emit(error)

        self._background.read(
            lambda: self._project.queue.claim_next(self._session_id, exclude, wanted), done, failed
        )


def claim_drafts(project: Project, session_id: int, annotator: str) -> tuple[list[Lease], list[str]]:
    """Lease the photos of an annotator's latest drafts; also return why others could not be claimed.

    Older drafts (of photos that were skipped) come back when their photo is opened.
    """
    claims, taken = [], []
    take_up_stranded(project, annotator)
    for draft in project.drafts.of(annotator)[:MOST_DRAFTS]:
        try:
            claims.append(project.queue.claim(session_id, draft.photo_id))
        except OtherWindowError:
            continue  # goes on there
        except SkinsegError as error:
            taken.append(str(error))
    return claims, taken
