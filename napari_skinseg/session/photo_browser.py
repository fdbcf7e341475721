"""Photos looked for in the window: pages of a search, lists of a state, and small pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_skinseg.session.thumbnails import Thumbnails

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_skinseg.session.background import Background
    from trainer.project.project import Project
    from trainer.project.queue.search import PhotoFilter, SearchPage
    from trainer.project.review.review import ReviewEntry
    from trainer.project.states import PhotoState


class PhotoBrowser:
    """Searches in threads. All methods belong to the main thread, and answer there."""

    def __init__(self, project: Project, background: Background, may_see: Callable[[int], bool]) -> None:
        self._search, self._review, self._background = project.search, project.review, background
        self.thumbnails = Thumbnails(project, background, may_see)

    def page(
        self, wanted: PhotoFilter, after: tuple[float, int] | None, show: Callable[[SearchPage], None]
    ) -> None:
        """Read a page of a search."""
        self._background.draw(lambda: self._search.page(wanted, after), show)

    def annotators(self, show: Callable[[list[str]], None]) -> None:
        """Read who has saved masks."""
        self._background.draw(self._search.annotators, show)

    def review(self, state: PhotoState, n: int, show: Callable[[list[ReviewEntry]], None]) -> None:
        """Read the photos in a state, those with the newest masks first."""
        self._background.draw(lambda: self._review.entries(state, n), show)
