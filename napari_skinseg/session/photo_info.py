"""Description of the open photo, for sentences and docks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari_skinseg.session.loading import LoadedPhoto
    from trainer.project.photos.photos import Photo
    from trainer.project.revisions import Revision


@dataclass(frozen=True)
class PhotoInfo:
    """Description of the open photo.

    Attributes
    ----------
    why
        The queue's reason for it.
    blind
        Shown without a suggestion, to measure the model fairly.
    model_id
        The model that made the suggestion on it, if any.
    finished
        Saved as a whole before.
    first_trained
        The first model that learnt from its mask, and when that was made.
    seconds
        Active seconds on it until the last activity: they stand still while nobody moves, and then take in
        the pause, unless it was over a minute.
    held
        Share of it whose suggestion is held back.
    """

    photo: Photo
    why: str
    blind: bool
    model_id: str | None
    revision: Revision | None
    strokes: int
    seconds: float
    finished: bool = False
    first_trained: tuple[str, float] | None = None
    held: float = 0.0

    @classmethod
    def of(
        cls, photo: LoadedPhoto, model_id: str | None, strokes: int, seconds: float, held: float
    ) -> PhotoInfo:
        """Describe a photo as it was loaded, and what has become of it since."""
        about = (photo.photo, photo.why, photo.blind, model_id, photo.revision, strokes, seconds)
        return cls(*about, photo.finished, photo.first_trained, held)
