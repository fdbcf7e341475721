"""The simulated annotator works through the real session and pays for what is wrong, no more."""

from __future__ import annotations

import numpy as np
import pytest
from effort_truth import person
from workbench import make_project, rest, serve, until

from napari_skinseg.demo.simulated_annotator import SimulatedAnnotator
from trainer.effort.costs import STEERING
from trainer.effort.hand import Hand, agreement, at_working_size, mean_dice
from trainer.labels.values import PAINTED


@pytest.fixture
def truth(project):
    masks = {i: person(project.photos.read(i).shape[:2]) for i in project.photos.ids()}
    return lambda photo: masks[photo.id]


def test_it_paints_a_bare_photo_until_it_is_good(session, truth, project):
    photo_id = session.current.photo.id
    effort = SimulatedAnnotator(session, truth).accept_and_next()
    assert effort.before == 0
    assert effort.after >= 0.97
    assert 3 <= effort.strokes <= 20
    assert effort.seconds > STEERING.look + STEERING.aim * effort.strokes
    assert effort.seconds == pytest.approx(effort.from_nothing, rel=0.05)
    rest(session)
    revision = project.masks.head(photo_id)
    assert revision.strokes == effort.strokes, "the session counts the same strokes"
    labels, provenance = project.masks.read(revision)
    right = truth(project.photos.get(photo_id))
    assert agreement(at_working_size(labels), at_working_size(right)) == effort.after
    assert (provenance[labels > 0] == PAINTED).all()


def test_a_right_suggestion_costs_nothing_and_a_better_one_less(project, truth, open_session):
    model = serve(project, "0001")
    strokes = []
    for photo_id, damage in zip(project.photos.ids(), (0, 1, 2), strict=False):
        labels = truth(project.photos.get(photo_id)).copy()
        if damage > 0:
            labels[labels == 3] = 1
        if damage > 1:
            labels[labels == 7] = 6
            labels[:12, :25] = 7
        project.predictions.save(photo_id, model, labels, np.full(labels.shape, 255, np.uint8))
        session = open_session(project)
        session.open_photo(photo_id)
        until(session, lambda session=session: session.current is not None)
        effort = SimulatedAnnotator(session, truth).annotate()
        strokes.append(effort.strokes)
        assert effort.after >= 0.97
        session.close()
    assert strokes[0] == 0 < strokes[1] < strokes[2]


def test_the_same_work_costs_the_same(tmp_path, open_session):
    efforts = []
    for folder in ("one", "two"):
        with make_project(tmp_path / folder, photos=1) as project:
            session = open_session(project)
            session.open_next()
            until(session, lambda session=session: session.current is not None)
            mask = person(session.annotation_layer.data.shape)
            efforts.append(SimulatedAnnotator(session, lambda _, mask=mask: mask).annotate())
            session.close()
    assert efforts[0] == efforts[1]


def test_large_photos_are_painted_to_their_edges(session):
    """The hand looks at a smaller picture, but paints the real one."""
    layer = session.annotation_layer
    session._editor.tracker.start(np.zeros((1500, 2000), np.uint8), np.zeros((1500, 2000), np.uint8))
    mask = person((1500, 2000))
    effort = SimulatedAnnotator(session, lambda _: mask, Hand(good_enough=0.98)).annotate()
    assert effort.after >= 0.98
    assert (layer.data[[0, -1]] == 1).all()
    assert (layer.data[:, [0, -1]] == 1).all()


def test_it_refuses_a_truth_of_another_size_and_needs_a_photo(session, project, open_session):
    with pytest.raises(ValueError, match="the truth is"):
        SimulatedAnnotator(session, lambda _: np.ones((3, 3), np.uint8)).annotate()
    with pytest.raises(RuntimeError, match="no photo is open"):
        SimulatedAnnotator(open_session(project), lambda _: np.ones((3, 3), np.uint8)).annotate()


def test_a_small_part_must_be_right_too(session, truth):
    """97 % of the pixels are soon right where most are background: that alone is not good."""
    effort = SimulatedAnnotator(session, truth, Hand(good_enough=0.5)).annotate()
    assert mean_dice(session.annotation_layer.data, truth(session.current.photo)) >= 0.9
    assert effort.strokes >= 3


def test_a_suggestion_that_is_all_wrong_is_painted_over_and_costs_little_more_than_none(
    project, truth, open_session
):
    first, second = project.photos.ids()[:2]
    session = open_session(project)
    session.open_photo(first)
    until(session, lambda: session.current is not None)
    bare = SimulatedAnnotator(session, truth).annotate()
    noise = np.random.default_rng(0).integers(1, 10, (12, 12), np.uint8).repeat(10, 0).repeat(10, 1)
    shape = project.photos.read(second).shape[:2]
    wrong = noise[: shape[0], : shape[1]]
    model = serve(project, "0001")
    project.predictions.save(second, model, wrong, np.full(shape, 255, np.uint8))
    session.open_photo(second)
    until(session, lambda: session.current is not None and session.current.photo.id == second)
    effort = SimulatedAnnotator(session, truth).annotate()
    assert effort.after >= 0.97
    assert effort.strokes <= bare.strokes + 2
