"""Loading of a photo: its pixels, the work so far and the model's suggestion, read in a thread."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from napari_skinseg.layers.prediction_extras import NO_EXTRAS, PredictionExtras
from napari_skinseg.layers.pyramid import pyramid
from napari_skinseg.session.suggestion import read_suggestion
from trainer.errors import MaskError
from trainer.labels.truth import merge
from trainer.project.queue.assignments import SECOND, returned_words
from trainer.project.states import RevisionKind, VerdictKind

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trainer.project.masks.drafts import Draft
    from trainer.project.photos.photos import Photo
    from trainer.project.project import Project
    from trainer.project.queue.queue import Lease
    from trainer.project.review.readings import Reading
    from trainer.project.revisions import Revision

NOTE_LETTERS = 600
"""So many letters of a reviewer's note stand beside the photo; the tab *Review* and the tip show all."""


@dataclass(frozen=True, eq=False)
class LoadedPhoto:
    """A photo ready to be shown, with the work on it.

    Attributes
    ----------
    levels
        The photo's pyramid, largest first, uint8 (height, width, 3), EXIF-oriented.
    labels, provenance
        uint8 (height, width): the work so far, with the suggestion where nothing is decided. The layers edit
        these very arrays while the photo is open.
    finished
        Saved as a whole before: no newer suggestion is put into it.
    first_trained
        The first model that learnt from its mask, and when that was made.
    draft_time
        Time of the draft that its work was restored from, seconds since the epoch.
    unsaved
        It holds work that no saved mask has.
    damage
        The error of its saved mask, which counts as none then.
    held
        Share of the photo whose suggestion is held back.
    second
        The annotator is its second reader, whose mask stays beside the first.
    """

    photo: Photo
    why: str
    blind: bool
    levels: list[NDArray[np.uint8]]
    labels: NDArray[np.uint8]
    provenance: NDArray[np.uint8]
    confidence: NDArray[np.uint8] | None
    model_id: str | None
    revision: Revision | None
    base_revision: str | None
    finished: bool
    first_trained: tuple[str, float] | None = None
    draft_time: float | None = None
    unsaved: bool = False
    seconds: float = 0.0
    strokes: int = 0
    extras: PredictionExtras = NO_EXTRAS
    held: float = 0.0
    damage: str = ""
    second: bool = False

    @property
    def id(self) -> int:
        """The photo's id."""
        return self.photo.id

    @property
    def image(self) -> NDArray[np.uint8]:
        """The photo at full size, uint8 (height, width, 3)."""
        return self.levels[0]

    @property
    def takes_suggestions(self) -> bool:
        """Whether it takes newer suggestions: not when it is blind, or was finished before."""
        return not self.blind and not self.finished


def load_photo(
    project: Project, session_id: int, annotator: str, claim: Lease, *, whole: bool = False
) -> LoadedPhoto:
    """Read a claimed photo. Slow (a 12 MP JPEG alone takes 0.1 s): call it in a thread.

    Unfinished work comes first, then the saved mask, then the suggestion, then nothing; the suggestion also
    fills what a mask saved in part has left open. A missing suggestion is asked for. What a suggestion holds
    back is left out, unless the `whole` is wanted.

    Raises
    ------
    PhotoError
        If the photo cannot be read.
    MaskError
        If its saved mask is of another size because the photo was replaced. A damaged one counts as none,
        and so does unfinished work that is damaged or of another size: it is set aside.
    """
    image, photo = project.photos.read(claim.photo_id), project.photos.get(claim.photo_id)
    shape = (image.shape[0], image.shape[1])
    reading = project.readings.of_second(claim.photo_id, annotator)
    claim, revision = _what_to_show(project, claim, reading)
    draft = project.drafts.get(claim.photo_id, annotator)
    work = _read_work(project, photo, draft, revision, shape)
    draft = draft if work.draft_time is not None else None  # one that was no use is set aside
    labels, provenance, model_id = work.labels, work.provenance, work.model_id
    if labels.shape != shape:
        raise MaskError(f"{photo.relpath}: {_replaced(labels.shape, shape)}")
    finished = revision is not None and revision.kind != RevisionKind.PART and not work.damage
    confidence, extras, held = None, NO_EXTRAS, 0.0
    if not claim.blind:
        suggestion = read_suggestion(project, claim.photo_id, shape)
        served = project.models.served()
        if suggestion is None or (served is not None and suggestion.model_id != served.id):
            _ask_for_suggestion(project, session_id, claim.photo_id)
        if suggestion is not None:
            confidence, extras = suggestion.confidence, suggestion.extras
            if not finished and draft is None:
                found = suggestion.labels if whole else suggestion.shown
                labels, provenance = merge(labels, provenance, found)
                model_id, held = suggestion.model_id, 0.0 if whole else suggestion.held_share
    return LoadedPhoto(
        photo=photo,
        why=_sent_back(project, claim.photo_id, annotator) or claim.why,
        blind=claim.blind,
        levels=pyramid(image),
        labels=np.require(labels, np.uint8, ["C", "W"]),
        provenance=np.require(provenance, np.uint8, ["C", "W"]),
        confidence=confidence,
        model_id=model_id,
        revision=None if work.damage else revision,
        base_revision=work.base_revision,
        finished=finished,
        first_trained=project.models.first_trained(claim.photo_id) if finished else None,
        draft_time=work.draft_time,
        unsaved=draft is not None,
        extras=extras,
        held=held,
        damage="; ".join(filter(None, (work.notice, work.damage))),
        second=reading is not None,
    )


def _replaced(mask: tuple[int, ...], photo: tuple[int, int]) -> str:
    mask_size, size = (f"{width}x{height}" for height, width in (mask, photo))
    return f"its mask is {mask_size}, the photo now {size}: the file was replaced; put the old file back"


def _what_to_show(project: Project, claim: Lease, reading: Reading | None) -> tuple[Lease, Revision | None]:
    """Return the saved mask; a second reader sees neither the first nor a suggestion, only their own."""
    if reading is None:
        return claim, project.masks.head(claim.photo_id)
    own = reading.second_revision
    mask = None if own is None else project.masks.revision(own)
    return replace(claim, blind=True, why=SECOND), mask


def _sent_back(project: Project, photo_id: int, annotator: str) -> str:
    """Say who sent this annotator's mask back and why; empty where nobody did."""
    verdict = project.verdicts.of(photo_id)
    if verdict is None or verdict.kind != VerdictKind.RETURNED or verdict.annotator != annotator:
        return ""
    return returned_words(verdict.who, verdict.note, NOTE_LETTERS)


@dataclass(frozen=True, eq=False)
class _Work:
    """Mask of a photo so far: uint8 (height, width), and the revision and draft that it is from."""

    labels: NDArray[np.uint8]
    provenance: NDArray[np.uint8]
    base_revision: str | None
    model_id: str | None = None
    draft_time: float | None = None
    damage: str = ""
    notice: str = ""


def _read_work(
    project: Project, photo: Photo, draft: Draft | None, revision: Revision | None, shape: tuple[int, int]
) -> _Work:
    """Read the draft, else the saved mask, else make an empty one; a draft of no use is set aside."""
    lost = ""
    if draft is not None:
        try:
            labels, provenance = project.drafts.read(draft)
            fits = labels.shape == provenance.shape == shape
            if fits and project.drafts.is_of(photo, draft):
                base = _base_of(draft, revision)
                return _Work(labels, provenance, base, draft.model_id, draft.created)
            lost = f"is of another {'file' if fits else 'size'} than the photo"
        except MaskError:
            lost = "is damaged"
        place = draft.path if project.read_only else project.drafts.set_aside(draft)
        lost = f"its unfinished work {lost}: it is kept in {place}, and the photo opens without it"
    base, damage = (revision.id if revision else None), ""
    if revision is not None:
        try:
            labels, provenance = project.masks.read(revision)
            return _Work(labels, provenance, base, revision.model_id, notice=lost)
        except MaskError as error:
            damage = f"its mask is damaged and will be replaced by what you save ({error})"
    empty = np.zeros(shape, np.uint8)
    return _Work(empty, empty.copy(), base, damage=damage, notice=lost)


def _base_of(draft: Draft, revision: Revision | None) -> str | None:
    """Return the revision that a draft goes on from: their own saved mask, or the one that it was begun on.

    A save takes its annotator's draft with it, so a draft beside their own mask is younger than that, even if
    it was begun before that save was known to have worked.
    """
    own = revision is not None and revision.annotator == draft.annotator
    return revision.id if own and revision is not None else draft.base_revision


def load_or_release(
    project: Project, session_id: int, annotator: str, claim: Lease, *, whole: bool = False
) -> LoadedPhoto:
    """Read a claimed photo as `load_photo` does; release it where it cannot be read."""
    try:
        return load_photo(project, session_id, annotator, claim, whole=whole)
    except BaseException:
        if not project.read_only:
            project.queue.release(session_id, claim.photo_id)
        raise


def _ask_for_suggestion(project: Project, session_id: int, photo_id: int) -> None:
    if not project.read_only:
        project.queue.request_prediction(session_id, [photo_id])
