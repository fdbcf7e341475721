"""The hand in a real window, by real events of Qt: strokes, tools, brush and words of the status line."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import QEvent, QPointF, Qt
from qtpy.QtGui import QMouseEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication
from workbench import until

LEFT, MIDDLE, NONE = Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton, Qt.KeyboardModifier.NoModifier


def test_a_fast_stroke_reaches_to_where_the_button_is_let_go(hand):
    """Nine strokes whose moves come closer together than napari looks at them."""
    layer, session = hand.session.annotation_layer, hand.session
    session.select_class(3)
    layer.brush_size = 1
    for row in range(8, 53, 5):
        hand.press(row, 5)
        for column in (20, 35, 50):
            hand.move(row, column)
        hand.release(row, 65)
        hand.rest(0.03)
        painted = np.flatnonzero(layer.data[row] == 3)
        assert (painted[0], painted[-1]) == (5, 65), row
        assert len(painted) == 61, row
    assert session.current.strokes == 9
    for _ in range(9):
        session.undo()
    assert not layer.data.any()


def test_the_middle_button_moves_the_photo_and_paints_nothing(hand):
    session, layer = hand.session, hand.session.annotation_layer
    for tool in ("paint", "fill", "polygon", "pick"):
        session.select_class(4)
        session.take_tool(tool)
        before, start, end = hand.camera.center, hand.at(20, 20), hand.at(30, 45)
        QTest.mousePress(hand.canvas, MIDDLE, NONE, start)
        QTest.mouseMove(hand.canvas, (start + end) / 2)
        hand.rest(0.03)
        QTest.mouseMove(hand.canvas, end)
        hand.rest(0.03)
        QTest.mouseRelease(hand.canvas, MIDDLE, NONE, end)
        moved = np.array(before[-2:]) - hand.camera.center[-2:]
        assert moved == pytest.approx((10, 25), abs=0.5), tool
        assert not layer.data.any(), tool
        assert not layer._overlays["polygon"].points, tool
        assert session.selected_class == 4, tool


def test_another_tool_drops_a_half_drawn_polygon(hand):
    session, layer = hand.session, hand.session.annotation_layer
    for take in (
        lambda: hand.key(Qt.Key.Key_P),
        lambda: hand.key(Qt.Key.Key_Q),
        lambda: setattr(layer, "mode", "pan_zoom"),  # by napari's own buttons
    ):
        hand.key(Qt.Key.Key_G)
        for row, column in ((10, 10), (10, 40), (40, 40)):
            hand.click(row, column)
        assert len(layer._overlays["polygon"].points) > 3
        take()
        assert layer._overlays["polygon"].points == []
        assert session.notices[-1][1] != "a line is half drawn: finish it, or press Escape to drop it"
        assert ("info", "the half-drawn polygon is dropped") in session.notices
        session.notices.clear()
        hand.key(Qt.Key.Key_G)
        hand.click(50, 60)
        hand.key(Qt.Key.Key_Escape)
        assert not layer.data.any()


def test_a_look_at_the_bare_photo_keeps_a_half_drawn_polygon(hand):
    layer = hand.session.annotation_layer
    hand.key(Qt.Key.Key_G)
    hand.click(10, 10)
    hand.click(10, 40)
    QTest.keyPress(hand.canvas, Qt.Key.Key_H)
    assert not layer.visible
    QTest.keyRelease(hand.canvas, Qt.Key.Key_H)
    assert str(layer.mode) == "polygon"
    assert len(layer._overlays["polygon"].points) == 3


def test_a_tool_works_on_the_annotation_whatever_layer_is_active(hand):
    session = hand.session
    for key, mode in (("P", "paint"), ("G", "polygon"), ("A", "fill"), ("5", "paint"), ("0", "paint")):
        session.annotation_layer.mode = "pan_zoom"
        hand.viewer.layers.selection.active = session.photo_layer
        QTest.keyClick(hand.canvas, key.lower())
        assert hand.viewer.layers.selection.active is session.annotation_layer, key
        assert str(session.annotation_layer.mode) == mode, key
        session.annotation_layer.visible = False
        QTest.keyClick(hand.canvas, key.lower())
        assert session.annotation_layer.visible, key
        assert str(session.annotation_layer.mode) == mode, key


def test_zero_erases_with_every_tool(hand):
    session, layer = hand.session, hand.session.annotation_layer

    def full():
        layer.data[:] = 3
        layer.refresh()

    full()
    hand.key(Qt.Key.Key_P)
    hand.key(Qt.Key.Key_0)
    hand.click(20, 20)
    assert layer.data[20, 20] == 0, "brush"
    full()
    hand.key(Qt.Key.Key_A)
    hand.key(Qt.Key.Key_0)
    hand.click(20, 20)
    assert not layer.data.any(), "fill"
    full()
    hand.key(Qt.Key.Key_G)
    hand.key(Qt.Key.Key_0)
    for row, column in ((10, 10), (10, 50), (50, 50), (50, 10)):
        hand.click(row, column)
        hand.rest(QApplication.doubleClickInterval() / 1000)
    QTest.mouseDClick(hand.canvas, LEFT, NONE, hand.at(50, 10))
    assert layer.data[30, 30] == 0, "polygon"
    assert layer.data[55, 70] == 3
    full()
    hand.key(Qt.Key.Key_W)
    hand.key(Qt.Key.Key_0)
    assert str(layer.mode) == "paint", "after the pipette the hand erases with the brush"
    assert session.selected_class == 0


def test_the_brush_is_as_large_on_the_screen_at_any_zoom_and_on_any_photo(hand, project):
    session, layer, camera = hand.session, hand.session.annotation_layer, hand.camera
    session.set_brush(60)
    assert layer.brush_size == round(60 / camera.zoom)
    hand.wheel(NONE, turns=3)
    hand.rest()
    zoomed = camera.zoom
    assert layer.brush_size == round(60 / zoomed)
    camera.zoom = 1.0
    assert (session.brush_size, layer.brush_size) == (60, 60)
    other = next(i for i in project.photos.ids() if i != session.current.photo.id)
    session.open_photo(other)
    until(session, lambda: session.current is not None)
    assert session.brush_size == 60
    assert layer.brush_size == round(60 / camera.zoom)


def test_keys_wheel_and_napari_change_the_same_brush(hand):
    session, layer, camera = hand.session, hand.session.annotation_layer, hand.camera
    camera.zoom = 1.0
    session.set_brush(50)
    zoom = camera.zoom
    hand.wheel(Qt.KeyboardModifier.ShiftModifier)
    assert (session.brush_size, layer.brush_size) == (60, 60)
    assert camera.zoom == zoom
    hand.key(Qt.Key.Key_BracketLeft)
    assert (session.brush_size, layer.brush_size) == (50, 50)
    hand.key(Qt.Key.Key_PageUp)
    assert session.brush_size == 60, "a board without brackets"
    hand.key(Qt.Key.Key_PageDown)
    assert session.brush_size == 50
    layer.brush_size = 20
    assert session.brush_size == 20
    camera.zoom = 8.0
    before = layer.brush_size
    hand.key(Qt.Key.Key_BracketRight)
    assert layer.brush_size == before + 1, "a step can be seen, also where a pixel is wider than it"


def test_painting_against_a_lock_says_so(hand):
    session, layer = hand.session, hand.session.annotation_layer
    layer.data[:] = 6
    session.set_locked(6, True)
    session.select_class(3)
    hand.press(20, 20)
    hand.move(20, 40)
    hand.release(20, 60)
    hand.rest()
    assert (layer.data == 6).all()
    name = session.project.classes.names[5]
    assert ("info", f"{name} is locked: L over it frees it") in session.notices
    assert words(hand, 20, 20) == f"{name} is locked: L over it frees it", "it stays while the hand moves"
    session.notices.clear()
    session.set_locked(6, False)
    hand.click(20, 20)
    hand.rest()
    assert session.notices == []


def test_the_status_line_names_the_class_under_the_mouse(hand):
    session, layer = hand.session, hand.session.annotation_layer
    layer.data[:30] = 6
    session._editor.layers.words.forget()
    assert words(hand, 10, 10) == session.project.classes.names[5]
    assert words(hand, 50, 10) == "not labelled"


def words(hand, row, column):
    """What napari's status line says with the mouse over a pixel."""
    viewer = hand.viewer
    viewer.mouse_over_canvas = True
    viewer.cursor.position = (row, column)
    status, _ = viewer._calc_status_from_cursor()
    return status["coordinates"]


CTRL = Qt.KeyboardModifier.ControlModifier


def test_with_ctrl_the_line_of_a_polygon_follows_the_edge(hand):
    """The photo's left half differs from its right half: the edge runs down the middle."""
    layer = hand.session.annotation_layer
    height, width = layer.data.shape
    middle = width // 2
    polygon = layer._overlays["polygon"]
    hand.key(Qt.Key.Key_G)
    hand.click(5, middle - 8)
    place = hand.at(height - 6, middle - 8)
    move_with(hand, place, CTRL)
    shown = len(polygon.points)
    assert shown > 3, "the line is shown before the click"
    move_with(hand, place, NONE)
    assert len(polygon.points) == 2, "without Ctrl it is straight again"
    move_with(hand, place, CTRL)
    QTest.mouseClick(hand.canvas, LEFT, CTRL, place)
    hand.rest()
    columns = [column for _, column in polygon.points[1:-2]]
    assert len(columns) >= 2
    assert abs(np.median(columns) - middle) <= 2
    QTest.mouseClick(hand.canvas, Qt.MouseButton.RightButton, NONE, place)
    hand.rest()
    assert len(polygon.points) == 2, "a right click takes the whole stretch back"
    QTest.mouseClick(hand.canvas, LEFT, CTRL, place)
    hand.rest(QApplication.doubleClickInterval() / 1000)
    hand.click(height - 6, 3)
    hand.rest(QApplication.doubleClickInterval() / 1000)
    hand.click(5, 3)
    hand.rest(QApplication.doubleClickInterval() / 1000)
    hand.session.select_class(4)
    QTest.mouseDClick(hand.canvas, LEFT, NONE, hand.at(5, 3))
    hand.rest()
    row = layer.data[height // 2]
    assert abs(np.flatnonzero(row == 4).max() - middle) <= 2
    assert hand.session.current.strokes == 1


def move_with(hand, place, modifiers):
    """Move the mouse with keys held; QTest's own move holds none."""
    event = QMouseEvent(
        QEvent.Type.MouseMove,
        QPointF(place),
        QPointF(hand.canvas.mapToGlobal(place)),
        Qt.MouseButton.NoButton,
        Qt.MouseButton.NoButton,
        modifiers,
    )
    QApplication.sendEvent(hand.canvas, event)
    hand.rest()


def test_no_key_disturbs_a_stroke_while_the_button_is_down(hand):
    session, layer = hand.session, hand.session.annotation_layer
    asked = []
    session.layers_requested.connect(lambda: asked.append("layers"))
    session.select_class(3)
    layer.brush_size = 3
    opened, camera = session.current.photo.id, tuple(hand.camera.center)
    control = Qt.KeyboardModifier.ControlModifier
    hand.press(20, 20)
    for step, key in enumerate("YHBKNVRGQDUFSC"):
        hand.move(20, 21 + step)
        QTest.keyPress(hand.canvas, key)
        QTest.keyRelease(hand.canvas, key)
    for modifiers in (control, control | Qt.KeyboardModifier.ShiftModifier):
        hand.key(Qt.Key.Key_Z, modifiers)
    hand.key(Qt.Key.Key_R, control)
    QTest.keyPress(hand.canvas, Qt.Key.Key_Space)
    hand.move(20, 50)
    QTest.keyRelease(hand.canvas, Qt.Key.Key_Space)
    session.refit()
    hand.release(20, 55)
    hand.rest(0.3)
    assert session.current.photo.id == opened
    assert (layer.data[20, 20:56] == 3).all(), "the stroke is whole"
    assert layer.visible
    assert tuple(hand.camera.center) == camera, "and the photo has not moved under it"
    assert not asked
    assert any("half drawn" in text for _, text in session.notices)
    assert "warning" not in {level for level, _ in session.notices}, "nothing comes over the photo"
    session.undo()
    assert not (layer.data == 3).any(), "one stroke, one step"


def test_undo_and_redo_say_so_where_there_is_nothing_left(hand):
    session, control = hand.session, Qt.KeyboardModifier.ControlModifier
    session.select_class(3)
    hand.press(20, 20)
    hand.release(20, 25)
    hand.rest()
    hand.key(Qt.Key.Key_Z, control)
    hand.key(Qt.Key.Key_Z, control)
    hand.rest()
    assert session.notices[-1][1].startswith("nothing to undo")
    hand.key(Qt.Key.Key_Z, control | Qt.KeyboardModifier.ShiftModifier)
    assert (session.annotation_layer.data == 3).any()
    hand.key(Qt.Key.Key_Z, control | Qt.KeyboardModifier.ShiftModifier)
    assert session.notices[-1][1].startswith("nothing to redo")
