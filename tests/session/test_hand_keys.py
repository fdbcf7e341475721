"""Keys that leave a photo, as Qt sends them to a real window."""

from __future__ import annotations

import pytest
from hand_fixtures import NONE, Hand
from qtpy.QtCore import QEvent, Qt
from qtpy.QtGui import QKeyEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication
from workbench import predict, rest, serve, until

from napari_skinseg.session.leaving_keys import STANDS_SECONDS
from trainer.project.states import PhotoState

CTRL = Qt.KeyboardModifier.ControlModifier


def seen(hand: Hand) -> int:
    """Let the open photo stand until it has been seen; return its id."""
    rest(hand.session)
    until(hand.session, lambda: hand.session.current is not None)
    stood = hand.session._clock() + STANDS_SECONDS + 0.1  # the time in which the window answered
    until(hand.session, lambda: hand.rest() or hand.session._clock() > stood)
    return hand.session.current.photo.id


def held(hand: Hand, key: Qt.Key, seconds: float, marked: bool) -> None:
    """Hold a key: Qt marks each repeat, or a server sends it as a release and a press of its own."""
    text = {Qt.Key.Key_N: "n", Qt.Key.Key_K: "k", Qt.Key.Key_Space: " "}[key]

    def send(kind: QEvent.Type, repeat: bool) -> None:
        QApplication.sendEvent(hand.canvas, QKeyEvent(kind, key, NONE, text, repeat))

    send(QEvent.Type.KeyPress, False)
    hand.rest(0.3)
    for _ in range(round(seconds / 0.03)):
        send(QEvent.Type.KeyRelease, marked)
        send(QEvent.Type.KeyPress, marked)
        hand.rest(0.03)
    send(QEvent.Type.KeyRelease, False)


@pytest.mark.parametrize("key", [Qt.Key.Key_N, Qt.Key.Key_K, Qt.Key.Key_Space])
def test_a_held_key_leaves_one_photo(hand, key):
    session = hand.session
    left = []
    session.photo_changed.connect(lambda: left.append(session.current))
    label_everything(session)
    session.photo_changed.connect(lambda: label_everything(session))
    for marked in (True, False):
        first = seen(hand)
        left.clear()
        held(hand, key, 1.2, marked)
        assert seen(hand) != first
        assert len([photo for photo in left if photo is not None]) == 1
        hand.rest(0.3)


def test_keys_pressed_before_the_photo_is_there_are_not_lost(hand):
    """Class, tool and brush are taken for it; what works on its pixels is refused in words."""
    session, layer = hand.session, hand.session.annotation_layer
    first = seen(hand)
    brush, opacity = session.brush_size, layer.opacity
    session.open_photo(next(p for p in session.project.photos.ids() if p not in session._navigator.held_ids))
    assert session.current is None
    for key in (Qt.Key.Key_3, Qt.Key.Key_A, Qt.Key.Key_BracketRight, Qt.Key.Key_Comma, Qt.Key.Key_P):
        hand.key(key)
    hand.key(Qt.Key.Key_G)
    hand.key(Qt.Key.Key_D)
    assert session.notices[-1] == ("info", "the photo is not here yet: press D again when it is")
    assert seen(hand) != first
    assert (session.selected_class, str(layer.mode)) == (3, "polygon")
    assert session.brush_size > brush
    assert layer.opacity < opacity
    assert not layer.preserve_labels  # napari's own P
    assert not (layer.data == 1).any()


def test_keys_right_behind_space_are_for_the_next_photo(hand):
    first = seen(hand)
    label_everything(hand.session)
    hand.key(Qt.Key.Key_Space)
    hand.key(Qt.Key.Key_A)
    hand.key(Qt.Key.Key_4)
    assert seen(hand) != first
    assert (hand.session.selected_class, str(hand.session.annotation_layer.mode)) == (4, "fill")


def label_everything(session):
    if session.current is not None:
        session.annotation_layer.data[:] = 3


def test_space_asks_about_a_mostly_empty_photo_and_then_goes_on(hand, project):
    first = seen(hand)
    hand.session.annotation_layer.data[:20] = 3
    hand.key(Qt.Key.Key_Space)
    assert seen(hand) == first
    assert "Space again saves it so" in hand.session.notices[-1][1]
    hand.key(Qt.Key.Key_Space)
    assert seen(hand) != first
    assert project.photos.get(first).state == PhotoState.LABELLED


def test_a_suggestion_that_comes_while_space_is_pressed_is_not_accepted_unseen(hand, project):
    session, first = hand.session, seen(hand)
    label_everything(session)
    serve(project, "0001")
    QTest.keyPress(hand.canvas, Qt.Key.Key_Space)
    predict(project, first, "0001", value=2)
    until(session, lambda: session.current.model_id == "0001")
    QTest.keyRelease(hand.canvas, Qt.Key.Key_Space)
    hand.rest(0.1)
    assert session.current.photo.id == first
    assert session.notices[-1][1] == "a newer suggestion has just come: look at it, then accept"
    assert seen(hand) == first
    hand.key(Qt.Key.Key_Space)
    assert seen(hand) != first


def test_ctrl_z_takes_the_accept_back_and_b_goes_back(hand, project):
    first = seen(hand)
    label_everything(hand.session)
    hand.key(Qt.Key.Key_N)
    second = seen(hand)
    hand.key(Qt.Key.Key_Z, CTRL)
    assert seen(hand) == first
    assert project.photos.get(first).state == PhotoState.NEW
    hand.key(Qt.Key.Key_N)
    assert seen(hand) == second
    hand.key(Qt.Key.Key_B)
    assert seen(hand) == first
    assert project.photos.get(first).state == PhotoState.LABELLED


def test_a_region_is_shaped_by_a_key_where_the_mouse_is(hand):
    layer = hand.session.annotation_layer
    layer.data[10:40, 10:40] = 3
    layer.data[20:24, 20:24] = 0
    hand.move(14, 14)
    hand.rest()
    hand.move(12, 12)
    hand.rest(0.2)
    hand.key(Qt.Key.Key_O)
    rest(hand.session)
    assert (layer.data[10:40, 10:40] == 3).all()
    hand.key(Qt.Key.Key_Z, CTRL)
    assert not layer.data[20:24, 20:24].any()
