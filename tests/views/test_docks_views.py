"""The words of the docks, worked out without Qt from a real project and a real session."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from workbench import until

from napari_skinseg.views.annotate import class_rows, clock_text, progress_text, resolve_annotate
from napari_skinseg.views.trainer import class_dice, dice_by_class, duration_text, macro_dice, resolve_trainer
from trainer.labels.classes import CLASS_SETS

if TYPE_CHECKING:
    from trainer.project.project import Project

SKIN = CLASS_SETS["skin9"]


def add_model(
    project: Project, model_id: str, dice: float, promoted: bool = True, why: str = "not worse"
) -> None:
    per_class = {name: dice - 0.01 * index for index, name in enumerate(project.classes.names)}
    project.models.add(model_id, "skinseg", "fast", metrics={"dice9": dice, "per_class": per_class})
    project.models.record_decision(model_id, promoted, why)
    time.sleep(0.002)


def alive(project: Project, **fields) -> None:
    project.trainer.write_state(pid=os.getpid(), host=socket.gethostname(), **fields)


def test_palette_rows_name_colour_and_key_together():
    rows = class_rows(SKIN, selected=4, hidden={1}, locked={3})
    assert [row.value for row in rows] == [1, 2, 3, 4, 5, 6, 7, 8, 9, 0]
    assert (rows[3].name, rows[3].colour, rows[3].selected) == ("hand", SKIN.colours[3], True)
    assert [row.value for row in rows if not row.visible] == [1]
    assert [row.value for row in rows if row.locked] == [3]
    assert sum(row.selected for row in rows) == 1


def test_the_eraser_is_a_row_of_its_own():
    eraser = class_rows(SKIN, selected=0)[-1]
    assert eraser.selected
    assert "not labelled" in eraser.name


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ((0, 0.0, 0, 12), "today 0 · 0 of 12"),
        ((41, 38.2, 1651, 330000), "today 41 · 38 s each · 1,651 of 330,000"),
        ((1, 9.0, 3, 12, 1), "today 1 · 9 s each · 3 of 12 · saving 1"),
    ],
)
def test_progress_is_one_short_line(given, words):
    assert progress_text(*given) == words


def test_times_are_short_and_have_units():
    assert [duration_text(value) for value in (9, 240, 7200, 259200)] == ["9 s", "4 min", "2 h", "3 days"]
    assert clock_text(98.7) == "1:38"


def test_an_open_photo_is_shown_with_its_reason(session, project):
    until(session, lambda: session.project_status.photos == 6)
    view = resolve_annotate(session, project.sessions.today("ann"))
    assert view.working
    assert view.title.startswith("arm_")
    assert view.why == f"here because: {session.current.why}"
    assert view.sentence == session.status
    assert view.progress == "today 0 · 0 of 6"


def test_keys_and_clicks_show_in_the_same_view(session):
    session.select_class(6)
    session.set_locked(2, True)
    session.set_visible(5, False)
    view = resolve_annotate(session)
    assert view.selected.name == "limb"
    assert [row.name for row in view.rows if row.locked] == ["uncertain"]
    assert [row.name for row in view.rows if not row.visible] == ["foot"]


def test_no_trainer_yet_has_words_instead_of_axes(project):
    view = resolve_trainer(project)
    assert not view.running
    assert view.light == "off"
    assert "Start" in view.line
    assert view.served == "no model yet"
    assert view.points == ()
    assert view.round_id is None


def test_training_is_one_line(project):
    project.trainer.start_round("20261120-081500-ab12", "fast", "skinseg")
    alive(
        project,
        state="training",
        device="cuda:0",
        lane="fast",
        round="20261120-081500-ab12",
        step=180,
        steps=300,
        seconds_left=9.2,
    )
    view = resolve_trainer(project)
    assert view.line == "quick training 1 · 9 s left · step 180 of 300 · cuda:0"
    assert view.exact == "training, fast round 1"
    assert (view.running, view.light) == (True, "busy")


def test_a_quick_look_and_the_check_after_it_are_named_plainly(project):
    project.trainer.start_round("r1", "probe", "probe")
    alive(project, state="training", device="cpu", lane="probe", round="r1", seconds_left=3.0)
    assert resolve_trainer(project).line == "quick look at your last masks · 3 s left · cpu"
    alive(project, state="validating", device="cpu", lane="full", round="r1")
    view = resolve_trainer(project)
    assert view.line == "checking on photos kept aside · full training 1 · cpu"
    assert view.exact == "validating, full round 1", "in the tooltip"


@pytest.mark.parametrize(("state", "light"), [("resting", "good"), ("paused", "warn"), ("failed", "warn")])
def test_states_have_their_colour_and_their_words(project, state, light):
    alive(project, state=state, device="cpu", message="why it does so")
    view = resolve_trainer(project)
    assert view.line == f"{state} · why it does so · cpu"
    assert view.light == light
    assert view.paused == (state == "paused")


def test_a_dead_trainer_is_not_running(project):
    project.trainer.write_state(pid=1, host="elsewhere", state="training", heartbeat=time.time() - 30)
    view = resolve_trainer(project)
    assert not view.running
    assert view.died
    assert view.line == "the trainer died, last seen 30 s ago: Restart it"
    assert view.light == "warn"


def test_a_trainer_that_said_goodbye_is_no_trouble(project):
    alive(project, state="stopped")
    view = resolve_trainer(project)
    assert (view.running, view.died, view.line, view.light) == (False, False, "trainer stopped", "off")


def test_arrows_compare_with_the_model_served_before(project):
    add_model(project, "0001", 0.60)
    add_model(project, "0002", 0.70, promoted=False, why="scalp would lose 0.04")
    assert resolve_trainer(project).decision == "model 2: scalp would lose 0.04"
    add_model(project, "0003", 0.65)
    view = resolve_trainer(project)
    assert view.served == "suggestions by model 3 (agreement 0.65)"
    assert [point.served for point in view.points] == [True, False, True]
    assert {row.arrow for row in view.classes} == {"▲"}
    assert view.classes[0].change == pytest.approx(0.05)


def test_metrics_may_be_missing_or_partial():
    assert macro_dice({}) is None
    assert class_dice({"per_class": {"hand": {"dice": 0.5}}}, "hand") == 0.5
    assert class_dice({"per_class": {"hand": None}}, "hand") is None
    rows = dice_by_class(
        ("a", "b"), ("#000000", "#ffffff"), {"per_class": {"a": 0.5}}, {"per_class": {"b": 0.4}}
    )
    assert [(row.dice, row.change, row.arrow) for row in rows] == [(0.5, None, ""), (None, None, "")]


def test_views_are_resolved_without_qt():
    code = (
        "import sys, napari_skinseg.views.annotate, napari_skinseg.views.trainer\n"
        "assert not any(n.split('.')[0] in ('qtpy', 'PyQt6', 'PySide6', 'torch') for n in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_heartbeat_is_read_as_its_age(project):
    alive(project, state="resting")
    assert resolve_trainer(project).heartbeat == "last sign of life 0 s ago"


def test_the_loss_drawn_is_that_of_the_round_that_runs(project):
    project.trainer.start_round("full", "full", "skinseg")
    time.sleep(0.01)
    project.trainer.start_round("fast", "fast", "skinseg")
    assert resolve_trainer(project).round_id == "fast"
    alive(project, state="training", round="full", lane="full", step=3, steps=9)
    view = resolve_trainer(project)
    assert view.round_id == "full"
    assert f"full training {view.round_number} ·" in view.line
