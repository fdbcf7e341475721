"""Predictions, models, and the channel to the trainer."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
import pytest

from trainer.errors import MaskError, ProjectError
from trainer.settings.model import Settings

from .conftest import MakeProject, some_mask

if TYPE_CHECKING:
    from pathlib import Path

    from trainer.project.project import Project

    from .conftest import MakeProject

pytestmark = pytest.mark.both_stores


def test_a_prediction_comes_back_and_the_newest_counts(project: Project) -> None:
    first = project.photos.ids()[0]
    labels, confidence = some_mask()
    old = project.predictions.save(first, "0001", labels, confidence, 0.25)
    new = project.predictions.save(first, "0002", labels + 1, confidence)
    assert project.predictions.get(first) == new
    assert np.array_equal(project.predictions.read(new)[0], labels + 1)
    assert not old.path.exists()
    with pytest.raises(MaskError):
        project.predictions.read(old)


def test_what_an_open_session_asks_for_is_wanted_first(project: Project) -> None:
    session = project.sessions.start("ann")
    head = [entry.photo_id for entry in project.queue.head(8)]
    claim = project.queue.claim_next(session.id)
    assert claim is not None
    project.queue.request_prediction(session.id, [head[5]])
    wanted = project.predictions.wanted("0001")
    assert wanted[:3] == [head[5], head[0], head[1]]
    assert sorted(wanted) == sorted(head)
    labels, confidence = some_mask()
    project.predictions.save(head[5], "0001", labels, confidence)
    project.predictions.save(head[0], "0000", labels, confidence)
    wanted = project.predictions.wanted("0001")
    assert wanted[0] == head[0]
    assert head[5] not in wanted
    assert head[5] in project.predictions.wanted("0002")
    project.sessions.end(session)
    assert project.predictions.wanted("0001")[0] == head[0]


def test_a_new_ranking_replaces_the_old_one(make_project: MakeProject, photo_folder: Path) -> None:
    ranked_only = {"queue": {"random_share": 0}, "splits": {"val_share": 0, "test_share": 0}}
    project = make_project(settings=Settings.model_validate(ranked_only))
    project.registration.add_folder(photo_folder)
    train = project.photos.ids("train")
    project.predictions.set_scores("0001", [(photo_id, 1.0, "old") for photo_id in train])
    project.predictions.set_scores("0002", [(train[-1], 2.0, "new"), (train[0], 1.0, "new")])
    head = project.queue.head(2)
    assert [(entry.photo_id, entry.why) for entry in head] == [(train[-1], "new"), (train[0], "new")]


def test_models_are_served_replaced_and_rolled_back(project: Project) -> None:
    assert project.models.served() is None
    assert project.models.new_id() == "0001"
    for number in range(1, 4):
        project.models.add(f"{number:04}", "skinseg", "fast", ["0000"], {"dice9": number / 10})
    project.models.record_decision("0001", True, "first model", provisional=True)
    assert [project.models.all()[2].decision, project.models.all()[2].why] == ["provisional", "first model"]
    project.models.promote("0002", "better by .1", "gate")
    project.models.record_decision("0003", False, "worse on hands")
    served = project.models.served()
    assert served is not None
    assert (served.id, served.metrics["dice9"], served.parents) == ("0002", 0.2, ("0000",))
    assert {model.id: model.decision for model in project.models.all()} == {
        "0001": "replaced",
        "0002": "served",
        "0003": "kept old",
    }
    project.models.promote("0003", "I like it", "ann")
    assert project.models.rollback("ann").id == "0002"
    assert project.models.rollback("ann").id == "0001"
    with pytest.raises(ProjectError, match="no earlier model"):
        project.models.rollback("ann")
    assert project.models.new_id() == "0004"
    with pytest.raises(ProjectError, match="there is no model '0009'; there are: 0003, 0002, 0001"):
        project.models.promote("0009", "", "ann")


def test_it_is_known_which_mask_was_learnt_by_which_model(project: Project) -> None:
    first, second = project.photos.ids("train")[:2]
    labels, provenance = some_mask()
    one = project.masks.save(first, labels, provenance, "ann", None)
    project.masks.save(second, labels, provenance, "ann", None)
    assert project.models.untrained_labels(None) == 2
    assert project.models.first_trained(first) is None
    made = project.models.add("0001", "skinseg", "fast")
    project.models.trained_on("0001", [one.id])
    project.models.trained_on("0001", [one.id])
    assert project.models.untrained_labels("0001") == 1
    assert project.models.first_trained(first) == ("0001", made.created)
    project.masks.save(first, labels, provenance, "ann", one.id)
    assert project.models.untrained_labels("0001") == 2
    assert project.models.learnt_and_taken_back("0001") == 0
    project.masks.revert(first, None, "ann")
    assert project.models.learnt_and_taken_back("0001") == 1


def test_a_command_is_taken_note_of_once(project: Project) -> None:
    first = project.trainer.send("pause", "ann")
    second = project.trainer.send("train", "bob", lane="full")
    pending = project.trainer.pending()
    assert [(command.id, command.kind) for command in pending] == [(first, "pause"), (second, "train")]
    assert pending[1].args == {"lane": "full"}
    project.trainer.acknowledge(first, "paused")
    done = project.trainer.command(first)
    assert done.acknowledged is not None
    assert done.result == "paused"
    assert [command.id for command in project.trainer.pending()] == [second]
    with pytest.raises(ProjectError, match="no command 99"):
        project.trainer.command(99)


def test_the_trainers_state_keeps_what_is_not_mentioned(project: Project) -> None:
    assert project.trainer.state() is None
    project.trainer.write_state(pid=7, host="here", state="training", step=1, steps=10)
    project.trainer.write_state(step=2)
    state = project.trainer.state()
    assert state is not None
    assert (state.pid, state.state, state.step, state.steps) == (7, "training", 2, 10)
    assert state.age < 5
    project.trainer.write_state(heartbeat=time.time() - 60)
    stale = project.trainer.state()
    assert stale is not None
    assert stale.age == pytest.approx(60, abs=5)
    with pytest.raises(TypeError, match="no field epoch"):
        project.trainer.write_state(epoch=3)


def test_rounds_and_their_curves(project: Project) -> None:
    project.trainer.start_round("r1", "fast", "skinseg")
    for step in range(5):
        project.trainer.log_curve("r1", step, {"loss": 1.0 / (step + 1), "dice": float("nan")})
    project.trainer.log_curve("r1", 4, {"loss": 0.5})
    assert project.trainer.curve("r1", since_step=3) == {"loss": [(3, 0.25), (4, 0.5)]}
    assert project.trainer.rounds()[0].state == "running"
    started = project.trainer.rounds()[0].started
    project.trainer.finish_round("r1", "stopped", why="asked to")
    project.trainer.start_round("r1", "fast", "skinseg")
    project.trainer.finish_round("r1", model_id="0001", metrics={"dice9": 0.5})
    done = project.trainer.rounds()[0]
    assert (done.state, done.model_id, done.metrics, done.started) == (
        "done",
        "0001",
        {"dice9": 0.5},
        started,
    )
