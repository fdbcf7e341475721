"""Review of the open photo's mask: approved, sent back, or the other reader's shown in its place."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from psygnal import Signal

from napari_skinseg.session.two_readings import TwoReadings, masks_of, read_two
from trainer.errors import SkinsegError
from trainer.project.states import Chosen, Role

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_skinseg.session.background import Background
    from napari_skinseg.session.editor import PhotoEditor
    from napari_skinseg.session.loading import LoadedPhoto
    from napari_skinseg.session.navigator import PhotoNavigator
    from trainer.project.project import Project
    from trainer.project.review.verdicts import Reviewable, ReviewFilter

OWN = "your own mask, which nobody else has looked at"
UNSAVED = "the mask was changed since it was saved: press S first, or open the photo again"


class Reviewing:
    """What a reviewer does with the open photo. All methods belong to the main thread.

    Parameters
    ----------
    project, session_id, annotator
        Of the session; whether the annotator is a reviewer is asked once, at its start.
    background, editor, navigator
        Of the session.
    """

    notice = Signal(str, str)
    """Level and text of what the reviewer should know."""
    decided = Signal(int)
    """A verdict was given on a photo, which is let go of: its id."""

    def __init__(
        self,
        project: Project,
        session_id: int,
        annotator: str,
        background: Background,
        editor: PhotoEditor,
        navigator: PhotoNavigator,
    ) -> None:
        self._project, self._id, self._annotator = project, session_id, annotator
        self._background, self._editor, self._navigator = background, editor, navigator
        self._compared: TwoReadings | None = None
        self.is_reviewer = not project.read_only and project.annotators.role_of(annotator) == Role.REVIEWER

    def may_see(self, photo_id: int) -> bool:
        """Whether this annotator may see a photo's mask: not one of which they may be the second reader."""
        reading = self._project.readings.get(photo_id)
        free = reading is None or reading.settled is not None
        return free or self.is_reviewer or (reading is not None and reading.first == self._annotator)

    def masks(self, wanted: ReviewFilter, n: int, show: Callable[[list[Reviewable]], None]) -> None:
        """Read in a thread which masks wait for a verdict."""
        self._background.read(lambda: self._project.verdicts.to_review(wanted, n), show)

    def approve(self) -> None:
        """Approve the mask that is shown; of two readings it becomes the current one."""
        photo = self._judged()
        if photo is not None:
            self._decide(photo.id, lambda: self._approve(photo))

    def send_back(self, note: str) -> None:
        """Send the current mask back to its annotator with a note."""
        photo = self._judged()
        if photo is None:
            return
        shown = photo.revision
        if not note.strip():
            self.notice.emit("warning", "write what is wrong, then send it back")
        elif shown is not None and shown.id != photo.base_revision:
            self.notice.emit(
                "info", "this is the other reader's mask: press Shift+V for the one to send back"
            )
        elif shown is not None:

            def give() -> str:
                given = self._project.verdicts.send_back(photo.id, shown.id, self._annotator, note, self._id)
                return f"sent back to {given.annotator}, first in their queue"

            self._decide(photo.id, give)

    def compare(self, show: Callable[[TwoReadings | None], None]) -> None:
        """Read in a thread how far the two readers of the open photo agree; None: nothing is to decide."""
        photo, known = self._editor.photo, self._compared
        if photo is None or photo.second or not self.is_reviewer:
            show(None)
            return

        def done(found: TwoReadings | None) -> None:
            self._compared = found
            now = self._editor.photo
            if now is not None and now.id == photo.id:
                show(found)

        self._background.read(
            lambda: read_two(self._project, photo.id, known),
            done,
            lambda error: self.notice.emit("warning", str(error)),
        )

    def switch_reader(self, wanted: str | None = None) -> None:
        """Show the mask of the other reader of a photo that two people read, or a certain one of the two."""
        photo = self._judged()
        if photo is None:
            return

        def read() -> LoadedPhoto | None:
            both = masks_of(self._project, photo.id)
            if both is None:
                return None
            head, second = both
            showing = None if photo.revision is None else photo.revision.id
            to_show = wanted or (head.id if showing == second.id else second.id)
            other = second if to_show == second.id else head
            labels, provenance = (
                np.require(a, np.uint8, ["C", "W"]) for a in self._project.masks.read(other)
            )
            return replace(
                photo,
                labels=labels,
                provenance=provenance,
                revision=other,
                base_revision=head.id,
                finished=True,
                draft_time=None,
                unsaved=False,
            )

        self._background.read(read, self._switched, lambda error: self.notice.emit("warning", str(error)))

    def _switched(self, photo: LoadedPhoto | None) -> None:
        if photo is None:
            self.notice.emit("info", "nobody else has read this photo, or it is decided")
        elif (
            self._editor.photo is not None and self._editor.photo.id == photo.id and not self._editor.unsaved
        ):
            self._navigator.show_again(photo)
            who = "" if photo.revision is None else photo.revision.annotator
            self.notice.emit("info", f"the mask of {who}: V takes it, Shift+V shows the other")

    def _judged(self) -> LoadedPhoto | None:
        """Return the open photo where its mask can be judged now; else say why not."""
        photo = self._editor.photo
        if photo is None:
            self.notice.emit("info", "open a photo first")
        elif not self.is_reviewer:
            self.notice.emit("warning", "only reviewers do this: skinseg annotators DIR --role NAME=reviewer")
        elif photo.second:
            self.notice.emit("warning", "you are the second reader of this photo: somebody else decides")
        elif self._editor.unsaved or self._editor.drawing:
            self.notice.emit("warning", UNSAVED)
        elif photo.revision is None:
            self.notice.emit("info", "this photo has no saved mask yet")
        else:
            return photo
        return None

    def _approve(self, photo: LoadedPhoto) -> str:
        """Approve a revision, and settle two readings by it; in the writing thread."""
        project, who = self._project, self._annotator
        shown = photo.revision
        assert shown is not None
        reading = project.readings.get(photo.id)
        chosen = None
        if reading is not None and reading.waits:
            chosen = Chosen.FIRST if shown.id == reading.first_revision else Chosen.CORRECTED
            if shown.id == reading.second_revision:
                chosen = Chosen.SECOND
                made = project.masks.revert(photo.id, shown.id, who)
                assert made is not None
                shown = made
        given = project.verdicts.approve(photo.id, shown.id, who, self._id)
        if chosen is not None:
            project.readings.settle(photo.id, chosen, who)
            return f"approved: the {chosen} mask stands"
        return f"approved: {OWN}" if given.annotator == who else "approved"

    def _decide(self, photo_id: int, work: Callable[[], str]) -> None:
        """Give a verdict in the writing thread, behind every save, and say what came of it."""

        def give() -> tuple[str, str]:
            try:
                return "info", work()
            except SkinsegError as error:
                return "warning", str(error)

        def done(said: tuple[str, str]) -> None:
            self.notice.emit(*said)
            if said[0] == "info":
                now = self._editor.photo
                if now is not None and now.id == photo_id and not self._editor.unsaved:
                    self._navigator.put_down()  # its annotator may wait for it
                self.decided.emit(photo_id)

        self._background.write(give, done)
