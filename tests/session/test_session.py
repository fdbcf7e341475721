"""What an annotator notices, on a real project with real photos."""

from __future__ import annotations

import errno
import subprocess
import sys
import time

import numpy as np
import pytest
from napari.components import ViewerModel
from PIL import Image
from workbench import beat, make_project, predict, rest, serve, until

from napari_skinseg.session.leaving_keys import STANDS_SECONDS
from trainer.labels.values import ACCEPTED, PAINTED, PROPOSED
from trainer.project.masks.masks import Masks
from trainer.project.project import Project


def current_id(session) -> int:
    assert session.current is not None
    return session.current.photo.id


def test_the_first_photo_opens_without_a_model_and_says_so(session):
    assert session.annotation_layer.data.shape == session.photo_layer.data.shape[:2]
    assert session.annotation_layer.data.dtype == np.uint8
    assert not session.annotation_layer.data.any()
    assert not session.confidence_layer.visible
    assert session.viewer.layers.selection.active is session.annotation_layer
    until(session, lambda: "no suggestions yet" in session.status)
    assert "after 3 photos" in session.status


def test_the_session_begins_with_a_brush_and_keeps_the_tool_that_is_chosen(session):
    layer, selected = session.annotation_layer, session.selected_class
    assert str(layer.mode) == "paint"
    layer.mode = "pan_zoom"
    first = current_id(session)
    session.skip()
    until(session, lambda: session.current is not None and current_id(session) != first)
    assert (str(layer.mode), session.selected_class) == ("pan_zoom", selected)


def test_layers_are_reused_and_the_next_photo_is_ready_at_once(session):
    layers = list(session.viewer.layers)
    until(session, lambda: len(session._navigator.waiting.ready) == 2)
    seen = [current_id(session)]
    for _ in range(3):
        until(session, lambda: (slots := session._navigator.waiting._slots) and slots[0].loaded)
        session.select_class(2)
        session.annotation_layer.paint((5, 5), 2)
        session.accept_and_next()
        seen.append(current_id(session))
        assert list(session.viewer.layers) == layers
        assert session.annotation_layer.data.shape == session.photo_layer.data.shape[:2]
        assert session.current.strokes == 0
    assert len(set(seen)) == 4


def test_accepting_makes_suggestions_truth_and_leaves_the_rest_open(project, open_session):
    model = serve(project, "0007")
    session = open_session(project)
    photo_id = project.photos.ids()[0]
    predict(project, photo_id, model, value=4, top=20)
    session.open_photo(photo_id)
    until(session, lambda: session.current is not None)
    assert (session.annotation_layer.data[20:] == 4).all()
    assert (session.provenance[20:] == PROPOSED).all()
    assert session.status == "suggestions by model 7"
    session.annotation_layer.paint((50, 50), 6)
    painted = session.annotation_layer.data == 6
    session.accept_and_next()
    rest(session)
    revision = project.masks.head(photo_id)
    assert (revision.kind, revision.annotator, revision.model_id) == ("save", "ann", "0007")
    labels, provenance = project.masks.read(revision)
    assert (provenance[painted] == PAINTED).all()
    assert (provenance[20:][~painted[20:]] == ACCEPTED).all()
    assert not labels[:20].any()
    assert project.masks.read_truth(photo_id)[0, 0] == 255
    assert revision.strokes == 1


def test_saving_a_part_keeps_suggestions_out_of_the_truth(project, open_session):
    model = serve(project, "0001")
    session = open_session(project)
    photo_id = project.photos.ids()[0]
    predict(project, photo_id, model, value=4)
    session.open_photo(photo_id)
    until(session, lambda: session.current is not None)
    session.annotation_layer.brush_size = 15
    session.annotation_layer.paint((30, 30), 6)
    assert session.unsaved
    session.save_part()
    assert not session.unsaved
    rest(session)
    truth = project.masks.read_truth(photo_id)
    assert set(np.unique(truth)) == {5, 255}
    assert current_id(session) == photo_id
    assert session.current.revision.kind == "part"
    session.annotation_layer.paint((10, 10), 3)
    session.accept_and_next()
    rest(session)
    assert [r.kind for r in sorted(project.masks.history(photo_id), key=lambda r: r.created)] == [
        "part",
        "save",
    ]
    assert not [text for level, text in session.notices if level != "info"]


def test_back_shows_the_saved_mask_and_what_was_open_comes_next(session, project):
    first = current_id(session)
    session.annotation_layer.paint((30, 30), 3)
    saved = session.annotation_layer.data.copy()
    session.accept_and_next()
    until(session, lambda: session.current is not None)
    second = current_id(session)
    session.annotation_layer.paint((10, 10), 5)
    unfinished = session.annotation_layer.data.copy()
    session.back()
    until(session, lambda: session.current is not None)
    assert current_id(session) == first
    assert (session.annotation_layer.data == saved).all()
    assert not session.unsaved
    session.annotation_layer.undo()
    assert (session.annotation_layer.data == saved).all(), "undo must not reach into another photo"
    session.accept_and_next()
    assert current_id(session) == second
    assert (session.annotation_layer.data == unfinished).all()
    assert session.unsaved
    rest(session)
    assert len(project.masks.history(first)) == 2


def test_a_photo_opened_by_hand_while_it_is_being_claimed_is_held_once(project, open_session):
    """Else it comes up again afterwards, as it was before it was saved."""
    session = open_session(project)
    session.open_next()
    wanted = session.queue_head(1)[0].photo_id
    until(session, lambda: session._navigator.waiting._claiming)
    time.sleep(0.5)  # the claim is made, and not polled for yet
    session.open_photo(wanted)
    until(session, lambda: session.current is not None and session.current.photo.id == wanted)
    rest(session)
    assert wanted not in session._navigator.waiting.photo_ids
    session.annotation_layer.fill((5, 5), 3)
    session.accept_and_next()
    rest(session)
    session.open_photo(wanted)
    until(session, lambda: session.current is not None and session.current.photo.id == wanted)
    assert session.current.finished


def test_a_saved_photo_says_which_model_was_the_first_to_learn_from_it(session, project):
    photo_id = next(i for i in project.photos.ids(split="train"))
    session.open_photo(photo_id)
    until(session, lambda: session.current is not None and session.current.photo.id == photo_id)
    session.annotation_layer.paint((30, 30), 3)
    session.accept_and_next()
    rest(session)
    session.open_photo(photo_id)
    until(session, lambda: session.current is not None and session.current.photo.id == photo_id)
    assert "no model has learnt from it yet" in session.status
    project.models.trained_on(serve(project, "0003"), [project.masks.head(photo_id).id])
    session.accept_and_next()
    rest(session)
    session.open_photo(photo_id)
    until(session, lambda: session.current is not None and session.current.photo.id == photo_id)
    assert session.status.startswith("saved by ann,")
    assert "model 3 was the first to learn from it" in session.status


def test_skip_and_flag_go_on(session, project):
    first = current_id(session)
    session.skip()
    until(session, lambda: session.current is not None)
    second = current_id(session)
    assert second != first
    session.annotation_layer.paint((10, 10), 5)
    session.flag("blurred")
    until(session, lambda: session.current is not None)
    rest(session)
    assert current_id(session) not in (first, second)
    assert project.photos.get(second).state == "flagged"
    assert (project.masks.read_truth(second) == 4).any(), "what was painted before flagging is kept"
    assert project.masks.head(first) is None


def test_an_unlabelled_photo_is_not_accepted_by_accident(session, project):
    first = current_id(session)
    session.accept_and_next()
    assert current_id(session) == first
    assert any("nothing is labelled" in text for _, text in session.notices)


def test_a_newer_suggestion_fills_untouched_pixels_as_one_step(session, project):
    photo_id = current_id(session)
    model = serve(project, "0001")
    session.annotation_layer.brush_size = 21
    session.annotation_layer.paint((30, 30), 6)
    painted = session.annotation_layer.data == 6
    predict(project, photo_id, model, value=4)
    until(session, lambda: session.current.model_id == "0001")
    assert (session.annotation_layer.data[painted] == 6).all()
    assert (session.annotation_layer.data[~painted] == 4).all()
    assert (session.confidence_layer.data == 200).all()
    assert session.current.strokes == 1
    serve(project, "0002")
    predict(project, photo_id, "0002", value=2, top=8)
    until(session, lambda: session.current.model_id == "0002")
    session.undo()
    assert (session.annotation_layer.data[~painted] == 4).all()
    assert session.current.model_id == "0001"
    for _ in range(30):
        session.poll()
    assert session.current.model_id == "0001", "an undone suggestion does not come back by itself"
    session.redo()
    assert session.current.model_id == "0002"
    assert (session.provenance[painted] == PAINTED).all()


def test_a_refresh_waits_for_the_stroke_to_end(session, project):
    photo_id = current_id(session)
    serve(project, "0001")
    with session.annotation_layer.block_history():
        session.annotation_layer.paint((30, 30), 6)
        predict(project, photo_id, "0001", value=4)
        for _ in range(100):
            session.poll()
        assert set(np.unique(session.annotation_layer.data)) == {0, 6}
        assert session.current.model_id is None
        session.accept_and_next()
        assert current_id(session) == photo_id, "a photo does not leave from under the brush"
        until(session, lambda: session._editor._offer is not None)
    until(session, lambda: session.current.model_id == "0001")


def test_a_missing_suggestion_is_asked_for_and_the_photo_is_shown_anyway(project, open_session):
    model = serve(project, "0003")
    session = open_session(project)
    session.open_next()
    until(session, lambda: session.current is not None)
    assert session.current.model_id is None
    assert current_id(session) in project.predictions.wanted(model)
    beat(project, state="idle")
    until(session, lambda: "has been asked" in session.status)


def test_a_finished_photo_is_not_refreshed(session, project):
    photo_id = current_id(session)
    session.annotation_layer.paint((30, 30), 6)
    mine = session.annotation_layer.data.copy()
    session.accept_and_next()
    rest(session)
    session.back()
    until(session, lambda: session.current is not None)
    serve(project, "0001")
    predict(project, photo_id, "0001", value=4)
    for _ in range(60):
        session.poll()
    rest(session)
    assert (session.annotation_layer.data == mine).all()


def test_waiting_photos_get_newer_suggestions_too(project, open_session):
    session = open_session(project)
    session.open_next()
    until(session, lambda: len(session._navigator.waiting.ready) == 2)
    waiting = session._navigator.waiting.photo_ids[0]
    serve(project, "0001")
    predict(project, waiting, "0001", value=4)
    until(session, lambda: session._navigator.waiting.ready[0].model_id == "0001")
    session.annotation_layer.paint((30, 30), 6)
    session.accept_and_next()
    assert current_id(session) == waiting
    assert (session.annotation_layer.data == 4).all()


def test_two_annotators_never_get_the_same_photo(project, open_session):
    one, two = open_session(project, "one"), open_session(project, "two")
    for session in (one, two):
        session.open_next()
    for session in (one, two):
        until(session, lambda session=session: session.current is not None)
    assert current_id(one) != current_id(two)
    taken = current_id(one)
    mine = current_id(two)
    two.open_photo(taken)
    until(two, lambda: any("being worked on by one" in text for _, text in two.notices))
    until(two, lambda: two.current is not None)
    assert current_id(two) == mine, "the desk is left as it was"


def test_a_conflict_keeps_both_masks_and_says_so(session, project):
    photo_id = current_id(session)
    shape = session.annotation_layer.data.shape
    theirs = np.full(shape, 2, np.uint8)
    project.masks.save(photo_id, theirs, np.full(shape, PAINTED, np.uint8), "somebody", expected=None)
    session.annotation_layer.paint((30, 30), 6)
    session.accept_and_next()
    until(session, lambda: any(level == "warning" for level, _ in session.notices))
    rest(session)
    assert len(project.masks.history(photo_id)) == 2
    assert (project.masks.read(project.masks.head(photo_id))[0] == 2).all()


def test_what_is_saved_again_after_a_conflict_stands(session, project):
    photo_id = current_id(session)
    shape = session.annotation_layer.data.shape
    theirs = np.full(shape, 2, np.uint8)
    project.masks.save(photo_id, theirs, np.full(shape, PAINTED, np.uint8), "somebody", expected=None)
    for value in (6, 7):
        session.annotation_layer.paint((30, 30), value)
        session.save_part()
        rest(session)
    warnings = [text for level, text in session.notices if level == "warning"]
    assert len(warnings) == 1
    assert "save again to make yours stand" in warnings[0]
    assert project.masks.read(project.masks.head(photo_id))[0][30, 30] == 7
    assert len(project.masks.history(photo_id)) == 3


def test_a_photo_opened_again_begins_from_the_mask_that_stands_then(session, project):
    photo_id = current_id(session)
    theirs = np.full(session.annotation_layer.data.shape, 2, np.uint8)
    session.annotation_layer.paint((30, 30), 6)
    session.accept_and_next()
    rest(session)
    head = project.masks.head(photo_id).id
    project.masks.save(photo_id, theirs, np.full_like(theirs, PAINTED), "somebody", expected=head)
    session.open_photo(photo_id)
    until(session, lambda: session.current is not None and current_id(session) == photo_id)
    session.annotation_layer.paint((30, 30), 7)
    session.accept_and_next()
    rest(session)
    assert not [text for level, text in session.notices if level == "warning"]
    assert project.masks.read(project.masks.head(photo_id))[0][30, 30] == 7


def test_a_damaged_mask_is_told_and_replaced_by_the_next_save(session, project):
    photo_id = next(i for i in project.photos.ids() if i not in session._navigator.held_ids)
    photo = project.photos.probe(photo_id)
    mask = np.full((photo.height, photo.width), 2, np.uint8)
    saved = project.masks.save(photo_id, mask, np.full_like(mask, PAINTED), "somebody", expected=None)
    next(path for path in (saved.path / "labels" / "c").rglob("*") if path.is_file()).write_bytes(b"x")
    session.open_photo(photo_id)
    until(session, lambda: session.current is not None and current_id(session) == photo_id)
    assert any("damaged" in text for level, text in session.notices if level == "warning")
    assert not session.annotation_layer.data.any()
    session.annotation_layer.paint((30, 30), 7)
    session.accept_and_next()
    rest(session)
    assert project.masks.read(project.masks.head(photo_id))[0][30, 30] == 7
    assert len(project.masks.history(photo_id)) == 2


def test_a_broken_photo_is_named_and_the_queue_goes_on(tmp_path, open_session):
    project = make_project(tmp_path, photos=3)
    for name in ("arm_00.jpg", "arm_01.jpg"):
        (tmp_path / "photos" / name).write_bytes(b"not a photo")
    session = open_session(project)
    session.open_next()
    until(session, lambda: session.current is not None)
    assert session.current.photo.relpath == "arm_02.jpg"
    until(session, lambda: project.photos.counts().broken == 2)
    rest(session)
    said = " ".join(text for level, text in session.notices if level == "warning")
    assert "arm_00.jpg" in said
    assert "arm_01.jpg" in said


def test_a_photo_opened_by_hand_that_cannot_be_read_says_why(session, project):
    broken = next(i for i in project.photos.ids() if i not in session._navigator.held_ids)
    project.photos.get(broken).path.unlink()
    session.open_photo(broken)
    until(session, lambda: "press Space" in session.status)
    assert project.photos.get(broken).relpath in session.status
    session.accept_and_next()
    until(session, lambda: session.current is not None)


def test_an_empty_queue_tells_of_photos_that_are_broken_or_skipped(tmp_path, open_session):
    project = make_project(tmp_path, photos=3)
    (tmp_path / "photos" / "arm_01.jpg").write_bytes(b"no photo")
    session = open_session(project)
    session.open_next()
    for _ in range(2):
        until(session, lambda: session.current is not None)
        session.skip()
    until(session, lambda: "2 skipped" in session.status)
    assert session.status == (
        "no photo is left for you: 1 cannot be read (skinseg doctor says why), "
        "2 skipped come back in your next session"
    )


def test_empty_queue_and_no_photos_have_their_sentence(tmp_path, open_session):
    project = make_project(tmp_path, photos=1)
    session = open_session(project)
    session.open_next()
    until(session, lambda: session.current is not None)
    session.annotation_layer.paint((5, 5), 1)
    session.accept_and_next()
    until(session, lambda: "no photo is left" in session.status)
    assert session.current is None
    assert session.status == "no photo is left for you: review what is done, or add photos"
    empty = open_session(Project.create(tmp_path / "empty"))
    empty.open_next()
    until(empty, lambda: "no photos yet" in empty.status)


def test_a_full_disk_loses_nothing(session, project, monkeypatch):
    """Writing fails as on a full disk; when there is room again the mask is saved by itself."""
    photo_id = current_id(session)
    rest(session)
    session.annotation_layer.paint((30, 30), 6)
    mine = session.annotation_layer.data.copy()
    real = Masks.save

    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Masks, "save", full)
    session.accept_and_next()
    until(session, lambda: any(level == "error" for level, _ in session.notices))
    assert "not saved yet" in session.status
    assert session.saving == 1
    monkeypatch.setattr(Masks, "save", real)
    session._saver.retry()
    rest(session)
    assert (project.masks.read(project.masks.head(photo_id))[0] == mine).all()
    assert "not saved" not in session.status


def test_a_read_only_project_can_be_looked_at(project, open_session):
    with Project.open(project.path, read_only=True) as reading:
        session = open_session(reading)
        session.open_next()
        assert any("nothing can be saved" in text for _, text in session.notices)
        assert "read-only" in session.status
        session.open_photo(reading.photos.ids()[0])
        until(session, lambda: session.current is not None)
        session.annotation_layer.paint((5, 5), 1)
        session.accept_and_next()
        session.save_part()
        session.skip()
        assert session.current is not None
        session.close()


def test_hiding_a_class_changes_only_the_screen(session, project):
    photo_id = current_id(session)
    session.annotation_layer.paint((30, 30), 3)
    session.set_visible(3, False)
    assert session.hidden == {3}
    assert session.annotation_layer.get_color(3)[3] == 0
    assert session.annotation_layer.get_color(2)[3] == 1
    session.accept_and_next()
    rest(session)
    assert (project.masks.read(project.masks.head(photo_id))[0] == 3).any()
    session.set_visible(3, True)
    assert session.annotation_layer.get_color(3)[3] == 1


def test_locks_through_the_session(session):
    session.annotation_layer.paint((30, 30), 3)
    before = session.annotation_layer.data.copy()
    session.viewer.cursor.position = (30, 30)
    session.lock_under_cursor()
    assert session.locked == {3}
    session.annotation_layer.brush_size = 40
    session.annotation_layer.paint((30, 30), 5)
    assert (session.annotation_layer.data[before == 3] == 3).all()
    assert (session.annotation_layer.data == 5).any()
    session.undo()
    assert (session.annotation_layer.data == before).all()


def test_napari_controls_cannot_leave_the_class_set(session):
    session.annotation_layer.selected_label = 200
    assert session.selected_class == session.project.classes.count
    with pytest.raises(ValueError, match="no class"):
        session.select_class(12)


def test_keys_do_what_the_table_says_and_are_given_back(project, open_session):
    viewer = ViewerModel()
    viewer.bind_key("n", lambda _: None)
    before = dict(viewer.keymap)
    session = open_session(project, viewer=viewer)
    session.open_next()
    until(session, lambda: session.current is not None)
    rows = session.bindings()
    keys = [key for key, _, _ in rows]
    assert len(keys) == len(set(keys))
    assert {*"0123456789", "Space", "N", "B", "S", "K", "F", "H", "[", "]", ",", ".", "T", "L", "?"} <= set(
        keys
    )
    assert all(sentence for _, sentence, _ in rows)
    layer = session.annotation_layer
    next(run for key, _, run in rows if key == "4")()
    assert (session.selected_class, str(layer.mode)) == (4, "paint")
    press(layer, "7")
    assert session.selected_class == 7
    size, opacity = layer.brush_size, layer.opacity
    press(layer, "]")
    assert layer.brush_size > size
    press(layer, ",")
    assert layer.opacity < opacity
    layer.paint((20, 20), 3)
    press(layer, "Control-Z")
    assert not layer.data.any()
    press(layer, "Control-Shift-Z")
    assert layer.data.any()
    peek = press(layer, "H")
    assert not layer.visible
    next(peek, None)
    assert layer.visible
    asked = []
    session.note_requested.connect(lambda: asked.append("note"))
    session.help_requested.connect(lambda: asked.append("help"))
    press(session.photo_layer, "F")
    press(viewer, "F1")
    assert asked == ["note", "help"]
    first = current_id(session)
    layer.fill((1, 1), 3)
    seen = session._clock() + STANDS_SECONDS
    until(session, lambda: session._clock() > seen)
    space = press(viewer, "Space")
    assert current_id(session) == first
    next(space, None)
    until(session, lambda: session.current is not None and current_id(session) != first)
    session.close()
    assert dict(viewer.keymap) == before
    assert list(viewer.layers) == []


def press(target, key):
    """Press a key on a layer or viewer as napari does; returns the generator of a held key."""
    from napari.utils.key_bindings import coerce_keybinding

    done = target.keymap[coerce_keybinding(key)](target)
    if done is not None:
        next(done)
    return done


def test_seconds_and_strokes_are_recorded(session, project):
    session.annotation_layer.paint((30, 30), 3)
    session.annotation_layer.paint((40, 40), 3)
    session.accept_and_next()
    rest(session)
    until(session, lambda: session.stats is not None and session.stats.photos == 1)
    assert session.stats.strokes_per_photo == 2
    assert 0 < session.stats.seconds_per_photo < 60


def test_closing_gives_photos_back_and_keeps_unfinished_work(project, open_session):
    session = open_session(project)
    session.open_next()
    until(session, lambda: session.current is not None)
    photo_id = current_id(session)
    session.annotation_layer.paint((30, 30), 6)
    session.close()
    again = open_session(project, "other")
    again.open_photo(photo_id)
    until(again, lambda: again.current is not None)
    assert not again.annotation_layer.data.any()
    draft = project.drafts.get(photo_id, "ann")
    assert (project.drafts.read(draft)[0] == 6).any()


def test_the_session_needs_no_qt_and_the_plugin_no_torch():
    code = (
        "import pkgutil, importlib, sys, napari_skinseg.session.session\n"
        "qt = {'qtpy', 'PyQt6', 'PySide6'} & set(sys.modules)\n"
        "assert not qt, qt\n"
        "for module in pkgutil.walk_packages(napari_skinseg.__path__, 'napari_skinseg.'):\n"
        "    if '__main__' not in module.name: importlib.import_module(module.name)\n"
        "heavy = {'torch', 'torchvision', 'lightning_fabric', 'segmentation_models_pytorch'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-800:]


def test_the_status_line_names_our_keys_not_those_they_replace(session):
    for mode in ("fill", "polygon", "paint"):
        session.annotation_layer.mode = mode
        ours = "Enter or a double click closes it" if mode == "polygon" else "1-9 class"
        assert ours in session.viewer.help
        assert "use <" not in session.viewer.help


def test_a_photo_that_was_replaced_while_it_is_open_gets_nothing_of_the_new_one(session, project):
    """Neither a suggestion, nor a mask: both would fit in size. With the old file back it is saved."""
    photo = session.current.photo
    old = photo.path.read_bytes()
    with Image.open(photo.path) as picture:
        picture.transpose(Image.Transpose.ROTATE_180).save(photo.path, quality=95)
    serve(project, "0001")
    predict(project, photo.id, "0001", 2)  # as the trainer, which reads the new file
    assert project.photos.get(photo.id).sha256 != photo.sha256
    session.annotation_layer.paint((10, 10), 4)
    for _ in range(100):
        session.poll()
        time.sleep(0.005)
    assert set(np.unique(session.annotation_layer.data)) == {0, 4}
    session.accept_and_next()
    until(session, lambda: "error" in dict(session.notices))
    assert "was replaced by another file while it was open" in dict(session.notices)["error"]
    assert project.masks.head(photo.id) is None
    photo.path.write_bytes(old)
    session._saver.retry()
    until(session, lambda: project.masks.head(photo.id) is not None)
    assert project.masks.read(project.masks.head(photo.id))[0][10, 10] == 4
