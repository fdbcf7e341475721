"""Two readings of a photo stand beside each other for the reviewer, who takes one by a click."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import Qt
from workbench import rest, until

from napari_skinseg.session.thumbnails import marked
from napari_skinseg.widgets.review_tab import ReviewTab
from trainer.labels.values import PAINTED
from trainer.project.states import Role
from trainer.settings.model import Settings
from trainer.settings.privacy import PrivacySettings
from trainer.settings.review import ReviewSettings

HAND, SECRET = 4, 9


def save(project, photo_id, who, labels):
    return project.masks.save(photo_id, labels, np.full_like(labels, PAINTED), who, None)


@pytest.fixture
def double(project):
    """A photo with a first mask, which is read twice."""
    names = project.classes.names
    privacy = PrivacySettings(sensitive=names[SECRET - 1])
    project.settings = Settings(review=ReviewSettings(double_share=1.0), privacy=privacy)
    project.annotators.set_role("eva", Role.REVIEWER, "owner")
    photo_id = project.photos.ids()[0]
    known = project.photos.probe(photo_id)
    first = np.full((known.height, known.width), HAND, np.uint8)
    save(project, photo_id, "ann", first)
    return project, photo_id, first


def of_second(open_session, project, labels):
    """Let the photo be read a second time."""
    bob = open_session(project, "bob")
    bob.open_next()
    until(bob, lambda: bob.current is not None)
    bob.annotation_layer.fill((1, 1), HAND)
    bob.annotation_layer.data[labels == SECRET] = SECRET
    bob.accept_and_next()
    rest(bob)
    bob.close()


def test_both_readings_are_compared_blurred_and_taken_by_a_click(double, open_session, qtbot):
    project, photo_id, first = double
    second = first.copy()
    middle, reach = first.shape[1] // 2, first.shape[1] // 8
    second[:, middle - reach : middle + reach] = SECRET  # over the edge in the middle of the photo
    of_second(open_session, project, second)
    eva = open_session(project, "eva")
    tab = ReviewTab(eva)
    qtbot.addWidget(tab)
    tab.resize(300, 700)
    tab.show()
    beside = tab.verdicts.beside
    assert beside.isHidden(), "no photo is open"
    other = project.photos.ids()[1]
    known = project.photos.probe(other)
    save(project, other, "ann", np.full((known.height, known.width), HAND, np.uint8))
    panel = tab.verdicts
    panel.states.setCurrentIndex(panel.states.findText("two readings"))
    panel.refresh()
    rest(eva)
    assert [key for key, _ in panel.table.rows] == [photo_id], "found among all that wait"
    panel.table.opened.emit(photo_id)
    until(eva, lambda: eva.current is not None)
    rest(eva)
    assert not beside.isHidden()
    assert tab.lists.isHidden(), "they have the room of the other list"
    one, other = beside.pictures
    assert "ann" in one.toolTip()
    assert "bob" in other.toolTip()
    assert (one.isChecked(), other.isChecked()) == (True, False)
    share = 1 - 2 * reach / first.shape[1]
    assert f"Same class on {share:.0%} of the pixels" in beside.agreement.text()
    hand, secret = (project.classes.names[value - 1] for value in (HAND, SECRET))
    assert f"{secret}&nbsp;0.00" in beside.agreement.text()
    assert f"{hand}&nbsp;{2 * share / (1 + share):.2f}" in beside.agreement.text()

    def drawn():
        return other.icon().pixmap(other.iconSize()).toImage()

    blurred = drawn()
    tab.verdicts.pictures.bare.setChecked(True)
    rest(eva)
    assert drawn() != blurred, "what is sensitive to one was hidden"
    qtbot.mouseClick(other, Qt.MouseButton.LeftButton)
    rest(eva)
    assert set(np.unique(eva.annotation_layer.data)) == {HAND, SECRET}
    assert (one.isChecked(), other.isChecked()) == (False, True)
    eva.reviewing.approve()
    rest(eva)
    assert beside.isHidden(), "it is decided"
    assert not tab.lists.isHidden()
    assert not panel.table.rows


def test_what_two_masks_see_differently_is_lined_in_white_and_the_rest_darkened():
    picture = np.full((20, 20, 3), 100, np.uint8)
    one, other = np.ones((40, 40), np.uint8), np.ones((40, 40), np.uint8)
    other[10:30, 10:30] = 2
    found = marked(picture, one, other)[..., 0]
    assert (found[5, 5:15] == 255).all(), "its edge"
    assert (found[6:14, 6:14] == 100).all(), "inside, as it is"
    assert found[0].max() < 70, "outside"
    assert (marked(picture, one, one) < 70).all()
