"""Brightness, contrast and the small map: for the eyes only, at hand, and out of the way."""

import numpy as np
import pytest
from napari.layers import Image
from qtpy.QtCore import QPoint, Qt
from workbench import make_project, until

from napari_skinseg.layers.light import PhotoLight
from napari_skinseg.session.remembered import FILE_VARIABLE, read_desk
from napari_skinseg.widgets.minimap import is_whole, view_box
from napari_skinseg.widgets.workspace import open_workspace


def press(session, key):
    next(row.run for row in session.bindings() if row.key == key)()


def test_light_is_neutral_again_with_the_next_photo_unless_pinned():
    light = PhotoLight(Image(np.full((4, 4, 3), 100, np.uint8), rgb=True))
    light.begin_photo(1)
    light.set(40, 300)
    assert (light.brightness, light.contrast) == (40, 100)
    light.begin_photo(1)
    assert not light.neutral, "the same photo with another mask"
    light.pin(True)
    light.begin_photo(2)
    assert not light.neutral
    light.pin(False)
    light.begin_photo(3)
    assert light.neutral


def test_light_changes_no_pixel_and_a_key_takes_it_back(session):
    layer = session.photo_layer
    before, neutral = layer.data[0].copy(), (layer.gamma, tuple(layer.contrast_limits))
    session.light.set(50, 50)
    assert layer.gamma == 0.5, "brighter"
    low, high = layer.contrast_limits
    assert high - low == pytest.approx(127.5)
    mean = layer.data[-1].mean()
    assert (mean - low) / (high - low) == pytest.approx(mean / 255), "dark skin does not become black"
    assert np.array_equal(layer.data[0], before)
    session.accept_and_next()
    assert not session.light.neutral, "a photo that stays open keeps its light"
    press(session, "Z")
    assert (layer.gamma, tuple(layer.contrast_limits)) == neutral
    session.light.set(-20, 0)
    session.skip()
    until(session, lambda: session.current is not None)
    assert (layer.gamma, tuple(layer.contrast_limits)) == neutral


def test_the_part_in_view_is_cut_to_the_photo():
    assert view_box((50, 100), 1.0, (40, 60), (100, 200)) == (30, 70, 70, 130)
    assert view_box((0, 0), 2.0, (40, 60), (100, 200)) == (0, 0, 10, 15)
    assert is_whole(view_box((50, 100), 0.3, (40, 70), (100, 200)), (100, 200))
    assert not is_whole(view_box((50, 100), 0.5, (40, 200), (100, 200)), (100, 200))


@pytest.fixture
def dock(make_napari_viewer, tmp_path, qtbot, monkeypatch):
    monkeypatch.setenv(FILE_VARIABLE, str(tmp_path / "window.json"))
    with make_project(tmp_path) as project:
        pass
    viewer = make_napari_viewer(show=True)
    dock = open_workspace(viewer, project.path, "ann")
    qtbot.waitUntil(lambda: dock.session.current is not None, timeout=15000)
    viewer.window.resize(1100, 700)
    qtbot.wait(200)
    yield dock
    dock.dispose()


def test_a_zoomed_photo_has_a_map_that_moves_the_view_and_can_be_put_away(dock, qtbot):
    session, little, camera = dock.session, dock.desk.map, dock.viewer.scene.camera
    assert not little.isVisible(), "the whole photo is in view"
    camera.zoom *= 4
    qtbot.waitUntil(little.isVisible)
    height, width = session.photo_layer.data[0].shape[:2]
    assert abs(little.width() / little.height() - width / height) < 0.03
    corner = little.geometry().topRight() - little.parentWidget().rect().topRight()
    assert -20 < corner.x() < 0
    assert 0 < corner.y() < 20
    qtbot.mouseClick(little, Qt.MouseButton.LeftButton, pos=QPoint(little.width() // 4, little.height() // 2))
    row, column = camera.center[-2:]
    assert abs(row - height / 2) < 2
    assert abs(column - width / 4) < 2
    top, left, bottom, right = little.view
    assert top < row < bottom
    assert left < column < right
    little.grab()
    press(session, "Shift+Z")
    assert not little.isVisible()
    dock.desk.remember()
    assert not read_desk().map, "the next window begins without it"
    press(session, "Shift+Z")
    assert little.isVisible()

    light = dock.annotate.tools.light
    assert light.isHidden(), "it takes no room"
    qtbot.mouseClick(dock.annotate.light, Qt.MouseButton.LeftButton)
    assert light.isVisible()
    light.brightness.setValue(30)
    assert session.light.brightness == 30
    qtbot.mouseClick(light.pin, Qt.MouseButton.LeftButton)
    skipped = session.current.photo.id
    session.skip()
    qtbot.waitUntil(lambda: session.current is not None and session.current.photo.id != skipped)
    assert light.brightness.value() == 30
    qtbot.mouseClick(light.reset, Qt.MouseButton.LeftButton)
    assert light.brightness.value() == 0
    assert session.photo_layer.gamma == 1
    assert not light.reset.isEnabled()
    qtbot.waitUntil(lambda: not little.isVisible())
