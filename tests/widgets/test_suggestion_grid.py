"""Good suggestions as a grid: nothing is accepted but what a person has ticked, as it was seen."""

import pytest
import sqlalchemy as sa
from qtpy.QtCore import Qt
from workbench import make_project, predict, rest, serve, until

from napari_skinseg.widgets.review_tab import GOOD, ReviewTab
from trainer.labels.values import ACCEPTED, PROPOSED
from trainer.project.catalog.schema import photo
from trainer.project.queue.statistics import Rating, Statistic
from trainer.project.states import PhotoState


@pytest.fixture
def project(tmp_path):
    """Nine photos: some are in hands already when the grid is asked for."""
    with make_project(tmp_path, 9) as project:
        with project.catalog.write() as connection:  # by chance some are for validation and test
            connection.execute(sa.update(photo).values(split="train"))
        yield project


@pytest.fixture
def rated(project):
    """Photos by how sure the model is of them, the surest first; all but the last have a suggestion."""
    serve(project, "0001")
    ids = [i for i in project.photos.ids() if project.photos.get(i).split == "train"]
    for place, photo_id in enumerate(ids):
        if photo_id != ids[-1]:
            predict(project, photo_id, "0001", value=3)
        numbers = {"margin": 0.99 - place / 100}
        said = Statistic(photo_id, numbers=numbers)
        project.statistics.save([Rating(photo_id, said=said)], None, "0001")
    return ids


@pytest.fixture
def grid(rated, project, open_session, qtbot):
    session = open_session(project)
    session.open_next()
    until(session, lambda: session.current is not None)
    rest(session)
    tab = ReviewTab(session)
    qtbot.addWidget(tab)
    tab.resize(300, 600)
    tab.show()
    tab.states.setCurrentText(GOOD)
    tab.states.activated.emit(tab.states.currentIndex())
    rest(session)
    rest(session)
    return tab.grid


@pytest.fixture
def free(grid, rated):
    """Those that nobody has in hands, the surest first; the last is without a suggestion."""
    return [photo_id for photo_id in rated if photo_id not in grid.session._navigator.held_ids]


def shown(grid):
    return [grid.grid.item(place).data(Qt.ItemDataRole.UserRole) for place in range(grid.grid.count())]


def test_only_what_is_ticked_is_saved_as_accepted_and_taken_back_one_by_one(grid, free, project):
    session = grid.session
    assert shown(grid) == free[:-1], "the surest first, of the training photos alone"
    assert "making 1 more" in grid.notice.text(), "the trainer is asked for what is missing"
    assert grid.ticked() == []
    assert not grid.accept.isEnabled(), "no tick is set but by a person"
    assert not grid.grid.item(0).icon().isNull()
    for place in (0, 1):
        grid.grid.item(place).setCheckState(Qt.CheckState.Checked)
    assert grid.accept.text() == "Accept ticked (2)"
    grid.accept.click()
    until(session, lambda: all(project.masks.head(photo_id) for photo_id in free[:2]))
    rest(session)
    assert all(project.masks.head(photo_id) is None for photo_id in free[2:])
    head = project.masks.head(free[0])
    labels, provenance = project.masks.read(head)
    assert (labels == 3).all()
    assert (provenance == ACCEPTED).all(), "accepted, not painted"
    assert (head.kind, head.annotator, head.model_id, head.strokes) == ("grid", "ann", "0001", 0)
    assert project.photos.get(free[0]).state == PhotoState.LABELLED
    assert ("info", "2 suggestions accepted; Ctrl+Z takes them back, one by one") in session.notices
    assert shown(grid) == free[2:-1]

    for photo_id in reversed(free[:2]):
        session.undo_or_take_back()
        until(session, lambda photo_id=photo_id: session.current and session.current.photo.id == photo_id)
        rest(session)
        assert project.masks.head(photo_id) is None
        assert (session.provenance == PROPOSED).all(), "as it was before"


def test_a_suggestion_that_was_replaced_since_it_was_seen_is_left_out(grid, free, project):
    grid.grid.item(0).setCheckState(Qt.CheckState.Checked)
    serve(project, "0002")
    predict(project, free[0], "0002", value=5)
    grid.accept.click()
    rest(grid.session)
    assert project.masks.head(free[0]) is None
    assert any("has another suggestion by now" in text for _, text in grid.session.notices)
    assert free[0] not in grid.session._navigator.held_ids
