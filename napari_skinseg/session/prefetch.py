"""The photos in hand: claimed for this session, decoded ahead, in the order they will be shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_skinseg.session.background import Background
from napari_skinseg.session.loading import LoadedPhoto, Suggestion, load_or_release
from trainer.errors import SkinsegError
from trainer.labels.truth import merge

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from trainer.project.project import Project
    from trainer.project.queue import Lease

MOST_DRAFTS = 3
"""So many photos with unfinished work are opened again at the start."""


@dataclass(eq=False)
class _Slot:
    photo_id: int
    loaded: LoadedPhoto | None = None


class Prefetcher:
    """Keeps the next photos claimed and decoded. All methods belong to the main thread.

    Parameters
    ----------
    changed
        Called when a photo has become ready, or the queue has turned out to be empty.
    failed
        Called with the reason when a photo cannot be read; it has been given back before.
    in_hand
        Photos that the session holds, those that wait here among them: never claimed or decoded again.
    """

    def __init__(
        self,
        project: Project,
        session_id: int,
        annotator: str,
        background: Background,
        changed: Callable[[], None],
        failed: Callable[[BaseException], None],
        in_hand: Callable[[], list[int]],
    ) -> None:
        self._project = project
        self._session_id = session_id
        self._annotator = annotator
        self._background = background
        self._ahead = int(project.settings.window.prefetch)
        self._changed = changed
        self._failed = failed
        self._in_hand = in_hand
        self._slots: list[_Slot] = []
        self._unreadable: set[int] = set()
        self._claiming = False
        self.queue_is_empty = False

    @property
    def photo_ids(self) -> list[int]:
        """Photos claimed and not yet shown."""
        return [slot.photo_id for slot in self._slots]

    @property
    def ready(self) -> list[LoadedPhoto]:
        """Photos that can be shown at once."""
        return [slot.loaded for slot in self._slots if slot.loaded is not None]

    def take(self) -> LoadedPhoto | None:
        """Hand out the next photo if it is ready; order is kept, so that nobody waits behind another."""
        if self._slots and self._slots[0].loaded is not None:
            return self._slots.pop(0).loaded
        return None

    def put_back(self, loaded: LoadedPhoto) -> None:
        """Make a photo that was open the next one again, with the work on it."""
        self._slots.insert(0, _Slot(loaded.photo.id, loaded))

    def remove(self, photo_id: int) -> LoadedPhoto | None:
        """Take a certain photo out of the order; None where it is not in hand or not decoded yet."""
        for slot in self._slots:
            if slot.photo_id == photo_id:
                self._slots.remove(slot)
                return slot.loaded
        return None

    def load(self, claim: Lease) -> None:
        """Decode a claimed photo behind those that wait already, unless it was opened by hand meanwhile."""
        if claim.photo_id in self._in_hand():
            return
        slot = _Slot(claim.photo_id)
        self._slots.append(slot)

        def done(loaded: LoadedPhoto) -> None:
            slot.loaded = loaded
            self._changed()

        def failed(error: BaseException) -> None:
            if slot in self._slots:
                self._slots.remove(slot)
            self._unreadable.add(claim.photo_id)
            self._failed(error)
            self._changed()

        self._background.read(
            lambda: load_or_release(self._project, self._session_id, self._annotator, claim), done, failed
        )

    def refresh(self, photo_id: int, suggestion: Suggestion) -> None:
        """Put a newer suggestion into a photo that waits, in a thread."""
        loaded = next((loaded for loaded in self.ready if loaded.id == photo_id), None)
        if loaded is None or not loaded.takes_suggestions or loaded.unsaved:
            return

        def done(merged: tuple[NDArray[np.uint8], NDArray[np.uint8]]) -> None:
            if loaded in self.ready:  # else it lies on the desk by now, which looks for itself
                loaded.labels, loaded.provenance = merged
                loaded.confidence, loaded.model_id = suggestion.confidence, suggestion.model_id
                loaded.remarks = suggestion.remarks

        labels, provenance = loaded.labels, loaded.provenance
        self._background.read(lambda: merge(labels, provenance, suggestion.labels), done)

    def fill(self, wanting: bool, look_again: bool = False) -> None:
        """Claim more photos, one after the other, until enough are on their way.

        Parameters
        ----------
        wanting
            Whether somebody waits for a photo.
        look_again
            Ask even though the queue was empty the last time.
        """
        if self._claiming or (self.queue_is_empty and not look_again):
            return
        if len(self._slots) >= max(self._ahead, 1 if wanting else 0):
            return
        self._claiming = True
        exclude = [*self._in_hand(), *self._unreadable]

        def done(claim: Lease | None) -> None:
            self._claiming = False
            self.queue_is_empty = claim is None
            if claim is not None:
                self.load(claim)
            self._changed()

        def failed(error: BaseException) -> None:
            self._claiming = False
            self.queue_is_empty = True
            self._failed(error)

        self._background.read(
            lambda: self._project.queue.claim_next(self._session_id, exclude=exclude), done, failed
        )


def claim_drafts(project: Project, session_id: int, annotator: str) -> tuple[list[Lease], list[str]]:
    """Claim the photos of an annotator's latest unfinished work; also say of which ones others have.

    Older drafts (of photos that were skipped) come back when their photo is opened.
    """
    claims, taken = [], []
    for draft in project.drafts.of(annotator)[:MOST_DRAFTS]:
        try:
            claims.append(project.queue.claim(session_id, draft.photo_id))
        except SkinsegError as error:
            taken.append(str(error))
    return claims, taken
