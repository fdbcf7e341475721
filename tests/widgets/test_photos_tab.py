"""All photos of a project, found and seen small in the window."""

from __future__ import annotations

import numpy as np
import pytest
import sqlalchemy as sa
from qtpy.QtCore import Qt
from workbench import rest, until

from napari_skinseg.session.thumbnails import SIDE, tinted
from napari_skinseg.widgets.elements import BREAK
from napari_skinseg.widgets.photos_tab import PhotosTab
from trainer.labels.classes import ClassSet
from trainer.project.catalog.schema import photo
from trainer.project.queue import search


@pytest.fixture
def tab(session, qtbot):
    session.annotation_layer.fill((1, 1), 3)
    session.save_part()
    rest(session)
    tab = PhotosTab(session)
    qtbot.addWidget(tab)
    tab.resize(300, 500)
    tab.show()
    rest(session)
    return tab


def names(tab):
    return [tab.model.photo_at(tab.model.index(row)).relpath for row in range(tab.model.rowCount())]


def seen(tab, row):
    return tab.list.viewport().rect().intersects(tab.list.visualRect(tab.model.index(row)))


def relpath(session):
    return session.current.photo.relpath


def choose(box, text):
    box.setCurrentText(text)
    box.activated.emit(box.currentIndex())


def test_a_long_name_is_shortened_in_the_middle_and_whole_in_its_tip(session, project, qtbot):
    long = "a_patient_with_a_very_long_name/" * 3 + "left_forearm_" * 9 + ".jpg"
    with project.catalog.write() as connection:
        connection.execute(sa.update(photo).where(photo.c.id == 1).values(relpath=long))
    tab = PhotosTab(session)
    qtbot.addWidget(tab)
    tab.resize(300, 500)
    tab.show()
    rest(session)
    bar, index = tab.list.horizontalScrollBar(), tab.model.index(0)
    assert bar.maximum() == 0, "nothing to scroll sideways"
    assert tab.list.visualRect(index).width() <= tab.list.viewport().width()
    assert tab.list.textElideMode() == Qt.TextElideMode.ElideMiddle
    tip = tab.model.data(index, Qt.ItemDataRole.ToolTipRole)
    assert long in tip.replace(BREAK, ""), "in lines, each of which fits"


def test_photos_are_found_and_opened(tab, session, project, qtbot):
    def soon(reached):
        qtbot.waitUntil(lambda: session.poll() or reached())

    assert len(names(tab)) == len(project.photos.ids())
    assert tab.notice.text() == f"{len(names(tab))} photos; double click opens one"
    choose(tab.states, "begun")
    rest(session)
    assert names(tab) == [relpath(session)]
    choose(tab.annotators, "ann")
    rest(session)
    assert len(names(tab)) == 1
    choose(tab.states, "any state")
    choose(tab.annotators, "anybody")
    other = next(project.photos.get(i) for i in project.photos.ids() if i != session.current.photo.id)
    qtbot.keyClicks(tab.text, other.relpath)
    soon(lambda: names(tab) == [other.relpath])
    place = tab.list.visualRect(tab.model.index(0)).center()
    qtbot.mouseClick(tab.list.viewport(), Qt.MouseButton.LeftButton, pos=place)
    qtbot.keyClick(tab.list, Qt.Key.Key_Return)
    until(session, lambda: session.current is not None and session.current.photo.id == other.id)
    qtbot.keyClicks(tab.text, " is not there")
    soon(lambda: tab.notice.text() == "No photo is like that.")


def test_a_search_that_comes_in_small_pieces_goes_on_until_the_list_is_full_or_all_is_looked_through(
    tab, session, project, qtbot, monkeypatch
):
    monkeypatch.setattr(search, "CHUNK", 1)
    monkeypatch.setattr(search, "PATIENCE", 0)
    ids = project.photos.ids()
    known = project.photos.probe(max(i for i in ids if i != session.current.photo.id))
    painted = np.full((known.height, known.width), 3, np.uint8)
    project.masks.save(known.id, painted, painted, "bob", None)
    choose(tab.annotators, "anybody")
    tab.refresh()
    qtbot.waitUntil(
        lambda: session.poll() or (len(names(tab)) > 0 and not seen(tab, tab.model.rowCount() - 1))
    )
    qtbot.waitUntil(lambda: session.poll() or tab.annotators.findText("bob") > 0)
    assert not tab.model.at_end
    choose(tab.annotators, "bob")
    qtbot.waitUntil(lambda: session.poll() or tab.model.at_end)
    assert names(tab) == [known.relpath]


def test_a_photo_is_seen_small_with_its_mask(tab, session):
    row = next(row for row in range(tab.model.rowCount()) if names(tab)[row] == relpath(session))
    index = tab.model.index(row)
    tab.model.data(index, Qt.ItemDataRole.DecorationRole)
    rest(session)
    picture = tab.model.data(index, Qt.ItemDataRole.DecorationRole).toImage()
    colour = session.project.classes.colours[2]
    wanted = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)])
    bare = session.project.photos.read_scaled(session.current.photo.id, SIDE)
    left, top = (SIDE - bare.shape[1]) // 2, (SIDE - bare.shape[0]) // 2
    seen = np.array(picture.pixelColor(left + 2, top + 2).getRgb()[:3])
    assert np.abs(seen - (0.45 * bare[2, 2] + 0.55 * wanted)).max() < 2


def test_labels_of_a_large_photo_are_drawn_on_a_small_picture():
    labels = np.zeros((400, 300), np.uint8)
    labels[100:200], labels[200:] = 1, 2
    classes = ClassSet("two", ("background", "lesion"), ("#fffffe", "#ffffff"))
    found = tinted(np.zeros((40, 30, 3), np.uint8), labels, classes)
    assert found.shape == (40, 30, 3)
    assert not found[:10].any()
    assert (found[10:20, ..., 0] == 51).all(), "the background hardly covers the photo"
    assert (found[20:] == 140).all()


def test_faces_are_blurred_in_the_list_until_somebody_asks(project, open_session):
    face = project.classes.names.index("face") + 1
    photo_id = project.photos.ids()[0]
    picture = project.photos.read_scaled(photo_id, SIDE)
    known = project.photos.probe(photo_id)
    labels = np.full((known.height, known.width), face, np.uint8)
    project.masks.save(photo_id, labels, np.full_like(labels, 3), "ann", None)
    session = open_session(project)

    def seen(bare):
        session.browser.thumbnails.get(photo_id, None, lambda: None, bare)
        rest(session)
        return session.browser.thumbnails.get(photo_id, None, lambda: None, bare)

    assert (seen(True) == picture).all()
    assert detail(seen(False)) < detail(picture)


def detail(picture):
    return np.abs(np.diff(picture.astype(int), axis=1)).mean()
