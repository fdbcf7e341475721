"""A key edits the region under the mouse, as one undo step, and respects locks; U copies the photo before."""

from __future__ import annotations

import numpy as np
import pytest
from workbench import predict, rest, serve, until

from trainer.labels.values import PAINTED, PROPOSED


@pytest.fixture
def ring(session):
    """A ring of 3 around a hole of 1, as a person has painted it, the mouse over the ring."""
    layer = session.annotation_layer
    layer.fill((1, 1), 1)
    layer.data[20:50, 20:50] = 3
    layer.data[30:34, 30:34] = 1
    session.viewer.cursor.position = (22, 22)
    return layer


def press(session, key):
    next(run for bound, _, run in session.bindings() if bound == key)()
    until(session, lambda: not session._background.busy)


@pytest.mark.parametrize(
    ("key", "said"), [("O", "filled"), ("I", "grew"), ("Shift+I", "shrank"), ("M", "smoothed")]
)
def test_a_key_edits_the_region_in_one_step(session, ring, key, said):
    before, provenance = ring.data.copy(), session.provenance.copy()
    press(session, key)
    changed = ring.data != before
    assert changed.any()
    assert session.notices[-1][1].startswith(said)
    assert (session.provenance[changed] == PAINTED).all()
    session.undo()
    assert np.array_equal(ring.data, before)
    assert np.array_equal(session.provenance, provenance)


def test_specks_go(session, ring):
    ring.data[5, 5] = 3
    press(session, "J")
    assert ring.data[5, 5] == 1


def test_locks_hold(session, ring):
    before = ring.data.copy()
    session.set_locked(1, True)
    for key in ("O", "I"):
        press(session, key)
        assert np.array_equal(ring.data, before)
        assert session.notices[-1] == ("info", "a lock is in the way: L frees it")


def test_nothing_is_edited_where_nothing_is_labelled(session):
    session.viewer.cursor.position = (22, 22)
    press(session, "I")
    assert not session.annotation_layer.data.any()
    assert session.notices[-1] == ("info", "point at a region of the photo first")


def test_a_stroke_meanwhile_is_kept(session, ring):
    next(run for key, _, run in session.bindings() if key == "I")()
    ring.paint((5, 70), 4)
    before = ring.data.copy()
    until(session, lambda: not session._background.busy)
    assert np.array_equal(ring.data, before)
    assert "press the key again" in session.notices[-1][1]


def test_the_photo_before_is_copied_as_a_suggestion(session, project):
    layer = session.annotation_layer
    layer.data[:] = 1
    layer.data[20:40, 20:40] = 3
    session.accept_and_next()
    until(session, lambda: session.current is not None)
    layer.paint((30, 30), 5)
    painted = layer.data == 5
    press(session, "U")
    assert (layer.data[painted] == 5).all()
    assert (layer.data[~painted] > 0).all()
    assert layer.data[25, 25] == 3
    assert (session.provenance[~painted] == PROPOSED).all()
    photo = session.current.photo.id
    serve(project, "0001")
    predict(project, photo, "0001", value=2)
    rest(session)
    for _ in range(20):
        session.poll()
    assert layer.data[25, 25] == 3, "no newer suggestion replaces it"
    session.undo()
    assert not layer.data[~painted].any()
    until(session, lambda: (layer.data[~painted] == 2).all())  # who took the copy back gets it


def test_there_is_nothing_to_copy_on_the_first_photo(session):
    press(session, "U")
    assert session.notices[-1] == ("info", "no photo has been left yet: there is no mask to copy")
