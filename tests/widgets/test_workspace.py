"""The workspace in a real napari window on a real project."""

from __future__ import annotations

import os
import socket
import time
from typing import TYPE_CHECKING

import pytest
from qtpy.QtCore import Qt
from workbench import make_project, predict, serve, write_photo

from napari_skinseg.session import projects
from napari_skinseg.widgets.workspace import WorkspaceDock, open_workspace
from trainer.errors import ProjectError, SkinsegError
from trainer.project.project import Project

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def own_preferences(monkeypatch):
    """Leave the preferences of whoever runs the tests alone."""
    monkeypatch.setattr(projects, "remember", lambda path: None)
    monkeypatch.setattr(projects, "last_project", lambda: "")
    monkeypatch.setattr(projects, "wants_trainer", lambda: False)
    monkeypatch.setattr(projects, "annotator_name", lambda: "ann")


@pytest.fixture
def folder(tmp_path) -> Path:
    with make_project(tmp_path) as project:
        return project.path


@pytest.fixture
def dock(make_napari_viewer, folder, qtbot):
    viewer = make_napari_viewer()
    dock = open_workspace(viewer, folder, "ann")
    qtbot.waitUntil(lambda: dock.session.current is not None, timeout=10000)
    yield dock
    dock.dispose()


def test_the_first_view_has_two_docks_with_the_photo_and_its_words(dock, qtbot):
    assert list(dock.viewer.window.dock_widgets) == ["SkinSeg", "Trainer"]
    window = dock.viewer.window._qt_window
    assert window.dockWidgetArea(dock.parent()) == Qt.DockWidgetArea.RightDockWidgetArea
    assert window.dockWidgetArea(dock.trainer.parent()) == Qt.DockWidgetArea.BottomDockWidgetArea
    qtbot.waitUntil(lambda: dock.annotate.title.text().startswith("arm_"), timeout=15000)
    qtbot.waitUntil(lambda: dock.annotate.next_up.rowCount() > 0, timeout=15000)
    assert dock.annotate.buttons.accept.isEnabled()
    assert dock.viewer.layers[-1] is dock.session.annotation_layer


def test_keys_and_palette_tell_the_same_and_the_key_table_waits_for_nobody(dock, qtbot):
    layer = dock.session.annotation_layer
    action = next(run for key, _, run in dock.session.bindings() if key == "5")
    action()
    qtbot.waitUntil(lambda: dock.annotate.view.selected.value == 5, timeout=15000)
    assert layer.selected_label == 5
    palette, tip = dock.annotate.classes.palette_model, Qt.ItemDataRole.ToolTipRole
    tips = [palette.data(palette.index(row, 1), tip) for row in range(palette.rowCount())]
    assert tips[0] == "Paint background (key 1): the dots on the photo"
    assert tips[-1] == "Erase to not labelled (key 0): the bare photo, without dots"
    for ask in (dock.session.help_requested.emit, dock.shortcuts[0].activated.emit):
        ask()
        assert dock.keys.isVisibleTo(dock.keys.parent())
        assert not dock.keys.isModal()
        ask()
        assert not dock.keys.isVisible()


def test_restored_work_and_errors_are_told_where_they_are_seen(dock, monkeypatch):
    news, errors = [], []
    monkeypatch.setattr("napari_skinseg.widgets.notices.show_info", news.append)
    monkeypatch.setattr("napari_skinseg.widgets.notices.show_error", errors.append)
    dock.session.notice.emit("news", "restored unfinished work from 14:02")
    assert (news, errors) == (["restored unfinished work from 14:02"], [])
    dock.session.notice.emit("error", "the disk is full: make room, your work is kept")
    dock.session.notice.emit("info", "asked the trainer for a round now")
    assert errors == ["the disk is full: make room, your work is kept"]
    assert dock.viewer.status == "asked the trainer for a round now"


def test_accept_saves_and_shows_the_next(dock, qtbot, folder):
    first = dock.session.current.photo.id
    dock.session.select_class(3)
    dock.session.annotation_layer.fill((5, 5), 3)
    qtbot.mouseClick(dock.annotate.buttons.accept, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: dock.project.masks.head(first) is not None, timeout=10000)
    qtbot.waitUntil(
        lambda: dock.session.current is not None and dock.session.current.photo.id != first, timeout=10000
    )
    qtbot.waitUntil(lambda: dock.annotate.progress.text().startswith("today 1"), timeout=15000)


def test_a_better_model_shows_without_a_dialog(dock, qtbot):
    photo = dock.session.current.photo.id
    model = serve(dock.project, "0003")
    predict(dock.project, photo, model, value=4)
    qtbot.waitUntil(lambda: "suggestions by model 3" in dock.annotate.sentence.text(), timeout=15000)
    assert (dock.session.annotation_layer.data == 4).all()


def test_the_window_says_within_five_seconds_that_the_trainer_died(dock, qtbot, monkeypatch):
    told = []
    monkeypatch.setattr("napari_skinseg.widgets.notices.show_warning", told.append)
    dock.project.trainer.write_state(pid=os.getpid(), host=socket.gethostname(), state="training", step=1)
    qtbot.waitUntil(lambda: dock.trainer.view.running, timeout=15000)
    died = time.monotonic()
    dock.project.trainer.write_state(pid=2**22 - 3)
    qtbot.waitUntil(lambda: not dock.trainer.view.running, timeout=5000)
    assert time.monotonic() - died < 5
    assert not dock.trainer.buttons["start"].isHidden()
    assert dock.trainer.buttons["start"].text() == "Restart"
    assert "the trainer died" in dock.trainer.line.text()
    qtbot.waitUntil(lambda: bool(told), timeout=15000)
    qtbot.wait(1500)
    assert [words.split(",")[0] for words in told] == ["the trainer died"], "told once"


def test_a_trainer_that_hangs_elsewhere_shows_within_five_seconds(dock, qtbot):
    dock.project.trainer.write_state(pid=1, host="elsewhere", state="training")
    died = time.monotonic()
    qtbot.waitUntil(lambda: dock.trainer.view.running, timeout=15000)
    qtbot.waitUntil(lambda: not dock.trainer.view.running, timeout=6000)
    assert time.monotonic() - died < 5.3


def test_tabs_open_when_asked_for_and_only_once(dock):
    main = dock.viewer.window._qt_window
    shown = ["SkinSeg", "Trainer"]
    titles = {
        "queue": "Queue", "review": "Review", "models": "Models", "settings": "Settings", "training": "Recipe"
    }  # fmt: skip
    for name, title in titles.items():
        dock.show_extra(name)
        dock.show_extra(name)
        shown.append(title)
        assert list(dock.viewer.window.dock_widgets) == shown
        beside = dock.trainer.parent() if name == "models" else dock.parent()
        assert dock.tabs[name].parent() in main.tabifiedDockWidgets(beside)


def test_the_key_table_leaves_the_keyboard_to_the_photo(dock, qtbot):
    window = dock.viewer.window._qt_window
    window.show()
    window.activateWindow()
    canvas = dock.viewer.window._qt_viewer.canvas.native
    canvas.setFocus()
    focused = window.focusWidget()
    dock.session.help_requested.emit()
    qtbot.wait(200)
    assert dock.keys.isVisible()
    assert not dock.keys.isActiveWindow()
    assert window.focusWidget() is focused
    dock.session.help_requested.emit()
    assert not dock.keys.isVisible()


def test_disposing_stops_every_timer_and_gives_the_photo_back(dock, folder):
    photo = dock.session.current.photo.id
    dock.dispose()
    assert not dock.clock.running
    assert dock.session is None
    with Project.open(folder) as project:
        other = project.sessions.start("bea")
        assert project.queue.claim(other.id, photo).photo_id == photo
    dock.dispose()


def test_closing_the_window_ends_the_session(make_napari_viewer, folder, qtbot):
    viewer = make_napari_viewer()
    dock = open_workspace(viewer, folder, "ann")
    qtbot.waitUntil(lambda: dock.session.current is not None, timeout=10000)
    clock = dock.clock
    assert clock.running
    viewer.close()
    qtbot.waitUntil(lambda: dock.session is None, timeout=15000)
    assert not clock.running


def test_closing_the_dock_takes_its_other_docks_along(dock, qtbot):
    dock.show_extra("queue")
    dock.viewer.window.remove_dock_widget(dock)
    qtbot.waitUntil(lambda: dock.session is None, timeout=15000)
    assert list(dock.viewer.window.dock_widgets) == []
    assert not dock.clock.running


def test_without_a_project_there_are_three_ways_to_begin(make_napari_viewer):
    viewer = make_napari_viewer()
    dock = open_workspace(viewer)
    assert dock.stack.currentWidget() is dock.start
    assert set(dock.start.buttons) == {"open", "new", "demo"}
    assert list(viewer.window.dock_widgets) == ["SkinSeg"]


def test_the_last_project_is_one_click_away(make_napari_viewer, folder, qtbot, monkeypatch):
    monkeypatch.setattr(projects, "last_project", lambda: str(folder))
    dock = open_workspace(make_napari_viewer())
    qtbot.mouseClick(dock.start.buttons["last"], Qt.MouseButton.LeftButton)
    assert dock.project.path == folder
    dock.dispose()


def test_a_light_theme_reaches_the_docks(dock):
    dark = dock.annotate.tools.buttons["paint"].icon().cacheKey()
    dock.viewer.theme = "light"
    assert dock.annotate.tools.buttons["paint"].icon().cacheKey() != dark


def test_a_folder_that_is_no_project_is_refused_in_place(make_napari_viewer, tmp_path):
    viewer = make_napari_viewer()
    dock = open_workspace(viewer)
    dock.start.opened.emit(str(tmp_path))
    assert str(tmp_path) in dock.start.message.text()
    assert dock.session is None
    with pytest.raises(ProjectError):
        dock.open(tmp_path)


def test_a_new_project_is_made_in_a_form_and_opened(make_napari_viewer, tmp_path, qtbot):
    with make_project(tmp_path, photos=3):
        pass
    dock = WorkspaceDock(make_napari_viewer())
    dock.viewer.window.add_dock_widget(dock, name="SkinSeg", area="right")
    qtbot.mouseClick(dock.start.buttons["new"], Qt.MouseButton.LeftButton)
    form = dock.viewer.window.dock_widgets["New project (SkinSeg)"]
    form.answer(place=tmp_path, name="fresh", photos=tmp_path / "photos", classes="lesion")
    qtbot.mouseClick(form.run_button.native, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: dock.session is not None and dock.session.current is not None, timeout=15000)
    assert dock.project.classes.name == "lesion"
    assert [row.name for row in dock.annotate.view.rows] == ["background", "lesion", "not labelled (eraser)"]
    dock.dispose()


def test_photos_are_added_in_a_form(dock, qtbot, tmp_path):
    (tmp_path / "photos" / "new").mkdir()
    write_photo(tmp_path / "photos" / "new" / "one.jpg", 1)
    dock.show_extra("add")
    dock.show_extra("add")
    form = dock.viewer.window.dock_widgets["Add photos (SkinSeg)"]
    assert form.box["project"].value == dock.project.path
    form.answer(photos=tmp_path / "photos")
    qtbot.mouseClick(form.run_button.native, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: dock.project.photos.counts().photos == 7, timeout=15000)
    qtbot.waitUntil(lambda: not form.busy, timeout=15000)


def test_a_project_can_be_looked_at_read_only(make_napari_viewer, folder, qtbot, monkeypatch):
    monkeypatch.setattr(projects, "open_project", lambda path: Project.open(path, read_only=True))
    dock = open_workspace(make_napari_viewer(), folder, "ann")
    qtbot.waitUntil(lambda: "read-only" in dock.annotate.sentence.text(), timeout=15000)
    assert not dock.annotate.buttons.accept.isEnabled()
    dock.dispose()


def test_the_trainer_dock_stays_low_and_the_photo_large(dock, qtbot):
    window = dock.viewer.window
    window.show()
    window.resize(1440, 900)
    serve(dock.project, "0001")
    dock.trainer.toggle()
    dock.fit_docks()
    qtbot.wait(300)
    assert 150 <= dock.trainer.parent().height() <= 200
    assert dock.parent().width() <= 320
    canvas = window._qt_window.centralWidget()
    assert canvas.width() > 700
    assert canvas.height() > 600


def test_a_window_shows_one_project_and_says_so(dock, tmp_path):
    with make_project(tmp_path / "other") as other:
        path = other.path
    with pytest.raises(SkinsegError, match="this window shows"):
        open_workspace(dock.viewer, path, "ann")
    assert list(dock.viewer.window.dock_widgets) == ["SkinSeg", "Trainer"]
    assert open_workspace(dock.viewer) is dock
    from_the_menu = WorkspaceDock(dock.viewer)
    with pytest.raises(SkinsegError, match="this window shows"):
        from_the_menu.open(path, "ann")
    assert len(dock.viewer.layers) == 3
    from_the_menu.dispose()
