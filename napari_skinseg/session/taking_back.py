"""Accepts taken back: the last thirty, each photo as it was before the key."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from psygnal import Signal

from trainer.project.states import RevisionKind

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_skinseg.session.background import Background
    from napari_skinseg.session.loading import LoadedPhoto
    from napari_skinseg.session.navigator import PhotoNavigator
    from trainer.project.project import Project

KEPT = 30
"""Accepts that can be taken back."""


@dataclass(eq=False)
class _Accepted:
    """One accept: the photo's mask before it, packed, and the revision that it began from."""

    photo_id: int
    base: str | None
    was_part: bool
    model_id: str | None
    shape: tuple[int, ...]
    labels: bytes = b""
    provenance: bytes = b""

    def pack(self, labels: NDArray[np.uint8], provenance: NDArray[np.uint8]) -> None:
        """Keep the mask: of 12 megapixels some ten thousand bytes remain."""
        self.labels = zlib.compress(labels.tobytes(), 1)
        self.provenance = zlib.compress(provenance.tobytes(), 1)

    def mask(self) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Return labels and provenance, uint8 (height, width)."""
        labels, provenance = (
            np.frombuffer(zlib.decompress(packed), np.uint8).reshape(self.shape).copy()
            for packed in (self.labels, self.provenance)
        )
        return labels, provenance


class TakingBack:
    """Remembers accepts, and takes the last one back. All methods belong to the main thread.

    Parameters
    ----------
    project, annotator
        Whose saves are reverted.
    background
        Writes, behind the saves themselves.
    navigator
        Opens the photo again.
    """

    notice = Signal(str, str)
    """Level and text of what the annotator should know."""

    def __init__(
        self, project: Project, annotator: str, background: Background, navigator: PhotoNavigator
    ) -> None:
        self._project, self._annotator = project, annotator
        self._background, self._navigator = background, navigator
        self._accepted: list[_Accepted] = []

    @property
    def photo_id(self) -> int | None:
        """The photo that was left last, where it was left by an accept; else None."""
        last = self._accepted[-1].photo_id if self._accepted else None
        return last if last == self._navigator.previous else None

    def keep(self, left: LoadedPhoto) -> None:
        """Remember an accept that has just been handed to the writing thread."""
        was_part = left.revision is not None and left.revision.kind == RevisionKind.PART
        accepted = _Accepted(left.id, left.base_revision, was_part, left.model_id, left.labels.shape)
        self._accepted = [*self._accepted, accepted][-KEPT:]
        self._background.write(lambda: accepted.pack(left.labels, left.provenance), lambda _: None)

    def take_back(self) -> None:
        """Make the last accepted photo as it was before, and open it."""
        accepted = self._accepted.pop()
        self._background.write(lambda: self._revert(accepted), self._reverted)
        self._navigator.open(accepted.photo_id, quiet=True)  # claims it behind that, in the same thread

    def _revert(self, accepted: _Accepted) -> str:
        """Revert the save, and keep the work before it as a draft; return why not, or an empty string."""
        project, photo_id, who = self._project, accepted.photo_id, self._annotator
        head = project.masks.head(photo_id)
        if head is None or head.annotator != who or head.parent_id != accepted.base:
            return "the photo was saved again meanwhile: it opens as it is now"
        labels, provenance = accepted.mask()
        # Before the revert: a kill between the two would lose the work on it. And without a base:
        # beside a mask of theirs a draft goes on from that, and afterwards there may be none.
        project.drafts.save(photo_id, who, labels, provenance, None, accepted.model_id)
        to = None if accepted.was_part else accepted.base
        made = project.masks.revert(photo_id, to, who, keep_draft=True)
        if accepted.was_part:  # no part again by a revert alone, which makes a finished mask of it
            made = project.masks.save(
                photo_id, labels, provenance, who, None, RevisionKind.PART, accepted.model_id
            )
        if made is not None:
            project.drafts.save(photo_id, who, labels, provenance, made.id, accepted.model_id)
        project.sessions.take_back(who, photo_id)
        return ""

    def _reverted(self, trouble: str) -> None:
        words = trouble or "taken back: the photo is as before, and not done"
        self.notice.emit("warning" if trouble else "info", words)
