"""Choice of what comes next: an annotator's filter of the queue, for as long as the window is open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trainer.project.queue.queue import QueueEntry
from trainer.project.queue.queue_filter import EVERYTHING, QueueFilter

if TYPE_CHECKING:
    from napari_skinseg.session.background import Background
    from napari_skinseg.session.navigator import PhotoNavigator
    from trainer.labels.classes import ClassSet
    from trainer.project.project import Project


class QueueChoice:
    """Filters the queue, and lists its head. All methods belong to the main thread."""

    def __init__(
        self, project: Project, annotator: str, background: Background, navigator: PhotoNavigator
    ) -> None:
        self._project, self._annotator = project, annotator
        self._background, self._navigator = background, navigator
        self.wanted = EVERYTHING
        """What the annotator has filtered for."""
        self._head: list[QueueEntry] | None = None
        self._most, self._reading = 0, False

    @property
    def words(self) -> str:
        """Say what is filtered for; empty: nothing."""
        return filter_words(self.wanted, self._project.classes)

    @property
    def looking(self) -> bool:
        """Whether it is not known yet what passes the filter."""
        return self._head is None

    def filter(self, wanted: QueueFilter) -> None:
        """Let only photos come that pass a filter; those that wait unseen and chosen by another go back."""
        if wanted != self.wanted:
            self.wanted, self._head = wanted, None
            self._navigator.refilter(wanted)

    def clear(self) -> None:
        """Let all photos come again."""
        self.filter(EVERYTHING)

    def head(self, n: int) -> list[QueueEntry]:
        """Return the next photos and the reasons for them: those decoded already, then the queue's.

        A filter's are those of a moment ago, as it may take long to find them.
        """
        waiting = [QueueEntry(p.id, p.photo.relpath, None, p.why) for p in self._navigator.waiting.ready]
        self._most = max(self._most, n)
        known = {entry.photo_id for entry in waiting}
        if self.wanted == EVERYTHING:
            self._head = self._project.queue.head(n, self._annotator)
        else:
            self._read(self._most)
        return [*waiting, *(entry for entry in self._head or () if entry.photo_id not in known)][:n]

    def _read(self, n: int) -> None:
        if self._reading:
            return
        self._reading, wanted = True, self.wanted

        def done(head: list[QueueEntry]) -> None:
            self._reading = False
            if wanted == self.wanted:
                self._head = head

        def failed(error: BaseException) -> None:
            self._reading = False

        queue = self._project.queue
        self._background.draw(lambda: queue.head(n, self._annotator, wanted), done, failed)


def filter_words(wanted: QueueFilter, classes: ClassSet) -> str:
    """Say in one line what is filtered for; empty: nothing."""
    there = {None: "", True: "with a suggestion", False: "without a suggestion"}[wanted.suggested]
    return ", ".join(
        filter(
            None,
            (
                "" if wanted.class_index is None else classes.names[wanted.class_index],
                f"group with “{wanted.group}”" if wanted.group else "",
                f"name with “{wanted.text}”" if wanted.text else "",
                there,
            ),
        )
    )
