"""What hands do out of habit in the real window: Ctrl+S, Escape, and reading the status line."""

from __future__ import annotations

import os
import sys

import pytest
from hand_fixtures import Hand
from qtpy.QtCore import Qt
from qtpy.QtGui import QKeySequence
from workbench import make_project, rest, until

from napari_skinseg.widgets.workspace import open_workspace
from trainer.labels.values import NOT_LABELLED, PAINTED
from trainer.project.states import PhotoState

pytestmark = pytest.mark.skipif(
    sys.platform == "linux" and not os.environ.get("DISPLAY"), reason="napari's canvas needs a display"
)
CTRL_S = QKeySequence("Ctrl+S")


@pytest.fixture
def dock(make_napari_viewer, tmp_path, qtbot):
    with make_project(tmp_path) as project:
        path = project.path
    viewer = make_napari_viewer(show=True)
    dock = open_workspace(viewer, path, "ann", remembers=False)
    until(dock.session, lambda: dock.session.current is not None)
    yield dock
    dock.dispose()


def status_of(dock, hand) -> str:
    """What the status line says when the mouse has moved."""
    row, column = (size // 2 for size in dock.session.annotation_layer.data.shape)
    hand.move(row, column)
    hand.rest()
    return dock.session.annotation_layer.get_status((row, column))["coordinates"]


def test_ctrl_s_saves_what_is_decided_escape_closes_the_note_and_words_go_with_the_stroke(dock, qtbot):
    session, hand = dock.session, Hand(dock.session)
    hand.rest(0.3)
    said: list[str] = []
    session.notice.connect(lambda level, text: said.append(text))
    menu = dock.viewer.window.file_menu.actions()
    assert not any(action.shortcut() == CTRL_S for action in menu), "two owners of a key, and Qt runs neither"
    save = next(shortcut for shortcut in dock.shortcuts if shortcut.key() == CTRL_S)
    first, layer = session.current.photo.id, session.annotation_layer

    save.activated.emit()
    assert said[-1] == "nothing to save yet: paint, or accept the suggestion with Space"
    layer.paint((20, 20), 5)
    save.activated.emit()
    rest(session)
    assert said[-1] == "saved as a part: Space accepts the rest and goes on"
    assert session.current.photo.id == first
    assert dock.project.photos.get(first).state == PhotoState.PART
    labels, provenance = dock.project.masks.read(dock.project.masks.head(first))
    assert labels[20, 20] == 5
    assert set(provenance[labels != NOT_LABELLED]) == {PAINTED}
    save.activated.emit()
    assert said[-1] == "all of it is saved already"

    note = dock.annotate.buttons.note
    session.ask_for_note()
    qtbot.keyClicks(note, "blurred")
    hand.key(Qt.Key.Key_Escape)
    assert note.isHidden()
    assert said[-1] == "not flagged: F brings your note back"
    session.ask_for_note()
    assert note.text() == "blurred", "nothing that was typed is lost"
    hand.key(Qt.Key.Key_Escape)

    layer.fill((1, 1), 3)
    session.accept_and_next()
    qtbot.waitUntil(lambda: said[-1].startswith("saved; Ctrl+Z"), timeout=15000)
    qtbot.waitUntil(lambda: session.current is not None and session.current.photo.id != first, timeout=9000)
    assert note.text() == "", "it was for the photo before"
    hand.rest(0.3)
    assert status_of(dock, hand) == "saved; Ctrl+Z takes it back, B opens it again"
    hand.press(10, 10)
    hand.move(20, 20)
    hand.release(20, 20)
    assert status_of(dock, hand) in ("not labelled", "hand", "background"), "it would not be true any more"

    shortcuts = dock.shortcuts
    dock.dispose()
    for shortcut in shortcuts:
        shortcut.deleteLater()
    qtbot.waitUntil(lambda: any(action.shortcut() == CTRL_S for action in menu), timeout=3000)
