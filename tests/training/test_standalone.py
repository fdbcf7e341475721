"""Trainings outside the project's history, as studies need them."""

import pytest
import torch

from trainer.training.round_context import StopRound
from trainer.training.standalone import run_standalone


def stop_at(step):
    def tick(progress):
        if progress.phase == "train" and progress.step == step:
            raise StopRound("test")

    return tick


def test_the_projects_history_knows_nothing_of_it(project, settings, tmp_path):
    events = len(project.events.latest(1000))
    done = run_standalone(project, settings, folder=tmp_path / "run", recipe="supervised", device="cpu")
    assert not done.network.training
    assert done.curves["loss"]
    assert done.plan.recipe == "supervised"
    assert project.models.all() == []
    assert project.trainer.rounds() == []
    assert len(project.events.latest(1000)) == events


def test_it_goes_on_after_an_interruption_to_the_same_weights(project, settings, tmp_path):
    whole = run_standalone(project, settings, folder=tmp_path / "whole", recipe="supervised", device="cpu")
    with pytest.raises(StopRound):
        run_standalone(
            project, settings, folder=tmp_path / "cut", recipe="supervised", device="cpu", tick=stop_at(3)
        )
    rest = run_standalone(project, settings, folder=tmp_path / "cut", recipe="supervised", device="cpu")
    assert rest.seconds > 0
    for name, weight in whole.network.state_dict().items():
        assert torch.equal(weight, rest.network.state_dict()[name]), name
