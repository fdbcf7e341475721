"""A photo that comes is drawn at once, its labels right after it; nothing of the annotator's is touched."""

from __future__ import annotations

from napari_skinseg.widgets.staged_drawing import LATE_MS, StagedDrawing


def open_first(viewer, project, open_session):
    session = open_session(project, viewer=viewer)
    staged = StagedDrawing(viewer, session)
    session.open_photo(project.photos.ids()[0])
    node = viewer.window._qt_viewer.canvas.layer_to_visual[session.annotation_layer].node
    return session, staged, node


def test_the_labels_come_in_the_draw_after_the_photos(make_napari_viewer, project, open_session, qtbot):
    viewer = make_napari_viewer(show=True)
    session, _staged, node = open_first(viewer, project, open_session)
    drawn = []
    viewer.window._qt_viewer.canvas._scene_canvas.events.draw.connect(
        lambda event: drawn.append(node.visible), position="last"
    )
    qtbot.waitUntil(lambda: drawn[-1:] == [True], timeout=15000)  # the window has come, which may take long
    drawn.clear()
    session.photo_changed.emit()
    qtbot.waitUntil(lambda: drawn[-1:] == [True], timeout=15000)
    assert drawn[0] is False


def test_the_layer_keeps_its_brush_and_its_strokes(make_napari_viewer, project, open_session, qtbot):
    viewer = make_napari_viewer(show=True)
    session, _staged, node = open_first(viewer, project, open_session)
    qtbot.waitUntil(lambda: session.poll() or session.current is not None, timeout=15000)  # or none stays
    qtbot.waitUntil(lambda: node.visible, timeout=15000)
    layer = session.annotation_layer
    session.select_class(3)
    mode = layer.mode
    session.photo_changed.emit()
    assert not node.visible
    assert layer.visible
    assert layer.mode == mode
    layer.paint((5, 5), 3)
    qtbot.waitUntil(lambda: node.visible, timeout=15000)
    assert layer.data[5, 5] == 3
    assert layer.mode == mode


def test_a_layer_that_is_hidden_stays_hidden(make_napari_viewer, project, open_session, qtbot):
    viewer = make_napari_viewer(show=True)
    session, staged, node = open_first(viewer, project, open_session)
    qtbot.waitUntil(lambda: node.visible, timeout=15000)
    session.annotation_layer.visible = False
    session.photo_changed.emit()
    staged.release()
    assert not node.visible
    session.annotation_layer.visible = True
    assert node.visible


def test_a_window_that_is_not_drawn_has_its_labels_all_the_same(
    make_napari_viewer, project, open_session, qtbot
):
    viewer = make_napari_viewer(show=False)
    session, _staged, node = open_first(viewer, project, open_session)
    session.photo_changed.emit()
    assert not node.visible
    qtbot.waitUntil(lambda: node.visible, timeout=20 * LATE_MS)


def test_saving_begins_when_the_next_photo_is_drawn(make_napari_viewer, project, open_session, qtbot):
    viewer = make_napari_viewer(show=True)
    session = open_session(project, viewer=viewer)
    staged = StagedDrawing(viewer, session)

    def reached(what):
        def look():
            session.poll()
            return what()

        qtbot.waitUntil(look, timeout=15000)

    session.open_next()
    reached(lambda: session.current is not None and len(session._navigator.waiting.ready) > 0)
    reached(lambda: not staged.holding and not session._background.busy)
    first = session.current.photo.id
    session.annotation_layer.paint((5, 5), 3)
    session.accept_and_next()
    assert staged.holding
    assert session.saving == 1
    assert project.masks.head(first) is None
    reached(lambda: session.saving == 0)
    assert project.masks.head(first) is not None


def test_a_window_closed_at_once_saves_all_the_same(make_napari_viewer, project, open_session, qtbot):
    viewer = make_napari_viewer(show=True)
    session, _staged, _node = open_first(viewer, project, open_session)
    qtbot.waitUntil(lambda: session.poll() or session.current is not None, timeout=15000)
    first = session.current.photo.id
    session.annotation_layer.paint((5, 5), 3)
    session.hold_threads()
    session.accept_and_next()
    session.close()
    assert project.masks.head(first) is not None


def test_the_brush_is_ready_before_the_first_photo_and_away_until_then(
    make_napari_viewer, project, open_session, qtbot
):
    viewer = make_napari_viewer(show=True)
    session = open_session(project, viewer=viewer)
    staged = StagedDrawing(viewer, session)
    layer = session.annotation_layer
    qtbot.waitUntil(lambda: layer.mode == "pan_zoom", timeout=15000)
    session.open_next()
    qtbot.waitUntil(lambda: session.poll() or session.current is not None, timeout=15000)
    assert staged.holding
    assert layer.mode == "paint"
