"""R: the rest of a photo follows the strokes on it, as one undo step that is easily refused."""

from __future__ import annotations

import shutil
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from workbench import predict, rest, serve, until

from napari_skinseg.demo.simulated_annotator import SimulatedAnnotator
from napari_skinseg.layers import napari_undo
from trainer.instant.cues import DEPTH
from trainer.labels.values import ACCEPTED, PAINTED, PROPOSED
from trainer.project.project import Project
from trainer.settings.toml_file import load_settings

BACK, HAND, LIMB = 1, 4, 6
SHAPE = (96, 128)
LEFT, RIGHT = slice(26, 51), slice(77, 102)


def limbs() -> np.ndarray:
    photo = np.full((*SHAPE, 3), (60, 90, 140), np.uint8)
    photo[:, LEFT] = photo[:, RIGHT] = (210, 150, 120)
    return photo


@pytest.fixture
def project(tmp_path):
    """Two photos of two limbs, which the served model takes for limbs."""
    (tmp_path / "photos").mkdir()
    for name in ("a", "b"):
        Image.fromarray(limbs()).save(tmp_path / "photos" / f"{name}.png")
    with Project.create(tmp_path / "project") as project:
        project.registration.add_folder(tmp_path / "photos")
        serve(project, "0001")
        for photo_id in project.photos.ids():
            suggest(project, photo_id, "0001", LIMB)
        yield project


def suggest(project: Project, photo_id: int, model_id: str, value: int) -> None:
    predict(project, photo_id, model_id, BACK)
    labels = np.full(SHAPE, BACK, np.uint8)
    labels[:, LEFT] = labels[:, RIGHT] = value
    project.predictions.save(photo_id, model_id, labels, np.full(SHAPE, 200, np.uint8))


def activate(project: Project, photo_id: int, model_id: str) -> None:
    """Keep activations that tell the left limb from the right one."""
    skin = limbs()[::4, ::4, 0] > 100
    values = np.full((*skin.shape, 9 + DEPTH), 0.02, np.float16)
    values[..., BACK - 1], values[..., LIMB - 1] = np.where(skin, 0.04, 0.8), np.where(skin, 0.8, 0.04)
    values[..., 9] = skin
    values[:, :16, 10] = skin[:, :16]
    project.activations.save(photo_id, project.photos.get(photo_id).sha256, model_id, values)


def paint(session, rows=slice(20, 60), columns=slice(34, 40), value=HAND):
    mask = np.ones((rows.stop - rows.start, columns.stop - columns.start), bool)
    napari_undo.paint_area(session.annotation_layer, (rows, columns), mask, value)


def follow(session):
    """Press R, and wait for what comes of it."""
    said = len(session.notices)
    session.follow_strokes()
    until(session, lambda: not session.is_following)
    return session.notices[said:]


@pytest.fixture
def stroked(session):
    """A session with a stroke of hand on the left limb."""
    activate(session.project, session.current.photo.id, "0001")
    paint(session)
    session.poll()
    return session


def test_the_rest_of_the_region_follows_as_a_proposal_and_one_undo_takes_it_back(stroked):
    before, decided = stroked.annotation_layer.data.copy(), stroked.provenance.copy()
    said = follow(stroked)
    labels, provenance = stroked.annotation_layer.data, stroked.provenance
    assert "follows your strokes: R or Ctrl+Z takes it back" in said[-1][1]
    assert (labels[24:56, 28:49] == HAND).mean() > 0.95
    assert (labels[:, RIGHT] == LIMB).all(), "the other limb is unlike it"
    assert (provenance[decided == PAINTED] == PAINTED).all()
    followed = labels != before
    assert (provenance[followed] == PROPOSED).all()
    assert stroked.current.strokes == 1
    stroked.undo()
    assert (labels == before).all()
    assert (stroked.provenance == decided).all()
    stroked.redo()
    assert ((labels != before) == followed).all()
    assert (stroked.provenance[followed] == PROPOSED).all()


def test_r_once_more_takes_it_back_and_after_another_stroke_it_is_worked_out_anew(stroked):
    before = stroked.annotation_layer.data.copy()
    follow(stroked)
    follow(stroked)
    assert (stroked.annotation_layer.data == before).all()
    follow(stroked)
    first = stroked.annotation_layer.data.copy()
    assert (first != before).any()
    paint(stroked, slice(40, 60), slice(42, 50), LIMB)
    follow(stroked)
    labels = stroked.annotation_layer.data
    given_back = (labels == LIMB) & (first == HAND) & (stroked.provenance == PROPOSED)
    assert given_back.any(), "what followed the first stroke alone is not evidence for the second"
    stroked.undo()
    stroked.undo()
    assert (labels == first).all()


def test_accepting_takes_what_followed(stroked):
    photo_id = stroked.current.photo.id
    follow(stroked)
    labels = stroked.annotation_layer.data.copy()
    stroked.accept_and_next()
    rest(stroked)
    saved, provenance = stroked.project.masks.read(stroked.project.masks.head(photo_id))
    assert (saved == labels).all()
    assert set(np.unique(provenance)) == {ACCEPTED, PAINTED}


def test_accepting_waits_for_what_is_being_worked_out(stroked):
    photo = stroked.current.photo.id
    stroked.follow_strokes()
    stroked.accept_by_hand()
    assert stroked.current.photo.id == photo
    assert stroked.notices[-1] == ("info", "R is still at work: look at what follows, then accept")
    until(stroked, lambda: not stroked.is_following)
    stroked.accept_by_hand()
    until(stroked, lambda: stroked.current is not None and stroked.current.photo.id != photo)


def test_without_a_stroke_it_says_what_to_press(session):
    assert "scribble a stroke or two" in follow(session)[-1][1]
    assert session.current.strokes == 0


def test_nothing_follows_an_outline(session):
    activate(session.project, session.current.photo.id, "0001")
    paint(session, slice(10, 70), slice(28, 49))
    before = session.annotation_layer.data.copy()
    assert "nothing follows an outline" in follow(session)[-1][1]
    session.follow_every_stroke(True)
    session.take_tool("polygon")
    paint(session, slice(72, 76), slice(30, 40))
    until(session, lambda: session._editor.follower._strokes == session._editor.tracker.strokes)
    rest(session)
    assert (session.annotation_layer.data[:72] == before[:72]).all()
    assert not session._editor.follower.in_force


def test_a_locked_class_stays(stroked):
    stroked.set_locked(LIMB, True)
    before = stroked.annotation_layer.data.copy()
    assert "change nothing else" in follow(stroked)[-1][1]
    assert (stroked.annotation_layer.data == before).all()


def test_switched_on_every_stroke_is_followed_and_the_project_remembers_it(session):
    activate(session.project, session.current.photo.id, "0001")
    session.toggle_following()
    assert session.following
    rest(session)
    assert load_settings(session.project.path / "skinseg.toml").window.follow_strokes
    paint(session)
    until(session, lambda: (session.annotation_layer.data == HAND).sum() > 1500)
    session.undo()
    for _ in range(20):
        session.poll()
    assert (session.annotation_layer.data == HAND).sum() == 240, "what was refused does not come again"
    paint(session, slice(70, 80))
    until(session, lambda: (session.annotation_layer.data == HAND).sum() > 1500)


def test_a_newer_suggestion_does_not_undo_what_followed(stroked):
    follow(stroked)
    photo_id, labels = stroked.current.photo.id, stroked.annotation_layer.data.copy()
    serve(stroked.project, "0002")
    suggest(stroked.project, photo_id, "0002", BACK)
    until(stroked, lambda: stroked._editor.offered_by == "0002")
    for _ in range(10):
        stroked.poll()
    assert (stroked.annotation_layer.data == labels).all()
    stroked.undo()
    stroked._editor._undone_at = -1e9
    until(stroked, lambda: (stroked.annotation_layer.data[:, RIGHT] == BACK).all())


def test_activations_of_another_model_are_not_used(session):
    photo_id = session.current.photo.id
    activate(session.project, photo_id, "0002")
    paint(session)
    assert "by colours alone: Start the trainer" in follow(session)[-1][1]
    session.undo()
    activate(session.project, photo_id, "0001")
    said = follow(session)[-1][1]
    assert "follows" in said
    assert "colours" not in said


@pytest.mark.parametrize("harm", ["deleted", "cut off", "another shape"])
def test_a_cache_that_is_gone_or_damaged_leaves_the_colours(stroked, harm):
    stroked._editor.follower.show(stroked._editor.photo)
    folder = stroked.project.path / "cache"
    (file,) = (folder / "activations").glob("*.npy")
    if harm == "deleted":
        shutil.rmtree(folder)
    elif harm == "cut off":
        file.write_bytes(file.read_bytes()[:300])
    else:
        np.save(file, np.zeros((3, 4, 200), np.float16))
    assert "by colours alone" in follow(stroked)[-1][1]
    assert (stroked.annotation_layer.data[24:56, 28:49] == HAND).mean() > 0.9


def test_without_any_suggestion_one_class_is_not_enough(project, open_session):
    session = open_session(project)
    session.open_next()
    until(session, lambda: session.current is not None)
    session.drop_suggestion()
    shutil.rmtree(project.path / "predictions")
    paint(session)
    assert "only hand is painted" in follow(session)[-1][1]
    paint(session, slice(0, 70), slice(52, 80), BACK)
    assert "only hand is scribbled thinly" in follow(session)[-1][1]
    session.undo()
    paint(session, slice(20, 60), slice(4, 12), BACK)
    follow(session)
    assert (session.annotation_layer.data[24:56, 30:46] == HAND).mean() > 0.9
    assert (session.annotation_layer.data[24:56, 4:20] == BACK).mean() > 0.9


@pytest.mark.parametrize("by", ["activations", "colours"])
def test_what_is_shown_in_place_of_the_suggestion_is_what_strokes_correct(session, by):
    layer, first = session.annotation_layer, session.current.photo.id
    layer.data[layer.data == LIMB] = HAND  # in this burst, they are hands
    session.accept_and_next()
    until(session, lambda: session.current is not None and session.current.photo.id != first)
    rest(session)  # or it says in between that the first is saved
    if by == "activations":
        activate(session.project, session.current.photo.id, "0001")
    session.copy_photo_before()
    assert (layer.data[:, LEFT] == HAND).all()
    paint(session, value=LIMB)
    assert "follows your strokes" in follow(session)[-1][1], "though the model said limb by itself"
    assert (layer.data[24:56, 28:49] == LIMB).mean() > 0.95
    for _ in range(3):  # what followed, the stroke, the copy
        session.undo()
    paint(session, value=HAND)
    follow(session)
    assert (layer.data[24:56, 28:49] == HAND).mean() > 0.95, "with the copy undone it is the model's again"


def test_who_dropped_the_suggestion_begins_from_nothing(stroked):
    layer = stroked.annotation_layer
    stroked.drop_suggestion()
    assert "paint something else too" in follow(stroked)[-1][1]
    assert not layer.data[:, RIGHT].any()
    paint(stroked, columns=slice(60, 66), value=BACK)
    assert "follows your strokes" in follow(stroked)[-1][1]
    assert (layer.data[30:50, 54:74] == BACK).mean() > 0.95
    assert (layer.data[30:50, 28:49] == HAND).mean() > 0.95


def test_another_photo_begins_without_what_was_worked_out_for_the_one_before(stroked):
    stroked.follow_strokes()
    first = stroked.current.photo.id
    stroked.skip()
    until(stroked, lambda: stroked.current is not None and stroked.current.photo.id != first)
    before = stroked.annotation_layer.data.copy()
    rest(stroked)
    assert (stroked.annotation_layer.data == before).all()
    assert not stroked._editor.follower.in_force


def test_a_photo_labelled_without_help_gets_none(project, open_session):
    session = open_session(project)
    session.open_next()
    until(session, lambda: session.current is not None)
    session._editor.follower.show(replace(session._editor.photo, blind=True))
    paint(session)
    assert "without help" in follow(session)[-1][1]


def test_history_that_is_forgotten_frees_its_memory(stroked):
    tracker = stroked._editor.tracker
    for row in range(4, 12):
        follow(stroked)
        stroked.undo()
        paint(stroked, slice(row, row + 1), slice(34, 40))
    assert len(tracker._refreshes) <= 2


@pytest.mark.parametrize("helps", [True, False])
def test_the_simulated_hand_keeps_what_follows_where_it_helps_and_takes_it_back_where_not(
    project, open_session, helps
):
    photo_id = project.photos.ids()[0]
    project.models.add("0009", recipe="probe", lane="probe")
    predict(project, photo_id, "0009", BACK)
    activate(project, photo_id, "0009")
    truth = np.full(SHAPE, BACK, np.uint8)
    truth[:, LEFT] = HAND
    if not helps:  # what looks like it is of the same kind nowhere else
        truth[:] = BACK
        truth[24:72, LEFT.start : LEFT.start + 12] = HAND
    session = open_session(project)
    session.open_photo(photo_id)
    until(session, lambda: session.current is not None)
    effort = SimulatedAnnotator(session, lambda _: truth, follows=True).annotate()
    assert any("follows your strokes" in text for _, text in session.notices), "it was tried"
    followed = session.provenance[truth == HAND] == PROPOSED
    if helps:
        assert effort.after >= 0.97
        assert followed.mean() > 0.5
        assert effort.seconds < 0.7 * effort.from_nothing
    else:
        assert not followed.any()
