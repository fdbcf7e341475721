"""Refusal of a newer suggestion: a person dropped that of the open photo, or chose another in its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from napari_skinseg.layers.provenance import ProvenanceTracker
    from napari_skinseg.layers.refresh import Refresh


class Refusal:
    """The photo that gets no newer suggestion; one that is undone is none.

    Parameters
    ----------
    tracker
        Of the open photo.
    """

    def __init__(self, tracker: ProvenanceTracker) -> None:
        self._tracker = tracker
        self._photo_id: int | None = None
        self._step: Refresh | None = None
        self._labels: NDArray[np.uint8] | None = None

    def make(self, photo_id: int, labels: NDArray[np.uint8]) -> None:
        """Refuse newer suggestions for the open photo, by the step that was just done.

        Parameters
        ----------
        photo_id
            The open photo.
        labels
            uint8, of any size: what is suggested instead; zeros: nothing is.
        """
        self._photo_id, self._step, self._labels = photo_id, self._tracker.newest_plan, labels

    def lift(self) -> None:
        """Refuse nothing any more: the model was asked."""
        self._photo_id = self._step = self._labels = None

    @property
    def instead(self) -> NDArray[np.uint8] | None:
        """What a person put in place of the open photo's suggestion; None: that of the model stands."""
        stands = self._step is not None and self._tracker.stands(self._step)
        return self._labels if stands else None

    def holds(self, photo_id: int) -> bool:
        """Return whether a photo gets no newer suggestion."""
        stands = self._step is None or self._tracker.stands(self._step)
        return photo_id == self._photo_id and stands

    def leave_photo(self) -> None:
        """Keep what is refused, and not the step, before the history of another photo begins."""
        if self._step is not None and not self._tracker.stands(self._step):
            self._photo_id = None
        self._step = self._labels = None
