"""Saving of masks in the background; one that fails is kept, with its draft, and retried."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from psygnal import Signal

from trainer.errors import SkinsegError, UnreachableError, in_words
from trainer.labels.truth import accept
from trainer.project.maintenance.stranded import keep_stranded
from trainer.project.photos.replaced import require_same
from trainer.project.revisions import MaskConflictError
from trainer.project.states import FINISHED, RevisionKind, VisitOutcome

if TYPE_CHECKING:
    from napari_skinseg.session.background import Background
    from napari_skinseg.session.loading import LoadedPhoto
    from trainer.errors import ConflictError
    from trainer.project.project import Project
    from trainer.project.revisions import Revision

RETRY_SECONDS = 5.0
STRANDED = (
    "{name} is not saved, as the project cannot be reached; your work on it is kept, and comes again as "
    "unfinished when you open the project next"
)


@dataclass(eq=False)
class SaveJob:
    """Work on a photo to be written.

    `kind` is `SAVE` or `GRID` (every proposed label is accepted), `PART` (as it is) or None (no mask). With
    `leave` the photo is released afterwards, flagged where there is a `note`; with `skipped` its work becomes
    a draft. It is `lost` where somebody else's save came before.
    """

    photo: LoadedPhoto
    kind: RevisionKind | None
    leave: bool
    note: str | None = None
    skipped: bool = False
    tries: int = 0
    written: Revision | None = None
    lost: bool = False


def keep_draft(project: Project, annotator: str, photo: LoadedPhoto) -> None:
    """Write unfinished work on a photo as a draft; slow, for the writing thread."""
    if photo.unsaved and not project.read_only:
        base, model_id = photo.base_revision, photo.model_id
        work, sha256 = (photo.labels, photo.provenance), photo.photo.sha256
        project.drafts.save(photo.id, annotator, *work, base, model_id, sha256)


def keep_whatever_happens(project: Project, session_id: int, annotator: str, photo: LoadedPhoto) -> str:
    """Keep work that has no other chance: as a draft, or where the catalog cannot be reached as files.

    Returns
    -------
    str
        The photo's name where it was kept as files, else nothing.
    """
    try:
        keep_draft(project, annotator, photo)
    except UnreachableError:
        if photo.unsaved and not project.read_only:
            _as_files(project, session_id, annotator, photo, photo.base_revision)
            return photo.photo.relpath
    return ""


def _as_files(
    project: Project, session_id: int, annotator: str, photo: LoadedPhoto, base: str | None
) -> None:
    labels, provenance = photo.labels, photo.provenance
    keep_stranded(project, photo.id, annotator, labels, provenance, base, photo.model_id, session_id)


class Saver:
    """Writes masks one after the other and keeps those that are not durable yet."""

    saved = Signal(object, object)
    """A mask is durable: the `SaveJob` and its `Revision`."""
    changed = Signal()
    """`trouble` has changed."""
    notice = Signal(str, str)
    """Level and text of a first failure, or of a conflict: another's revision came between, both are kept."""

    def __init__(self, project: Project, session_id: int, annotator: str, background: Background) -> None:
        self._project = project
        self._session_id = session_id
        self._annotator = annotator
        self._background = background
        self._heads: dict[int, str | None] = {}
        self._retry_at = 0.0
        self.pending: list[SaveJob] = []
        self.failing: list[SaveJob] = []
        self.trouble = ""

    def submit(self, job: SaveJob) -> None:
        """Save in the background."""
        self.pending.append(job)
        self._start(job)

    def poll(self, now: float) -> None:
        """Retry what has failed, every few seconds."""
        if self.failing and now >= self._retry_at:
            self.retry()

    def retry(self) -> None:
        """Retry what has failed now."""
        jobs, self.failing = self.failing, []
        for job in jobs:
            self._start(job)

    def strand(self) -> list[str]:
        """Keep as files, at the very end, what could not be saved; return what is to be said of each."""
        said = []
        for job in self.pending:
            photo = job.photo
            name = photo.photo.relpath
            try:
                if job.kind is not None or job.skipped:
                    base = self._heads.get(photo.id, photo.base_revision)
                    _as_files(self._project, self._session_id, self._annotator, photo, base)
                    said.append(STRANDED.format(name=name))
                    continue
            except (SkinsegError, OSError):
                pass
            said.append(f"{name} could not be saved: {self.trouble}")
        return said

    def is_failing(self, photo_id: int) -> bool:
        """Return whether a save of this photo has failed and will be retried."""
        return any(job.photo.id == photo_id for job in self.failing)

    def _start(self, job: SaveJob) -> None:
        job.tries += 1
        self._background.write(
            lambda: self._write(job), lambda result: self._done(job, *result), lambda e: self._fail(job, e)
        )

    def _write(self, job: SaveJob) -> tuple[Revision | None, ConflictError | None]:
        photo, project = job.photo, self._project
        conflict = None
        if job.kind is not None:
            conflict = self._write_mask(job) if job.written is None else None
            project.drafts.drop(photo.id, self._annotator)
        if job.leave:
            outcome = self._put_aside(job)
            project.queue.release(self._session_id, photo.id)
            project.sessions.record_visit(self._session_id, photo.id, photo.seconds, photo.strokes, outcome)
        return job.written, conflict

    def _put_aside(self, job: SaveJob) -> VisitOutcome:
        """Flag or skip a photo that is left without being done."""
        if job.skipped:
            keep_draft(self._project, self._annotator, job.photo)
            self._project.queue.skip(self._session_id, job.photo.id)
            return VisitOutcome.SKIPPED
        if job.note is not None:
            self._project.queue.flag(self._session_id, job.photo.id, job.note)
            return VisitOutcome.FLAGGED
        return VisitOutcome.SAVED

    def _write_mask(self, job: SaveJob) -> ConflictError | None:
        photo = job.photo
        require_same(self._project.photos, photo.photo)
        whole, kind = job.kind in FINISHED, job.kind or RevisionKind.PART
        try:
            job.written = self._project.masks.save(
                photo.id,
                photo.labels,
                accept(photo.labels, photo.provenance) if whole else photo.provenance,
                self._annotator,
                expected=self._heads.get(photo.id, photo.base_revision),
                kind=kind,
                model_id=photo.model_id,
                seconds=photo.seconds,
                strokes=photo.strokes,
            )
        except MaskConflictError as error:
            job.written = error.revision
            head = self._project.masks.head(photo.id)  # they get a notice: their next save stands
            self._heads[photo.id] = None if head is None else head.id
            # A connection that is lost with the commit leaves open whether that worked: the same mask, by the
            # same hand, under another name, is the save of the try before.
            if head is not None and job.tries > 1 and _is_same(head, error.revision):
                job.written = head
                return None
            return error
        self._heads[photo.id] = job.written.id
        return None

    def _done(self, job: SaveJob, revision: Revision | None, conflict: ConflictError | None) -> None:
        self.pending.remove(job)
        if job.leave and not any(other.photo.id == job.photo.id for other in self.pending):
            self._heads.pop(job.photo.id, None)  # opened again, it begins from the head of then
        if conflict is not None:
            job.lost = True
            self.notice.emit("warning", str(conflict))
        self.saved.emit(job, revision)

    def _fail(self, job: SaveJob, error: BaseException) -> None:
        self._retry_at = time.monotonic() + RETRY_SECONDS
        self.failing.append(job)
        name, done = job.photo.photo.relpath, "saved"
        if job.kind is None:
            done = "skipped" if job.skipped else "flagged"
        self.trouble = f"{name} is not {done} yet: {in_words(error)} – trying again every few seconds"
        if job.tries == 1:
            self.notice.emit("error", self.trouble)
            self.changed.emit()


def _is_same(one: Revision, other: Revision) -> bool:
    return (one.annotator, one.checksum) == (other.annotator, other.checksum)
