"""The reviewer's list: filtered, a verdict by button, the next mask opened, notes of any length."""

from __future__ import annotations

import numpy as np
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QDockWidget, QMainWindow, QWidget
from workbench import rest, until

from napari_skinseg.widgets.review_tab import ReviewTab
from napari_skinseg.widgets.verdict_panel import next_row
from napari_skinseg.widgets.word_table import WordTable
from trainer.labels.values import PAINTED
from trainer.project.states import Role, VerdictKind


def press(qtbot, button):
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def test_a_reviewer_filters_sends_back_approves_and_goes_on(project, open_session, qtbot):
    project.annotators.set_role("Ева", Role.REVIEWER, "owner")
    ids = project.photos.ids()[:3]
    for photo_id, who in zip(ids, ("ann", "ann", "张"), strict=True):
        known = project.photos.probe(photo_id)
        labels = np.full((known.height, known.width), 3, np.uint8)
        project.masks.save(photo_id, labels, np.full_like(labels, PAINTED), who, None)
    session = open_session(project, "Ева")
    tab = ReviewTab(session)
    qtbot.addWidget(tab)
    tab.show()
    rest(session)
    panel = tab.verdicts
    assert [key for key, _ in panel.table.rows] == ids
    panel.annotators.setCurrentIndex(panel.annotators.findData("张"))
    panel.annotators.activated.emit(panel.annotators.currentIndex())
    rest(session)
    assert [key for key, _ in panel.table.rows] == ids[2:]
    panel.annotators.setCurrentIndex(0)
    panel.refresh()
    rest(session)
    panel.table.opened.emit(ids[0])
    until(session, lambda: session.current is not None)
    long = "zu groß, 太大 " * 1000
    panel.note.setPlainText(long)
    press(qtbot, panel.send)
    until(session, lambda: session.current is not None and session.current.photo.id == ids[1])
    assert project.verdicts.of(ids[0]).note == long.strip()
    assert panel.note.toPlainText() == ""
    press(qtbot, panel.approve)
    until(session, lambda: session.current is not None and session.current.photo.id == ids[2])
    rest(session)
    assert project.verdicts.of(ids[1]).kind == VerdictKind.APPROVED
    assert [key for key, _ in panel.table.rows] == ids[2:]
    panel.states.setCurrentIndex(panel.states.findData(VerdictKind.RETURNED))
    panel.refresh()
    rest(session)
    ((key, cells),) = panel.table.rows
    assert key == ids[0]
    assert len(cells[2]) < 120
    assert panel.note.height() < 200, "a long note scrolls"


def test_ones_own_mask_is_no_second_look_unless_asked_for(project, open_session, qtbot):
    project.annotators.set_role("eva", Role.REVIEWER, "owner")
    mine, hers = project.photos.ids()[:2]
    for photo_id, who in ((mine, "eva"), (hers, "ann"), (hers, "eva")):
        known = project.photos.probe(photo_id)
        labels = np.full((known.height, known.width), 3, np.uint8)
        head = project.masks.head(photo_id)
        project.masks.save(photo_id, labels, np.full_like(labels, PAINTED), who, head and head.id)
    session = open_session(project, "eva")
    tab = ReviewTab(session)
    qtbot.addWidget(tab)
    rest(session)
    panel = tab.verdicts
    assert [key for key, _ in panel.table.rows] == [hers], "corrected, but first made by somebody else"
    session.open_photo(hers)
    until(session, lambda: session.current is not None)
    session.reviewing.approve()
    rest(session)
    assert session.notices[-1][1] == "approved"
    assert "Your own are under anybody" in panel.notice.text()
    panel.annotators.setCurrentIndex(panel.annotators.findText("anybody"))
    panel.refresh()
    rest(session)
    ((key, cells),) = panel.table.rows
    assert (key, cells[1]) == (mine, "you")
    session.open_photo(mine)
    until(session, lambda: session.current is not None)
    session.reviewing.approve()
    rest(session)
    assert "your own mask, which nobody else has looked at" in session.notices[-1][1]
    assert project.verdicts.of(mine).kind == VerdictKind.APPROVED, "a team of one gets on"


def test_an_annotator_reads_the_whole_note_and_gives_no_verdicts(project, open_session, qtbot):
    project.annotators.set_role("eva", Role.REVIEWER, "owner")
    photo_id = project.photos.ids()[0]
    known = project.photos.probe(photo_id)
    labels = np.full((known.height, known.width), 3, np.uint8)
    mask = project.masks.save(photo_id, labels, np.full_like(labels, PAINTED), "ann", None)
    project.verdicts.send_back(photo_id, mask.id, "eva", "long " * 2000)
    session = open_session(project)
    tab = ReviewTab(session)
    qtbot.addWidget(tab)
    session.open_next()
    until(session, lambda: session.current is not None)
    assert session.current.photo.id == photo_id
    assert tab.verdicts is None
    assert not tab.note.isHidden()
    assert tab.note.toPlainText().count("long") == 2000


def test_the_next_of_a_list_is_the_one_below_then_the_first():
    assert next_row([1, 2, 3], 2) == 3
    assert next_row([1, 2, 3], 3) == 1
    assert next_row([3], 3) is None
    assert next_row([1], 9) == 1


def test_keys_go_to_the_photo_that_was_opened_from_a_list(qtbot):
    window, photo, table = QMainWindow(), QWidget(), WordTable(("photo", "why"), stretch=1)
    photo.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    window.setCentralWidget(photo)
    dock = QDockWidget()
    dock.setWidget(table)
    window.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, dock)
    qtbot.addWidget(window)
    window.show()
    opened = []
    table.opened.connect(opened.append)
    table.show_rows([(7, ("arm.jpg", "first photos"))])
    for floats in (False, True):
        dock.setFloating(floats)
        qtbot.waitExposed(table.window())
        place = table.visualItemRect(table.item(0, 0)).center()
        QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=place)
        table.setFocus()
        QTest.mouseDClick(table.viewport(), Qt.MouseButton.LeftButton, pos=place)
        assert window.focusWidget() is photo
    assert opened == [7, 7]
