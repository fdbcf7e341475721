"""The earlier masks of a photo, seen and made current again in the window."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import QPoint, Qt
from workbench import rest, until

from napari_skinseg.widgets.history_tab import HistoryTab
from trainer.labels.values import PAINTED


@pytest.fixture
def tab(session, qtbot):
    """Three masks of the open photo, of 1, 2 and 3, saved one after the other."""
    for value in (1, 2, 3):
        session.annotation_layer.fill((1, 1), value)
        session.save_part()
        rest(session)
    return shown(session, qtbot)


def shown(session, qtbot):
    tab = HistoryTab(session)
    qtbot.addWidget(tab)
    tab.show()
    rest(session)
    return tab


def choose(tab, place):
    row = tab.table.visualItemRect(tab.table.item(place, 0)).center()
    return lambda qtbot: qtbot.mouseClick(tab.table.viewport(), Qt.MouseButton.LeftButton, pos=row)


def middle_colour(tab):
    picture = tab.preview.pixmap().toImage()
    return np.array(picture.pixelColor(picture.width() // 4, picture.height() // 2).getRgb()[:3])


def test_each_mask_is_shown_over_the_photo(tab, session, qtbot):
    assert [tab.table.item(place, 2).text() for place in range(3)] == ["part, current", "part", "part"]
    assert not tab.revert.isEnabled()
    seen = []
    for place in range(3):
        choose(tab, place)(qtbot)
        rest(session)
        seen.append(middle_colour(tab))
        assert tab.revert.isEnabled() == (place > 0)
    assert all(np.abs(a - b).max() > 20 for a, b in ((seen[0], seen[1]), (seen[1], seen[2])))


def test_one_is_taken_and_the_others_are_kept(tab, session, project, qtbot):
    photo = session.current.photo.id
    choose(tab, 2)(qtbot)
    rest(session)
    qtbot.mouseClick(tab.revert, Qt.MouseButton.LeftButton)
    until(session, lambda: session.current is not None and not session._background.busy)
    assert session.current.photo.id == photo
    assert (session.annotation_layer.data == 1).all()
    assert (session.provenance == PAINTED).all()
    assert len(project.masks.history(photo)) == 4
    assert ("info", "that mask is the current one again; the others are kept") in session.notices
    tab.refresh()
    rest(session)
    assert tab.table.item(0, 2).text() == "taken again, current"


def test_unsaved_strokes_are_not_thrown_away(tab, session, project, qtbot):
    photo = session.current.photo.id
    session.annotation_layer.paint((20, 20), 5)
    choose(tab, 2)(qtbot)
    rest(session)
    qtbot.mouseClick(tab.revert, Qt.MouseButton.LeftButton)
    rest(session)
    assert session.annotation_layer.data[20, 20] == 5
    assert len(project.masks.history(photo)) == 3
    assert "save it (S) or undo it first" in session.notices[-1][1]


def test_the_list_follows_the_photo(tab, session):
    session.skip()
    until(session, lambda: session.current is not None)
    tab.refresh()
    rest(session)
    assert tab.table.rowCount() == 0
    assert tab.notice.text() == "This photo has no mask yet."
    assert tab.preview.pixmap().isNull()


def test_a_face_is_blurred_in_the_preview_until_somebody_asks(session, project, qtbot):
    face = project.classes.names.index("face") + 1
    rng = np.random.default_rng(0)
    image = session._editor.photo.image
    image[:] = rng.integers(0, 255, image.shape, dtype=np.uint8)
    session.annotation_layer.fill((1, 1), face)
    session.save_part()
    rest(session)
    tab = shown(session, qtbot)
    choose(tab, 0)(qtbot)
    rest(session)

    def contrast():
        picture = tab.preview.pixmap().toImage()
        row = [picture.pixelColor(x, picture.height() // 2).red() for x in range(picture.width())]
        return np.abs(np.diff(row)).mean()

    hidden = contrast()
    qtbot.mouseClick(tab.bare, Qt.MouseButton.LeftButton, pos=QPoint(8, 8))
    rest(session)
    assert tab.bare.isChecked()
    assert contrast() > 2 * hidden
