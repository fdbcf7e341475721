"""Review and double reading in the session: what each person sees, and what stands at the end."""

from __future__ import annotations

import numpy as np
import pytest
from workbench import rest, until

from trainer.labels.values import PAINTED
from trainer.project.states import Role, VerdictKind
from trainer.settings.model import Settings
from trainer.settings.review import ReviewSettings


def save(project, photo_id, who, value):
    known = project.photos.probe(photo_id)
    labels = np.full((known.height, known.width), value, np.uint8)
    head = project.masks.head(photo_id)
    return project.masks.save(
        photo_id, labels, np.full_like(labels, PAINTED), who, None if head is None else head.id
    )


def opened(open_session, project, who, photo_id=None):
    session = open_session(project, who)
    if photo_id is None:
        session.open_next()
    else:
        session.open_photo(photo_id)
    until(session, lambda: session.current is not None)
    return session


def said(session):
    return [text for _, text in session.notices]


@pytest.fixture
def reviewed(project):
    project.annotators.set_role("eva", Role.REVIEWER, "owner")
    return project


@pytest.fixture
def double(reviewed):
    reviewed.settings = Settings(review=ReviewSettings(double_share=1.0))
    return reviewed


def test_a_mask_is_sent_back_corrected_and_approved(reviewed, open_session):
    photo = reviewed.photos.ids()[0]
    save(reviewed, photo, "ann", 3)
    eva = opened(open_session, reviewed, "eva", photo)
    eva.reviewing.send_back("  ")
    assert "write what is wrong" in said(eva)[-1]
    eva.annotation_layer.paint((5, 5), 4)
    eva.reviewing.approve()
    assert "press S first" in said(eva)[-1]
    eva.save_part()
    rest(eva)
    note = "the hand ends " + "earlier " * 1500
    eva.reviewing.send_back(note)
    rest(eva)
    assert "sent back to ann" in said(eva)[-1]
    assert eva.current is None, "it is free for its annotator"
    ann = opened(open_session, reviewed, "ann")
    assert ann.current.photo.id == photo
    assert ann.current.why.startswith("eva sent it back: the hand ends earlier")
    assert len(ann.current.why) < 700
    ann.reviewing.approve()
    assert "only reviewers" in said(ann)[-1]
    assert not {"V", "Shift+V"} & {row.key for row in ann.bindings()}
    ann.annotation_layer.paint((5, 5), 4)
    ann.accept_and_next()
    rest(ann)
    ann.close()
    eva.open_photo(photo)
    until(eva, lambda: eva.current is not None)
    {row.key: row.run for row in eva.bindings()}["V"]()
    rest(eva)
    assert said(eva)[-1] == "approved"
    verdict = reviewed.verdicts.of(photo)
    assert (verdict.kind, verdict.annotator) == (VerdictKind.APPROVED, "ann")


def test_a_photo_that_is_being_corrected_is_not_judged(reviewed, open_session):
    photo = reviewed.photos.ids()[0]
    mask = save(reviewed, photo, "ann", 3)
    ann = opened(open_session, reviewed, "ann", photo)
    waiting = ann._navigator.waiting
    until(ann, lambda: len(waiting.ready) == reviewed.settings.window.prefetch)
    other = next(i for i in reviewed.photos.ids() if i not in ann._navigator.held_ids)
    eva = opened(open_session, reviewed, "eva", other)
    eva.open_photo(photo)
    until(eva, lambda: any("is being worked on by ann" in text for text in said(eva)))
    with pytest.raises(Exception, match="is being corrected by ann"):
        reviewed.verdicts.approve(photo, mask.id, "eva", eva._id)
    until(eva, lambda: eva.current is not None and eva.current.photo.id == other)  # as before
    ann.close()


def test_what_is_sent_back_comes_next_though_others_were_read_ahead(reviewed, open_session):
    ann = opened(open_session, reviewed, "ann")
    first = ann.current.photo.id
    ann.annotation_layer.fill((1, 1), 3)
    ann.accept_and_next()
    waiting = ann._navigator.waiting
    until(ann, lambda: not ann.saving and len(waiting.ready) == reviewed.settings.window.prefetch)
    ahead = waiting.photo_ids
    mask = reviewed.masks.head(first)
    reviewed.verdicts.send_back(first, mask.id, "eva", "the hand ends earlier")
    until(ann, lambda: waiting.photo_ids[:1] == [first] and len(waiting.ready) == len(ahead))
    assert not set(reviewed.queue.sent_back(ann._id, "ann")), "it is held"
    ann.annotation_layer.fill((1, 1), 3)
    ann.accept_and_next()
    until(ann, lambda: ann.current is not None)
    assert ann.current.photo.id == first
    assert ann.current.why.startswith("eva sent it back")
    assert waiting.photo_ids[0] in ahead, "and then what would have come"


def test_the_second_reader_sees_neither_mask_nor_suggestion_nor_history(double, open_session):
    photo = double.photos.ids()[0]
    first = save(double, photo, "ann", 3)
    shape = double.masks.read(first)[0].shape
    double.predictions.save(photo, "m", np.full(shape, 5, np.uint8), np.full(shape, 9, np.uint8))
    bob = opened(open_session, double, "bob")
    assert bob.current.photo.id == photo
    assert bob.current.blind
    assert not bob.annotation_layer.data.any()
    seen = []
    bob.history.read(lambda *found: seen.append(found))
    rest(bob)
    assert seen == [(photo, None, [])]
    assert not bob.reviewing.may_see(photo), "nor in a list"
    bob.annotation_layer.fill((1, 1), 4)
    bob.save_part()
    rest(bob)
    bob.close()
    bob = opened(open_session, double, "bob")
    assert bob.current.photo.id == photo
    assert (bob.annotation_layer.data == 4).any(), "their own part is there again"
    bob.accept_and_next()
    rest(bob)
    bob.take_back()
    assert "nothing to undo" in said(bob)[-1]
    assert double.masks.head(photo).id == first.id
    assert [one.photo_id for one in double.readings.waiting()] == [photo]


@pytest.mark.parametrize("chosen", ["first", "second", "corrected"])
def test_the_reviewer_switches_between_two_readers_and_takes_one(double, open_session, chosen):
    photo = double.photos.ids()[0]
    save(double, photo, "ann", 3)
    bob = opened(open_session, double, "bob")
    bob.annotation_layer.fill((1, 1), 4)
    bob.accept_and_next()
    rest(bob)
    bob.close()
    eva = opened(open_session, double, "eva", photo)
    assert set(np.unique(eva.annotation_layer.data)) == {3}
    eva.reviewing.switch_reader()
    rest(eva)
    assert set(np.unique(eva.annotation_layer.data)) == {4}
    assert "the mask of bob" in said(eva)[-1]
    if chosen != "second":
        eva.reviewing.switch_reader()
        rest(eva)
        assert set(np.unique(eva.annotation_layer.data)) == {3}
    if chosen == "corrected":
        eva.annotation_layer.paint((5, 5), 6)
        eva.save_part()
        rest(eva)
    eva.reviewing.approve()
    rest(eva)
    assert f"the {chosen} mask stands" in said(eva)[-1]
    labels = double.masks.read(double.masks.head(photo))[0]
    assert {"first": 3, "second": 4, "corrected": 3}[chosen] in np.unique(labels)
    assert (6 in np.unique(labels)) == (chosen == "corrected")
    reading = double.readings.get(photo)
    assert (reading.chosen, reading.waits) == (chosen, False)
    assert eva.current is None
    assert double.verdicts.of(photo).kind == VerdictKind.APPROVED
