"""The queue filtered in the window."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from workbench import predict, rest, until

from napari_skinseg.views.annotate import resolve_annotate
from napari_skinseg.widgets.annotate_dock import AnnotateDock
from napari_skinseg.widgets.queue_tab import QueueTab
from trainer.project.catalog.schema import photo
from trainer.project.queue.queue_filter import QueueFilter


@pytest.fixture
def tab(project, session, qtbot):
    with project.catalog.write() as connection:  # by chance some are for validation and test
        connection.execute(sa.update(photo).values(split="train"))
    tab = QueueTab(session)
    qtbot.addWidget(tab)
    tab.resize(300, 500)
    tab.show()
    return tab


def choose(box, text):
    box.setCurrentText(text)
    box.activated.emit(box.currentIndex())


def listed(tab, session):
    tab.refresh()
    rest(session)
    tab.refresh()
    return [key for key, _ in tab.table.rows]


def test_a_filter_steers_what_comes_next_until_it_is_cleared(tab, session, project, qtbot):
    rest(session)
    first, waiting = session.current.photo.id, set(session._navigator.held_ids)
    others = [i for i in project.photos.ids() if i not in waiting]
    predict(project, others[0], "0001", value=4)
    choose(tab.fields.classes, "hand")
    until(session, lambda: session._navigator.waiting.ready)
    assert session.current.photo.id == first, "what is open stays"
    assert listed(tab, session) == [others[0]]
    assert tab.filter.words.text() == "Filter: hand"
    assert tab.filter.isVisible()
    held = session._navigator.held_ids
    assert set(held) == {first, others[0]}, "what waited for the old queue has gone back"

    session.skip()
    until(session, lambda: session.current is not None)
    assert session.current.photo.id == others[0]
    session.accept_and_next()
    rest(session)
    dock = AnnotateDock(session)
    qtbot.addWidget(dock)
    dock.show_view(resolve_annotate(session))
    assert session.current is None
    assert session.status == "no more photo fits the filter: clear it for the others"
    assert listed(tab, session) == []
    assert tab.notice.text().startswith("No photo fits the filter.")
    assert not dock.filter.isHidden()

    dock.filter.clear.click()
    until(session, lambda: session.current is not None)
    dock.show_view(resolve_annotate(session))
    assert dock.filter.isHidden()
    assert len(listed(tab, session)) == 4, "all that are not labelled, the open one left out"
    assert tab.filter.isHidden()
    assert tab.fields.wanted == QueueFilter(), "the fields follow"


def test_a_filter_takes_no_photo_with_work_on_it_out_of_the_window(tab, session, project):
    rest(session)
    begun = session.current.photo.id
    session.annotation_layer.fill((1, 1), 3)
    session.open_photo(next(i for i in project.photos.ids() if i not in session._navigator.held_ids))
    rest(session)
    session.choice.filter(QueueFilter(text="nothing is called so"))
    rest(session)
    assert begun in session._navigator.held_ids
    session.skip()
    until(session, lambda: session.current is not None)
    assert session.current.photo.id == begun
