"""What is held back of a suggestion stays away until somebody asks for it by a key."""

from __future__ import annotations

import numpy as np
import pytest
from workbench import rest, serve, until

from napari_skinseg.layers import napari_undo
from napari_skinseg.views.annotate import HELD_PARTS, HELD_WHOLE, resolve_annotate
from trainer.labels.values import PAINTED, PROPOSED
from trainer.project.project import Project
from trainer.settings.toml_file import change_settings

BACK, HAND, FOOT = 1, 4, 5


@pytest.fixture
def project(project: Project) -> Project:
    """Every photo has a suggestion: a hand on top, held back, and background."""
    serve(project, "0001")
    for photo_id in project.photos.ids():
        suggest(project, photo_id, "0001")
    return project


def suggest(project: Project, photo_id: int, model_id: str, below: int = BACK, whole: bool = False) -> None:
    labels = np.full(project.photos.read(photo_id).shape[:2], below, np.uint8)
    labels[:20] = HAND
    held = np.ones(labels.shape, bool) if whole else labels == HAND
    project.predictions.save(photo_id, model_id, labels, np.full(labels.shape, 100, np.uint8), held=held)


def test_a_key_shows_what_is_held_back_in_one_step_and_from_then_on_on_this_photo(session):
    project, labels = session.project, session.annotation_layer.data
    assert not labels[:20].any()
    assert (labels[20:] == BACK).all()
    assert HELD_PARTS in resolve_annotate(session).why
    napari_undo.paint_area(session.annotation_layer, (slice(0, 5), slice(0, 5)), np.ones((5, 5), bool), FOOT)
    session.show_whole()
    until(session, lambda: session.annotation_layer.data[10, 10] == HAND)
    labels, provenance = session.annotation_layer.data, session.provenance
    assert (labels[:5, :5] == FOOT).all(), "what a person painted stays"
    assert (labels[5:20] == HAND).all()
    assert (provenance[5:20] == PROPOSED).all()
    assert (provenance[:5, :5] == PAINTED).all()
    assert HELD_PARTS not in resolve_annotate(session).why
    session.undo()
    assert not session.annotation_layer.data[5:20].any()
    assert HELD_PARTS in resolve_annotate(session).why, "and the line says so again"
    session.redo()
    assert HELD_PARTS not in resolve_annotate(session).why
    suggest(project, session.current.photo.id, serve(project, "0002"), below=FOOT)
    until(session, lambda: session.annotation_layer.data[40, 10] == FOOT)
    assert session.annotation_layer.data[10, 10] == HAND, "a newer suggestion comes whole, too"
    session.accept_and_next()
    rest(session)
    assert not session.annotation_layer.data[:20].any(), "the next photo begins as any other"


def test_a_suggestion_that_would_cost_time_is_not_shown_at_all_and_says_so(session):
    project, photo_id = session.project, session.current.photo.id
    suggest(project, photo_id, serve(project, "0002"), whole=True)
    until(session, lambda: not session.annotation_layer.data.any())
    assert HELD_WHOLE in resolve_annotate(session).why
    session.accept_and_next()
    assert session.current.photo.id == photo_id, "an empty photo is not accepted"
    session.show_whole()
    until(session, lambda: session.annotation_layer.data.all())
    session.show_whole()
    until(session, lambda: session.notices[-1][1] == "nothing of it is held back")


def test_what_comes_amid_a_stroke_leaves_it_alone(session):
    layer = session.annotation_layer
    session.show_whole()
    with layer.block_history():  # the mouse is down
        layer.paint((40, 10), FOOT)
        until(session, lambda: "finish the stroke" in str(session.notices))
    assert layer.data[40, 10] == FOOT
    assert not layer.data[5:20].any()
    session.show_whole()
    until(session, lambda: (layer.data[5:20] == HAND).all())
    session.undo()
    assert layer.data[40, 10] == FOOT, "the stroke is a step of its own"
    session.undo()
    assert layer.data[40, 10] == BACK


def test_a_photo_with_parts_held_back_is_accepted_only_when_asked_twice(session):
    photo_id = session.current.photo.id
    session.accept_by_hand()
    assert session.current.photo.id == photo_id
    assert "Shift+U shows what is held back" in session.notices[-1][1]
    session.accept_by_hand()
    until(session, lambda: session.current is not None and session.current.photo.id != photo_id)


def test_a_dropped_suggestion_comes_again_by_the_key_and_then_newer_ones_do_too(session):
    project, photo_id = session.project, session.current.photo.id
    session.drop_suggestion()
    assert not session.annotation_layer.data.any()
    session.show_whole()
    until(session, lambda: session.annotation_layer.data.all())
    suggest(project, photo_id, serve(project, "0002"), below=FOOT)
    until(session, lambda: session.annotation_layer.data[40, 10] == FOOT)


def test_without_a_suggestion_the_key_says_so(session):
    project, photo_id = session.project, session.current.photo.id
    with project.catalog.write() as connection:
        connection.exec_driver_sql(f"DELETE FROM prediction WHERE photo_id = {photo_id}")
    session.show_whole()
    until(session, lambda: "no suggestion for this photo yet" in str(session.notices))


def test_the_setting_shows_everything(project, open_session):
    change_settings(project.path / "skinseg.toml", {"gate": {"hold_back": False}})
    with Project.open(project.path) as again:
        session = open_session(again)
        session.open_next()
        until(session, lambda: session.current is not None)
        assert (session.annotation_layer.data[:20] == HAND).all()
        session.close()
