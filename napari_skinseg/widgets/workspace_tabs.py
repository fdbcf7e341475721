"""The tabs of the workspace: made when first asked for, kept until the dock is closed for good."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from napari_skinseg.widgets.history_tab import HistoryTab
from napari_skinseg.widgets.honesty_tab import HonestyTab
from napari_skinseg.widgets.models_tab import ModelsTab
from napari_skinseg.widgets.photos_tab import PhotosTab
from napari_skinseg.widgets.queue_tab import QueueTab
from napari_skinseg.widgets.recipe_tab import RecipeTab
from napari_skinseg.widgets.review_tab import ReviewTab
from napari_skinseg.widgets.settings_tab import SettingsTab
from napari_skinseg.widgets.window_docks import raise_dock, remove_dock

if TYPE_CHECKING:
    import napari

    from napari_skinseg.session.session import AnnotationSession
    from trainer.project.project import Project

    Tab = QueueTab | ReviewTab | HistoryTab | ModelsTab | SettingsTab | RecipeTab | HonestyTab | PhotosTab

TITLES = {"training": "Recipe", "honesty": "How good?"}
"""Titles of tabs that do not bear their own name."""
AREAS = {"models": "bottom"}
"""Areas of tabs that are not on the right."""


class WorkspaceTabs(Mapping[str, "Tab"]):
    """The tabs that are open, by name, as `make_tab` knows them."""

    def __init__(self, viewer: napari.Viewer) -> None:
        self._viewer = viewer
        self._tabs: dict[str, Tab] = {}

    def __getitem__(self, name: str) -> Tab:
        return self._tabs[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._tabs)

    def __len__(self) -> int:
        return len(self._tabs)

    def show(self, name: str, session: AnnotationSession, project: Project) -> None:
        """Bring a tab to the front; make it first where it is missing."""
        if name not in self._tabs:
            self._tabs[name] = make_tab(name, session, project)
        raise_dock(
            self._viewer, self._tabs[name], TITLES.get(name, name.capitalize()), AREAS.get(name, "right")
        )

    def try_show(self, name: str, session: AnnotationSession, project: Project) -> None:
        """Show a tab, if there is one of this name: another version may have kept it."""
        if name in MAKERS:
            self.show(name, session, project)

    def refresh(self) -> None:
        """Read again what the tabs in sight show; settings stay, and a list that somebody scrolls."""
        for tab in self._tabs.values():
            if not isinstance(tab, SettingsTab | PhotosTab) and tab.isVisible():
                tab.refresh()

    def close(self) -> None:
        """Take all tabs out of the window."""
        for tab in self._tabs.values():
            remove_dock(self._viewer, tab)
        self._tabs.clear()


def make_tab(name: str, session: AnnotationSession, project: Project) -> Tab:
    """Make the tab of a name.

    Raises
    ------
    KeyError
        If no tab is called so.
    """
    return MAKERS[name](session, project)


MAKERS: dict[str, Callable[[AnnotationSession, Project], Tab]] = {
    "queue": lambda session, _: QueueTab(session),
    "review": lambda session, _: ReviewTab(session),
    "photos": lambda session, _: PhotosTab(session),
    "history": lambda session, _: HistoryTab(session),
    "models": lambda session, project: ModelsTab(project, session.annotator, session.accepted),
    "settings": lambda _, project: SettingsTab(project),
    "training": lambda session, project: RecipeTab(project, session.annotator),
    "honesty": lambda _, project: HonestyTab(project),
}
"""The tabs by name."""
