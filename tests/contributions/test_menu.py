"""The forms in napari's menu."""

from __future__ import annotations

import pytest
from napari._app_model import get_app_model
from npe2 import PluginManager, PluginManifest
from qtpy.QtWidgets import QApplication

from napari_skinseg.session import projects
from napari_skinseg.widgets.workspace import open_workspace

NAME = "napari-skinseg"
MENU = f"napari/plugins/{NAME}"
FORMS = ("New project", "Add photos", "Import masks", "Export masks", "Evaluate", "Predict a folder")


@pytest.fixture
def viewer(make_napari_viewer, own_preferences):
    """A window that knows the plugin."""
    plugins = PluginManager.instance()
    if NAME not in plugins:
        plugins.register(PluginManifest.from_distribution(NAME))
    return make_napari_viewer(show=True)


def choose(title):
    """Choose an entry of the menu Plugins, SkinSeg."""
    items = {item.command.title: item.command.id for item in get_app_model().menus.get_menu(MENU)}
    get_app_model().commands.execute_command(items[title]).result()
    QApplication.processEvents()


def test_the_menu_lists_the_workspace_and_the_forms(viewer):
    titles = [item.command.title for item in get_app_model().menus.get_menu(MENU)]
    assert titles == ["Open workspace", *FORMS]


@pytest.mark.parametrize("title", FORMS)
def test_the_menu_opens_and_hides_a_form(viewer, title):
    choose(title)
    form = viewer.window.dock_widgets[f"{title} (SkinSeg)"]
    assert form.run_button.enabled
    choose(title)
    assert form.native.parent().isHidden()


def test_a_form_begins_with_the_open_project(viewer, six_photos):
    dock = open_workspace(viewer, six_photos, "ann")
    for title in FORMS[1:]:
        choose(title)
        assert viewer.window.dock_widgets[f"{title} (SkinSeg)"].box["project"].value == six_photos
    dock.dispose()


def test_without_one_it_begins_with_the_last(viewer, six_photos, monkeypatch):
    monkeypatch.setattr(projects, "last_project", lambda: str(six_photos))
    choose("Evaluate")
    assert viewer.window.dock_widgets["Evaluate (SkinSeg)"].box["project"].value == six_photos
    choose("New project")
    assert viewer.window.dock_widgets["New project (SkinSeg)"].box["place"].value == six_photos.parent


def test_a_project_made_from_the_menu_opens_in_the_window(viewer, six_photos, tmp_path, qtbot):
    choose("New project")
    form = viewer.window.dock_widgets["New project (SkinSeg)"]
    form.answer(place=tmp_path, name="fresh", photos=tmp_path / "photos")
    form.run_button.native.click()
    qtbot.waitUntil(lambda: "SkinSeg" in viewer.window.dock_widgets, timeout=30000)
    dock = viewer.window.dock_widgets["SkinSeg"]
    assert dock.project.path == tmp_path / "fresh"
    dock.dispose()
