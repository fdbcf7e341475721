"""Queue and review show each photo small, with what may be seen over it."""

import numpy as np
import pytest
from workbench import predict, rest, serve, until

from napari_skinseg.session.thumbnails import SIDE, Suggested
from napari_skinseg.widgets.queue_tab import QueueTab
from napari_skinseg.widgets.review_tab import ReviewTab
from trainer.labels.values import PAINTED
from trainer.project.states import Role

pytestmark = pytest.mark.usefixtures("qapp")


def colour_in(table, row):
    """Return red, green, blue in the middle of the picture of a row, as it is on the screen."""
    box = table.visualItemRect(table.item(row, 0))
    return np.array(table.viewport().grab(box).toImage().pixelColor(34, box.height() // 2).getRgb()[:3])


def tint(project, photo_id, value):
    """Return the colour in the middle of a photo under a class."""
    photo = project.photos.read_scaled(photo_id, SIDE)
    colour = project.classes.colours[value - 1]
    over = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)])
    return 0.45 * photo[photo.shape[0] // 2, photo.shape[1] // 2] + 0.55 * over


def show(tab, session, qtbot):
    qtbot.addWidget(tab)
    tab.resize(300, 600)
    tab.show()
    rest(session)
    qtbot.wait(1)
    rest(session)
    return tab


def test_the_queue_draws_suggestions_only_over_photos_that_are_handed_out_and_not_blind(
    project, open_session, qtbot
):
    serve(project, "0001")
    for photo_id in project.photos.ids():
        predict(project, photo_id, "0001", value=3)
    session = open_session(project)
    session.open_next()
    until(session, lambda: session.current is not None and len(session._navigator.waiting.ready) == 2)
    ready = session._navigator.waiting.ready
    tab = show(QueueTab(session), session, qtbot)
    drawn = {photo_id for photo_id, mask in session.handed_out().items() if mask == Suggested("0001")}
    assert drawn == {photo.id for photo in ready if not photo.blind}
    for row, (photo_id, _) in enumerate(tab.table.rows[:3]):
        covered = np.abs(colour_in(tab.table, row) - tint(project, photo_id, 3)).max() < 30
        assert covered == (photo_id in drawn)


def test_the_review_draws_the_masks_that_were_saved(project, open_session, qtbot):
    project.annotators.set_role("eva", Role.REVIEWER, "owner")
    photo_id = project.photos.ids()[0]
    known = project.photos.probe(photo_id)
    labels = np.full((known.height, known.width), 4, np.uint8)
    project.masks.save(photo_id, labels, np.full_like(labels, PAINTED), "ann", None)
    session = open_session(project, "eva")
    tab = show(ReviewTab(session), session, qtbot)
    for table in (tab.table, tab.verdicts.table):
        assert np.abs(colour_in(table, 0) - tint(project, photo_id, 4)).max() < 30
