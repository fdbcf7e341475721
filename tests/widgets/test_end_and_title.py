"""What the window says at its ends: the first photo, the end of the queue, the title, the closing."""

from __future__ import annotations

import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication, QLabel, QMainWindow
from workbench import beat, make_project, rest, until

from napari_skinseg.session.status import FIRST_STEPS
from napari_skinseg.views.annotate import resolve_annotate, window_title
from napari_skinseg.widgets.annotate_dock import AnnotateDock
from napari_skinseg.widgets.farewell import Farewell
from napari_skinseg.widgets.workspace import open_workspace


@pytest.fixture
def ended(tmp_path, open_session, qtbot):
    """A queue of four at its end: one done, one begun, one flagged, and two of them skipped."""
    with make_project(tmp_path, photos=4) as project:
        session = open_session(project)
        session.open_next()
        leave = (session.accept_and_next, lambda: session.flag("blurred"), session.skip, session.skip)
        for place, key in enumerate(leave):
            until(session, lambda: session.current is not None)
            if place != 3:
                session.annotation_layer.fill((1, 1), 3)
            if place == 2:
                session.save_part()
                rest(session)
            key()
        until(session, lambda: "no photo is left" in session.status and "begun" in session.status)
        panel = AnnotateDock(session)
        qtbot.addWidget(panel)
        panel.show_view(resolve_annotate(session))
        yield session, panel
        session.close()


def test_the_end_says_what_remains_and_what_to_do(ended):
    session, _ = ended
    assert session.status == (
        "no photo is left for you: 1 skipped comes back in your next session, "
        "1 flagged and 1 begun: Review opens them"
    )


def test_at_the_end_every_button_does_something(ended, qtbot):
    session, panel = ended
    assert panel.next.isHidden()
    assert not panel.add.isHidden()
    assert not panel.again.isHidden()
    for button in (panel.buttons.accept, panel.buttons.save, panel.buttons.skip, panel.buttons.flag):
        assert not button.isEnabled()
    seen = []
    for _ in range(2):
        qtbot.mouseClick(panel.again, Qt.MouseButton.LeftButton)
        until(session, lambda: session.current is not None)
        seen.append(session.current.photo.id)
        session.annotation_layer.fill((1, 1), 4)
        session.accept_and_next()
        until(session, lambda: session.current is None and "no photo is left" in session.status)
        panel.show_view(resolve_annotate(session))
    assert len(set(seen)) == 2
    assert panel.again.isHidden()


def test_the_first_photo_of_a_project_says_what_to_do(session):
    until(session, lambda: session.project_status.photos > 0)
    assert session.status.startswith("no suggestions yet")
    assert FIRST_STEPS in session.status
    assert "Space saves" in FIRST_STEPS
    session.annotation_layer.fill((1, 1), 3)
    session.accept_and_next()
    until(session, lambda: session.current is not None and session.project_status.labelled == 1)
    assert FIRST_STEPS not in session.status


def test_the_title_says_who_and_what_and_how_far(session, project):
    session.annotation_layer.fill((1, 1), 3)
    session.accept_and_next()
    until(session, lambda: session.project_status.labelled == 1)
    assert window_title(session) == f"{project.path.name} – ann – 1 of 6 done – SkinSeg"


@pytest.mark.parametrize(
    ("runs", "words"), [(True, "The trainer goes on without the window"), (False, "No trainer is running")]
)
def test_closing_says_whether_the_trainer_goes_on(make_napari_viewer, tmp_path, qtbot, runs, words):
    with make_project(tmp_path) as project:
        viewer = make_napari_viewer()
        dock = open_workspace(viewer, project.path, "ann")
        qtbot.waitUntil(lambda: dock.session.current is not None, timeout=15000)
        qtbot.waitUntil(lambda: viewer.title.endswith("0 of 6 done – SkinSeg"), timeout=15000)
        dock.session.annotation_layer.fill((1, 1), 3)
        dock.session.accept_and_next()
        qtbot.waitUntil(lambda: dock.session.project_status.labelled == 1, timeout=15000)
        if runs:
            beat(project, state="resting")
        qtbot.waitUntil(lambda: dock.session.project_status.trainer_runs == runs, timeout=15000)
        window = viewer.window._qt_window
        window.show()
        viewer.close()
        said = [label for label in QApplication.topLevelWidgets() if isinstance(label, QLabel)]
        assert any(label.isVisible() and label.text().startswith(words) for label in said)
        qtbot.waitUntil(lambda: not any(visible(label) for label in said), timeout=5000)


class Asking(QMainWindow):
    """A window that asks before it closes, as napari's does, and is told to stay."""

    stays, asked = True, 0

    def close(self, confirm_need=False):
        self.asked += confirm_need
        return False if confirm_need and self.stays else super().close()


def test_a_window_says_farewell_when_it_goes_and_not_when_it_is_asked(qtbot):
    if QApplication.platformName() != "xcb":
        pytest.skip("the cross of a window is pressed by the X server")
    from tools.x_hand import XServer

    window, said = Asking(), []
    qtbot.addWidget(window)
    Farewell(window, lambda: said.append("farewell") or "")
    window.show()
    for stays in (True, False):
        window.stays = stays
        XServer().close(int(window.winId()))
        qtbot.waitUntil(lambda count=1 + (not stays): window.asked == count, timeout=5000)
        assert window.isVisible() == stays
        assert said == ([] if stays else ["farewell"])


def visible(label):
    try:
        return label.isVisible()
    except RuntimeError:  # Qt has deleted it
        return False
