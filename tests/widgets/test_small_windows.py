"""Small windows and those that come after: what fits, what folds, and what is remembered."""

from __future__ import annotations

import itertools
from html import unescape

import pytest
from qtpy.QtCore import Qt, QTimer
from qtpy.QtWidgets import QLabel
from workbench import beat, make_project, serve

from napari_skinseg.session.remembered import FILE_VARIABLE, Desk, read_desk, write_desk
from napari_skinseg.views.trainer import ClassDice
from napari_skinseg.widgets.class_chart import ClassChart
from napari_skinseg.widgets.elements import wrapped_label
from napari_skinseg.widgets.notices import GOES, is_notification
from napari_skinseg.widgets.window_docks import layer_docks, photo_canvas, raise_dock
from napari_skinseg.widgets.workspace import open_workspace
from trainer.labels.classes import CLASS_SETS

SKIN = CLASS_SETS["skin9"]


@pytest.fixture
def open_dock(make_napari_viewer, tmp_path, qtbot, monkeypatch):
    """Open the workspace in a window of a size, with a desk of its own."""
    monkeypatch.setenv(FILE_VARIABLE, str(tmp_path / "window.json"))
    with make_project(tmp_path) as project:
        serve(project, "0001")

    def opened(width, height):
        viewer = make_napari_viewer(show=True)
        dock = open_workspace(viewer, project.path, "ann")
        qtbot.waitUntil(lambda: dock.session.current is not None, timeout=15000)
        viewer.window.resize(width, height)
        qtbot.waitUntil(lambda: viewer.window._qt_window.width() == width, timeout=3000)
        qtbot.wait(200)
        return dock

    return opened


def test_a_window_of_1100_by_700_holds_all_and_one_of_800_by_540_every_decision(open_dock, qtbot):
    dock = open_dock(1100, 700)
    window = dock.viewer.window._qt_window
    assert (window.width(), window.height()) == (1100, 700)
    assert window.centralWidget().width() > 0.65 * 1100
    assert all(layer_dock.isHidden() for layer_dock in layer_docks(dock.viewer))
    assert dock.trainer.curves.isHidden(), "with a model to draw, too: nothing unfolds by itself"
    lowest = dock.annotate.classes.parentWidget()
    assert lowest.visibleRegion().boundingRect().height() == lowest.height(), "nothing has to be scrolled"

    dock.project.trainer.start_round("20261120-081500-ab12", "full", "skinseg")
    beat(dock.project, state="training", lane="full", round="20261120-081500-ab12", seconds_left=540, step=1)
    dock.annotate.sentence.setText("a state that takes three lines " * 3)
    dock.show_extra("queue")
    raise_dock(dock.viewer, dock, "SkinSeg", "right")
    qtbot.waitUntil(lambda: "left" in dock.trainer.line.text(), timeout=5000)
    qtbot.wait(100)
    assert lowest.visibleRegion().boundingRect().height() == lowest.height(), "with a tab behind it, too"
    words = dock.trainer.line
    assert words.text().startswith("full training 1 · 9 min left")
    assert words.width() >= words.fontMetrics().horizontalAdvance(words.text()), "nothing of it is cut off"

    fitted = dock.viewer.scene.camera.zoom
    dock.trainer.toggle()
    qtbot.waitUntil(lambda: dock.viewer.scene.camera.zoom < fitted, timeout=3000)
    dock.session._editor.layers.fit()
    dock.viewer.scene.camera.zoom *= 2
    by_hand = dock.viewer.scene.camera.zoom
    dock.trainer.toggle()
    qtbot.wait(300)
    assert dock.viewer.scene.camera.zoom == by_hand, "what a hand has zoomed stays"

    dock.annotate.why.setText("/a/very/long/folder" * 40)
    qtbot.wait(100)
    assert window.width() == 1100, "a warning wraps"

    window.resize(800, 540)
    qtbot.waitUntil(lambda: window.width() == 800, timeout=3000)
    qtbot.wait(200)
    assert (window.width(), window.height()) == (800, 540)
    buttons = dock.annotate.buttons
    for shown in (buttons.accept, buttons.save, buttons.skip, buttons.flag, buttons.back, dock.trainer.fold):
        assert shown.visibleRegion().boundingRect() == shown.rect()
        assert shown.width() >= shown.minimumSizeHint().width()
    dock.dispose()


def test_the_next_window_begins_as_the_last_one_ended(open_dock, qtbot):
    dock = open_dock(1100, 700)
    dock.show_extra("queue")
    dock.session.select_class(5)
    dock.session.set_brush(61)
    dock.trainer.toggle()
    next(run for key, _, run in dock.session.bindings() if key == "Y")()
    assert not any(layer_dock.isHidden() for layer_dock in layer_docks(dock.viewer))
    qtbot.wait(100)
    dock.viewer.close()
    kept = read_desk()
    assert (kept.tabs, kept.front, kept.curves, kept.layers) == (("queue",), ("queue",), True, True)

    again = open_dock(1100, 800)
    qtbot.waitUntil(lambda: "queue" in again.tabs, timeout=3000)
    assert (again.session.selected_class, again.session.brush_size) == (5, 61)
    assert not again.trainer.curves.isHidden()
    assert not any(layer_dock.isHidden() for layer_dock in layer_docks(again.viewer))
    again.dispose()


@pytest.mark.parametrize("content", [b"", b"\x00\xff", b"[]", b'{"tabs": 3}'])
def test_a_damaged_desk_is_an_empty_one(tmp_path, monkeypatch, content):
    file = tmp_path / "window.json"
    monkeypatch.setenv(FILE_VARIABLE, str(file))
    file.write_bytes(content)
    assert read_desk() == Desk()
    write_desk(Desk(tabs=("queue",)))
    assert read_desk().tabs == ("queue",)


def test_a_desk_that_cannot_be_kept_is_no_trouble(tmp_path, monkeypatch):
    (tmp_path / "a file").touch()
    monkeypatch.setenv(FILE_VARIABLE, str(tmp_path / "a file" / "window.json"))
    write_desk(Desk(tabs=("queue",)))
    assert read_desk() == Desk()


def test_classes_never_lie_upon_each_other(qtbot):
    chart = ClassChart()
    qtbot.addWidget(chart)
    chart.show_classes([ClassDice(name, "#0072ff", 0.5, 0.1) for name in SKIN.names])
    chart.show()
    for height, shown in ((240, chart.plot), (70, chart.words), (240, chart.plot)):
        chart.resize(260, height)
        assert chart.stack.currentWidget() is shown
    assert "face 0.50 ▲" in chart.words.text()


def test_a_long_path_does_not_widen_a_label(qtbot):
    label = wrapped_label("/somewhere/in/a/folder/with/a/long_name/and_more" * 5)
    qtbot.addWidget(label)
    assert label.minimumSizeHint().width() < 200
    assert label.text().startswith("/somewhere/in/a"), "what is read is what was said"


def test_a_flag_shows_its_line_where_another_tab_is_in_front(open_dock, qtbot):
    dock = open_dock(1100, 700)
    dock.show_extra("queue")
    qtbot.waitUntil(lambda: dock.annotate.visibleRegion().isEmpty(), timeout=5_000)
    dock.session.ask_for_note()
    qtbot.waitUntil(lambda: not dock.annotate.buttons.note.visibleRegion().isEmpty(), timeout=5_000)
    dock.dispose()


def test_a_note_of_ten_thousand_letters_leaves_the_window_as_it_is(open_dock, qtbot):
    dock = open_dock(1100, 700)
    window = dock.viewer.window._qt_window
    dock.show_extra("review")
    tab = dock.tabs["review"]
    notes = ("w" * 10_000, "why is this so? " * 625, "<b>bold</b> <img src=x>" * 400)
    photo = dock.session.current.photo.id
    for note in notes:
        dock.session.flag(note)
        qtbot.waitUntil(lambda: dock.session.saving == 0 and dock.session.current is not None, timeout=15000)
        dock.session.open_photo(photo)
        dock.parent().raise_()
        qtbot.waitUntil(
            lambda start=note[:9]: dock.annotate.why.text().startswith(f"flagged: {start}"), timeout=15000
        )
        assert dock.project.photos.get(photo).reason == note, "all of it is kept"
        qtbot.wait(200)
        assert (window.width(), window.height()) == (1100, 700)
        accept = dock.annotate.buttons.accept
        assert accept.visibleRegion().boundingRect() == accept.rect()
        dock.show_extra("review")
        tab.states.setCurrentText("flagged")
        tab.refresh()
        qtbot.waitUntil(
            lambda start=note[:9]: (
                tab.table.rowCount() == 1 and start in unescape(tab.table.item(0, 1).toolTip())
            ),
            timeout=15000,
        )
        qtbot.wait(200)
        assert (window.width(), window.height()) == (1100, 700)
        assert len(unescape(tab.table.item(0, 1).toolTip())) < 3000
    dock.dispose()


def test_a_notice_of_any_length_is_read_whole_and_covers_no_other(open_dock, qtbot):
    dock = open_dock(800, 540)
    canvas, notice = photo_canvas(dock.viewer), dock.session.notice.emit
    long = "a_long_name_of_a_photo_of_a_left_forearm.jpg is open elsewhere: go on with it there, please. " * 2
    notice("warning", long)
    notice("info", f"again, {long}")  # the status bar has no room for it
    notice("news", "a better model has come")
    qtbot.wait(400)
    shown = [child for child in canvas.children() if is_notification(child)]
    assert len(shown) == 3
    for one in shown:
        label = one.message
        assert "…" not in QLabel.text(label)
        needed = label.fontMetrics().boundingRect(label.rect(), int(Qt.TextFlag.TextWordWrap), label.text())
        assert needed.height() <= label.height() <= one.height()
        assert canvas.rect().contains(one.geometry())
    places = [one.geometry() for one in shown]
    assert not any(a.intersects(b) for a, b in itertools.combinations(places, 2))
    notice("info", "saved")
    assert dock.viewer.status == "saved"
    goes = dock.viewer.window._qt_window.statusBar().findChild(QTimer, GOES)
    assert goes.isActive()
    assert goes.interval() == 4000
    goes.timeout.emit()
    assert dock.viewer.status == "", "it goes though no mouse moves"
    for _ in range(3):
        notice("warning", "the same, once more")
    qtbot.wait(100)
    there = [one for one in canvas.children() if is_notification(one) and not one.isHidden()]
    assert len(there) == 4, "what is said again is shown once"
    dock.viewer.window._qt_window.activateWindow()
    qtbot.waitUntil(canvas.isActiveWindow, timeout=5000)
    qtbot.wait(50)
    assert all(one.timer.isActive() and one.timer.interval() >= 4000 for one in there), (
        "and each goes when its time is over, which begins when somebody looks"
    )
    for one in there:
        one.close()
    dock.dispose()
