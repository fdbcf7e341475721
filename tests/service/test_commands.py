"""Commands a person gives, and the trainer's next step after them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from trainer.project.project import Project
from trainer.service.commands import CommandHandler
from trainer.service.schedule import PRETEXT, SchedulerState, decide

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def project(tmp_path: Path):
    with Project.create(tmp_path / "project") as project:
        yield project


def test_starting_weights_can_be_asked_for_before_the_first_mask(project):
    commands = CommandHandler(project)
    project.trainer.send("train_now", by="ann", lane="full", recipe=PRETEXT)
    number = project.trainer.send("train_now", by="ann", lane="full")
    commands.run_pending()
    assert commands.pretrain_now
    assert commands.train_now is None
    assert project.trainer.command(number).result.startswith("refused: no train photo has a mask")


@pytest.mark.parametrize("apart", [-3600.0, 3600.0])
def test_a_stop_is_for_the_trainer_that_ran_whatever_the_clocks_say(project, monkeypatch, apart):
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + apart)
    old = project.trainer.send("stop", by="ann")
    monkeypatch.setattr(time, "time", now)
    commands = CommandHandler(project)
    commands.forget_old()
    commands.run_pending()
    assert not commands.stop
    assert project.trainer.command(old).result == "no trainer was running"
    monkeypatch.setattr(time, "time", lambda: now() - apart)
    project.trainer.send("stop", by="ann")
    commands.forget_old()
    commands.run_pending()
    assert commands.stop


def nothing_to_do(**changes) -> SchedulerState:
    values = {
        "labels": 0,
        "towards_first": 0,
        "labels_for_first": 4,
        "trained": False,
        "new_labels": 0,
        "labels_since_full": 0,
        "full_after": 8,
        "rounds_since_labels": 0,
        "last_gain": None,
    }
    return SchedulerState(**(values | changes))


def test_what_a_person_asks_for_comes_before_new_labels():
    decision = decide(nothing_to_do(labels=9, new_labels=9, trained=True, pretrain_now=True))
    assert (decision.action, decision.recipe, decision.lane) == ("train", PRETEXT, "full")
    going_on = decide(nothing_to_do(pretrain_now=True, interrupted_pretraining="r7"))
    assert (going_on.action, going_on.round_id) == ("resume", "r7")
