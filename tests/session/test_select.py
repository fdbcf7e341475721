"""Select: click a thing, and one key paints it; without weights by superpixels, with them by MobileSAM."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from workbench import rest, serve, until

from trainer.labels.values import PAINTED

HAND, LIMB = 4, 6


@pytest.fixture
def selecting(session):
    """A session on its first photo with Select in hand, ready to find something."""
    session.toggle_select()
    until(session, lambda: session._editor.select._found is not None)
    return session


def mouse(session, start, end=None, modifiers=()):
    """Press, move and release the left button as napari does; places are (row, column)."""
    layer, event = (
        session.annotation_layer,
        SimpleNamespace(button=1, type="mouse_press", modifiers=modifiers),
    )
    event.position, event.pos = start, np.array(start[::-1], float)
    callback = session._editor.select._on_mouse
    assert callback in layer.mouse_drag_callbacks
    steps = callback(layer, event)
    if next(steps, "over") == "over":
        return
    for kind, place in (("mouse_move", end or start), ("mouse_release", end or start)):
        event.type, event.position, event.pos = kind, place, np.array(place[::-1], float)
        if next(steps, "over") == "over":
            return


def find(session):
    until(session, lambda: session._editor.select._proposals and not session._editor.select._awaited)


def test_without_weights_it_says_what_would_be_gained(selecting):
    assert selecting.selecting
    assert (
        "info",
        "colour patches: skinseg weights get mobilesam (41 MB) finds whole things; drag over all of a thing",
    ) in selecting.notices
    assert "drag over all of it" in selecting.viewer.help
    assert "box" not in selecting.viewer.help
    assert str(selecting.annotation_layer.mode) == "pan_zoom"
    assert not selecting.annotation_layer.mouse_pan, "a drag moves no photo"


def test_a_click_shows_a_mask_and_a_digit_paints_it_as_one_step(selecting):
    layer = selecting.annotation_layer
    mouse(selecting, (20, 30))
    find(selecting)
    assert selecting.viewer.layers["selection"].visible
    assert not layer.data.any(), "nothing is painted before a key says so"
    selecting.select_class(HAND)
    painted = layer.data == HAND
    assert painted[20, 30]
    assert (selecting.provenance[painted] == PAINTED).all()
    assert not selecting.viewer.layers["selection"].visible
    assert selecting.selecting, "the tool stays in hand"
    assert selecting.current.strokes == 1
    selecting.undo()
    assert not layer.data.any()


def test_enter_paints_in_the_selected_class_and_respects_locks(selecting):
    layer = selecting.annotation_layer
    selecting.select_class(LIMB)
    layer.data[15:25, 25:35] = HAND
    selecting.set_locked(HAND, True)
    mouse(selecting, (20, 30))
    find(selecting)
    selecting.paint_selection()
    assert (layer.data[15:25, 25:35] == HAND).all()
    assert set(np.unique(layer.data)) <= {0, HAND, LIMB}


def test_tab_shows_the_next_proposal_and_a_second_click_changes_it(selecting):
    mouse(selecting, (20, 30))
    find(selecting)
    shown = []
    for _ in range(4):
        shown.append(selecting.viewer.layers["selection"].data.sum())
        selecting.next_proposal()
    assert shown[0] == shown[3]
    assert len(set(shown)) > 1
    mouse(selecting, (20, 30), modifiers=("Shift",))
    until(selecting, lambda: not selecting.viewer.layers["selection"].data.any())


def test_a_digit_that_is_faster_than_the_mask_paints_it_when_it_comes(selecting):
    mouse(selecting, (20, 30))
    selecting.select_class(HAND)
    selecting.accept_and_next()
    assert selecting.notices[-1][1].startswith("what is selected is not painted")
    until(selecting, lambda: selecting.annotation_layer.data.any())
    assert selecting.annotation_layer.data[20, 30] == HAND
    assert selecting.current.strokes == 1
    first = selecting.current.photo.id
    selecting.accept_and_next()
    until(selecting, lambda: selecting.current is not None and selecting.current.photo.id != first)


def test_without_weights_one_stroke_takes_all_that_it_crosses_and_shift_takes_away(selecting):
    layer = selecting.annotation_layer
    segments = selecting._editor.select._found.proposer.segments[-1]
    where = np.array(segments.shape) / layer.data.shape
    mouse(selecting, (5, 5), (40, 60))
    find(selecting)
    crossed = [(5 + share * 35, 5 + share * 55) for share in np.linspace(0, 1, 30)]
    names = {int(segments[tuple((np.array(place) * where).astype(int))]) for place in crossed}
    assert len(names) > 3, "more than a click or two would find"
    agreed, small = (selecting._editor.select._proposals[at].values > 0 for at in (0, 1))
    assert set(np.unique(segments[small])) >= names
    shown = agreed
    assert (shown & small).sum() > 0.9 * small.sum(), "and what larger pieces agree on besides"
    mouse(selecting, (5, 5), (20, 28), modifiers=("Shift",))
    find(selecting)
    left = selecting._editor.select._proposals[0].values > 0
    assert 0 < left.sum() < shown.sum()
    selecting.select_class(HAND)
    assert (layer.data == HAND).any()
    assert selecting.current.strokes == 1


@pytest.mark.parametrize(("confidence", "painted"), [(250, HAND), (120, LIMB)])
def test_a_suggestion_that_is_sure_names_the_class(project, open_session, confidence, painted):
    photo_id = project.photos.ids()[0]
    labels = np.full(project.photos.read(photo_id).shape[:2], HAND, np.uint8)
    sure = np.full(labels.shape, confidence, np.uint8)
    project.predictions.save(photo_id, serve(project, "0001"), labels, sure)
    session = open_session(project)
    session.open_photo(photo_id)
    until(session, lambda: session.current is not None)
    session.toggle_select()
    until(session, lambda: session._editor.select._found is not None)
    session.select_class(LIMB)
    mouse(session, (20, 30))
    find(session)
    assert session.selected_class == painted
    session.escape()
    assert session.selected_class == LIMB  # the hand's own again
    mouse(session, (20, 30))
    find(session)
    session.paint_selection()
    assert session.annotation_layer.data[20, 30] == painted
    assert session.provenance[20, 30] == PAINTED


def test_escape_drops_the_clicks_then_the_tool(selecting):
    mouse(selecting, (20, 30))
    find(selecting)
    selecting.escape()
    assert not selecting.viewer.layers["selection"].visible
    assert selecting.selecting
    selecting.select_class(HAND)
    assert not selecting.annotation_layer.data.any()
    selecting.escape()
    assert not selecting.selecting
    assert str(selecting.annotation_layer.mode) == "paint"


def test_another_tool_puts_it_away(selecting):
    mouse(selecting, (20, 30))
    find(selecting)
    selecting.annotation_layer.mode = "fill"
    assert not selecting.selecting
    selecting.select_class(HAND)
    assert not selecting.annotation_layer.data.any()


def test_the_next_photo_begins_without_clicks_and_with_the_tool(selecting):
    mouse(selecting, (20, 30))
    find(selecting)
    selecting.skip()
    until(selecting, lambda: selecting.current is not None)
    rest(selecting)
    assert selecting.selecting
    assert not selecting._editor.select.has_selection
    mouse(selecting, (20, 30))
    find(selecting)


def test_outside_the_photo_and_taking_away_first_find_nothing(selecting):
    mouse(selecting, (-30, 5))
    mouse(selecting, (20, 30), modifiers=("Shift",))
    assert selecting.notices[-1][1] == "click on the thing first; Shift+click takes away from it"
    rest(selecting)
    assert not selecting._editor.select.has_selection


def test_escape_still_drops_a_half_drawn_polygon(session):
    layer = session.annotation_layer
    layer.mode = "polygon"
    layer._overlays["polygon"].points = [[5, 5], [5, 30]]
    session.escape()
    assert layer._overlays["polygon"].points == []


def test_nothing_of_it_is_left_behind(selecting):
    mouse(selecting, (20, 30))
    find(selecting)
    viewer = selecting.viewer
    selecting.close()
    assert "selection" not in viewer.layers
