"""Predictions, models, and the channel to the trainer."""

from __future__ import annotations

import time

import numpy as np
import pytest

from trainer.errors import MaskError, ProjectError
from trainer.project.project import Project

from .conftest import some_mask


def test_a_prediction_comes_back_and_the_newest_counts(project: Project) -> None:
    first = project.photo_ids()[0]
    labels, confidence = some_mask()
    features = np.random.default_rng(0).random((15, 20, 8)).astype(np.float16)
    old = project.save_prediction(first, "0001", labels, confidence, 0.25, features)
    read = project.read_features(old)
    assert read is not None
    assert np.array_equal(read, features)
    new = project.save_prediction(first, "0002", labels + 1, confidence)
    assert project.prediction(first) == new
    assert np.array_equal(project.read_prediction(new)[0], labels + 1)
    assert project.read_features(new) is None
    assert not old.path.exists()
    with pytest.raises(MaskError):
        project.read_prediction(old)


def test_what_an_open_session_asks_for_is_wanted_first(project: Project) -> None:
    session = project.start_session("ann")
    head = [entry.photo_id for entry in project.queue_head(8)]
    claim = project.claim_next(session.id)
    assert claim is not None
    project.request_prediction(session.id, [head[5]])
    wanted = project.wanted_predictions("0001")
    assert wanted[:3] == [head[5], head[0], head[1]]
    assert sorted(wanted) == sorted(head)
    labels, confidence = some_mask()
    project.save_prediction(head[5], "0001", labels, confidence)
    project.save_prediction(head[0], "0000", labels, confidence)
    wanted = project.wanted_predictions("0001")
    assert wanted[0] == head[0]
    assert head[5] not in wanted
    assert head[5] in project.wanted_predictions("0002")
    project.end_session(session)
    assert project.wanted_predictions("0001")[0] == head[0]


def test_a_new_ranking_replaces_the_old_one(project: Project) -> None:
    train = project.photo_ids("train")
    project.set_scores("0001", [(photo_id, 1.0, "old") for photo_id in train])
    project.set_scores("0002", [(train[-1], 2.0, "new"), (train[0], 1.0, "new")])
    head = project.queue_head(2)
    assert [(entry.photo_id, entry.why) for entry in head] == [(train[-1], "new"), (train[0], "new")]


def test_models_are_served_replaced_and_rolled_back(project: Project) -> None:
    assert project.served() is None
    assert project.new_model_id() == "0001"
    for number in range(1, 4):
        project.add_model(f"{number:04}", "skinseg", "fast", ["0000"], {"dice9": number / 10})
    project.decide("0001", True, "first model", provisional=True)
    assert [project.models()[2].decision, project.models()[2].why] == ["provisional", "first model"]
    project.promote("0002", "better by .1", "gate")
    project.decide("0003", False, "worse on hands")
    served = project.served()
    assert served is not None
    assert (served.id, served.metrics["dice9"], served.parents) == ("0002", 0.2, ("0000",))
    assert {model.id: model.decision for model in project.models()} == {
        "0001": "replaced",
        "0002": "served",
        "0003": "kept old",
    }
    project.promote("0003", "I like it", "ann")
    assert project.rollback("ann").id == "0002"
    assert project.rollback("ann").id == "0001"
    with pytest.raises(ProjectError, match="no earlier model"):
        project.rollback("ann")
    assert project.new_model_id() == "0004"
    with pytest.raises(ProjectError, match="there is no model '0009'; there are: 0003, 0002, 0001"):
        project.promote("0009", "", "ann")


def test_it_is_known_which_mask_was_learnt_by_which_model(project: Project) -> None:
    first, second = project.photo_ids("train")[:2]
    labels, provenance = some_mask()
    one = project.save_mask(first, labels, provenance, "ann", None)
    project.save_mask(second, labels, provenance, "ann", None)
    assert project.untrained_labels(None) == 2
    assert project.first_trained(first) is None
    made = project.add_model("0001", "skinseg", "fast")
    project.trained_on("0001", [one.id])
    project.trained_on("0001", [one.id])
    assert project.untrained_labels("0001") == 1
    assert project.first_trained(first) == ("0001", made.created)
    project.save_mask(first, labels, provenance, "ann", one.id)
    assert project.untrained_labels("0001") == 2


def test_a_command_is_taken_note_of_once(project: Project) -> None:
    first = project.send_command("pause", "ann")
    second = project.send_command("train", "bob", lane="full")
    pending = project.pending_commands()
    assert [(command.id, command.kind) for command in pending] == [(first, "pause"), (second, "train")]
    assert pending[1].args == {"lane": "full"}
    project.acknowledge(first, "paused")
    done = project.command(first)
    assert done.acknowledged is not None
    assert done.result == "paused"
    assert [command.id for command in project.pending_commands()] == [second]
    with pytest.raises(ProjectError, match="no command 99"):
        project.command(99)


def test_the_trainers_state_keeps_what_is_not_mentioned(project: Project) -> None:
    assert project.trainer_state() is None
    project.write_trainer_state(pid=7, host="here", state="training", step=1, steps=10)
    project.write_trainer_state(step=2)
    state = project.trainer_state()
    assert state is not None
    assert (state.pid, state.state, state.step, state.steps) == (7, "training", 2, 10)
    assert state.age < 5
    project.write_trainer_state(heartbeat=time.time() - 60)
    stale = project.trainer_state()
    assert stale is not None
    assert stale.age == pytest.approx(60, abs=5)
    with pytest.raises(TypeError, match="no field epoch"):
        project.write_trainer_state(epoch=3)


def test_rounds_and_their_curves(project: Project) -> None:
    project.start_round("r1", "fast", "skinseg")
    for step in range(5):
        project.log_curve("r1", step, {"loss": 1.0 / (step + 1), "dice": float("nan")})
    project.log_curve("r1", 4, {"loss": 0.5})
    assert project.curve("r1", since_step=3) == {"loss": [(3, 0.25), (4, 0.5)]}
    assert project.rounds()[0].state == "running"
    started = project.rounds()[0].started
    project.finish_round("r1", "stopped", why="asked to")
    project.start_round("r1", "fast", "skinseg")
    project.finish_round("r1", model_id="0001", metrics={"dice9": 0.5})
    done = project.rounds()[0]
    assert (done.state, done.model_id, done.metrics, done.started) == (
        "done",
        "0001",
        {"dice9": 0.5},
        started,
    )
