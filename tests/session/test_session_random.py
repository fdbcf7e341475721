"""Random work while models keep coming: what was on the screen at the save is what the project holds."""

from __future__ import annotations

import time

import numpy as np
import pytest
from workbench import make_project, predict, rest, serve, until

from trainer.labels.values import ACCEPTED, PAINTED, PROPOSED


@pytest.mark.parametrize("seed", range(2))
def test_what_was_on_the_screen_is_what_is_saved(tmp_path, open_session, seed):
    rng = np.random.default_rng(seed)
    project = make_project(tmp_path, photos=8)
    ids = project.photos.ids()
    session = open_session(project)
    accepted: dict[int, tuple[np.ndarray, np.ndarray]] = {}
    model = 0
    for _ in range(110):
        if session.current is None:
            if not [i for i in ids if i not in accepted]:
                break
            session.open_next()
            until(session, lambda: session.current is not None or "no photo is left" in session.status)
            if session.current is None:
                break
        photo_id, layer = session.current.photo.id, session.annotation_layer
        action = rng.choice(
            ["paint"] * 5 + ["undo", "redo", "model", "wait", "accept", "back", "skip", "part"]
        )
        if action == "paint":
            layer.brush_size = int(rng.integers(2, 30))
            layer.paint(rng.uniform((0, 0), layer.data.shape), int(rng.integers(0, 10)))
        elif action == "undo":
            session.undo()
        elif action == "redo":
            session.redo()
        elif action == "model":
            model += 1
            serve(project, f"{model:04d}")
            for one in {photo_id, *session._navigator.held_ids}:
                predict(project, one, f"{model:04d}", int(rng.integers(1, 10)), int(rng.integers(0, 40)))
        elif action == "wait":
            for _ in range(int(rng.integers(1, 40))):
                session.poll()
                time.sleep(0.002)
        elif action == "accept" and layer.data.any():
            labels, provenance = layer.data.copy(), session.provenance.copy()
            session.accept_and_next()
            assert session.current is None or session.current.photo.id != photo_id
            provenance[(provenance == PROPOSED) & (labels > 0)] = ACCEPTED
            accepted[photo_id] = (labels, provenance)
        elif action == "back":
            session.back()
            until(session, lambda: session.current is not None)
            if session.current.photo.id in accepted and not session.unsaved:
                assert (layer.data == accepted[session.current.photo.id][0]).all()
        elif action == "skip" and rng.random() < 0.3:
            session.skip()
        elif action == "part":
            session.save_part()
            if photo_id in accepted:
                accepted[photo_id] = (layer.data.copy(), session.provenance.copy())
        if session.current is not None:
            labels, provenance = layer.data, session.provenance
            assert labels.shape == provenance.shape == session.photo_layer.data.shape[:2]
            assert not (labels[provenance == 0]).any(), "a label comes from somebody"
    rest(session, seconds=20)
    assert accepted
    assert not [text for level, text in session.notices if level == "error"]
    session.close()
    for photo_id, (labels, provenance) in accepted.items():
        saves = [r for r in project.masks.history(photo_id) if r.kind == "save"]
        newest = max(saves, key=lambda revision: revision.created)
        stored, by = project.masks.read(newest)
        assert (stored == labels).all()
        assert (by == provenance).all()
        assert set(np.unique(by)) <= {0, ACCEPTED, PAINTED}
