"""Unfinished work survives: put in safety every few seconds, found again after kill -9."""

from __future__ import annotations

import errno
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from workbench import rest, until

from napari_skinseg.session import autosave as autosave_module
from trainer.labels.values import PAINTED
from trainer.project.masks.drafts import Drafts

PAINTER = """
import sys, json, time
from napari.components import ViewerModel
from napari_skinseg.session.session import AnnotationSession
from trainer.project.project import Project
project = Project.open(sys.argv[1])
session = AnnotationSession(ViewerModel(), project, "ann")
session.open_next()
layer = session.annotation_layer
layer.brush_size = 3
number = 0
while True:
    session.poll()
    if session.current is not None:
        place = (3 + 4 * (number // 15 % 14), 3 + 4 * (number % 15))
        layer.paint(place, 1 + number % 9)
        if number % 7 == 6:
            layer.undo()
        else:
            print(json.dumps([session.current.photo.id, *place, 1 + number % 9, time.time()]), flush=True)
        number += 1
    time.sleep(0.02)
"""


def test_work_is_put_in_safety_while_it_goes_on(session, project):
    photo_id = session.current.photo.id
    started = time.monotonic()
    session.annotation_layer.paint((30, 30), 6)
    until(session, lambda: project.drafts.get(photo_id, "ann") is not None)
    assert time.monotonic() - started < project.settings.window.autosave_seconds
    first = project.drafts.get(photo_id, "ann")
    session.annotation_layer.undo()
    until(session, lambda: project.drafts.get(photo_id, "ann") != first)
    labels, provenance = project.drafts.read(project.drafts.get(photo_id, "ann"))
    assert not labels.any(), "undo is put in safety like a stroke"
    assert not provenance.any()
    assert project.masks.head(photo_id) is None, "a draft is no mask"


def test_a_stroke_still_under_the_mouse_is_in_the_draft_too(session, project):
    photo_id = session.current.photo.id
    with session.annotation_layer.block_history():
        session.annotation_layer.paint((30, 30), 6)
        until(session, lambda: project.drafts.get(photo_id, "ann") is not None)
        labels, provenance = project.drafts.read(project.drafts.get(photo_id, "ann"))
        assert (provenance[labels == 6] == PAINTED).all()
        assert (labels == 6).any()


def test_looking_at_a_photo_makes_no_draft(session, project):
    end = time.monotonic() + 2.5
    while time.monotonic() < end:
        session.poll()
        time.sleep(0.02)
    assert project.drafts.of("ann") == []


def test_a_saved_photo_leaves_no_draft(session, project):
    photo_id = session.current.photo.id
    session.annotation_layer.paint((30, 30), 6)
    until(session, lambda: project.drafts.get(photo_id, "ann") is not None)
    session.accept_and_next()
    rest(session)
    assert project.drafts.get(photo_id, "ann") is None


def test_a_draft_that_cannot_be_written_is_tried_again(session, project, monkeypatch):
    photo_id = session.current.photo.id
    real, refusals = Drafts.save, []

    def full_at_first(self, *args, **kwargs):
        if len(refusals) < 2:
            refusals.append(1)
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(self, *args, **kwargs)

    monkeypatch.setattr(Drafts, "save", full_at_first)
    monkeypatch.setattr(autosave_module, "RETRY_SECONDS", 0.1)
    session.annotation_layer.paint((30, 30), 6)
    until(session, lambda: project.drafts.get(photo_id, "ann") is not None, seconds=15)
    said = [text for level, text in session.notices if level == "error"]
    assert len(said) == 1, "said once, not at every try"
    assert "put in safety" in said[0]


def test_work_is_restored_after_kill_9(project, open_session, tmp_path):
    program = tmp_path / "painter.py"
    program.write_text(PAINTER)
    with (tmp_path / "strokes").open("w") as out:
        painter = subprocess.Popen([sys.executable, "-P", str(program), str(project.path)], stdout=out)
        journal = tmp_path / "strokes"
        while not journal.read_text():
            assert painter.poll() is None
            time.sleep(0.05)
        time.sleep(3.7)
        painter.send_signal(signal.SIGKILL)
        killed = time.time()
        painter.wait()
    strokes = [json.loads(line) for line in Path(journal).read_text().splitlines() if line.endswith("]")]
    session = open_session(project)
    session.open_next()
    until(session, lambda: session.current is not None)
    assert session.current.photo.id == strokes[0][0], "the photo comes back first"
    assert any(level == "news" and "restored unfinished work from" in text for level, text in session.notices)
    assert session.unsaved
    old_enough = [s for s in strokes if s[4] < killed - project.settings.window.autosave_seconds]
    labels = session.annotation_layer.data
    assert old_enough
    last = {(row, column): value for _, row, column, value, _ in strokes}
    for _, row, column, _, _ in old_enough:
        assert labels[row, column] == last[row, column]
    assert (session.provenance[labels > 0] == PAINTED).all()
    saved = np.array(labels)
    session.accept_and_next()
    rest(session)
    assert (project.masks.read(project.masks.head(strokes[0][0]))[0] == saved).all()
    assert project.drafts.of("ann") == []
