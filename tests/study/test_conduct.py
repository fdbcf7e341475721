"""Real runs: interrupted, shared, read again."""

from __future__ import annotations

import json
import threading

import numpy as np
import pytest
from filelock import FileLock
from tiny_study import tiny

from trainer.project.errors import SkinsegError
from trainer.round_context import StopRound
from trainer.study.conduct import Pace, Rank, conduct, leave_torchrun
from trainer.study.design import make_design, runs_folder
from trainer.study.outcome import read_outcome, write_design
from trainer.study.runs import is_done, read_run
from trainer.study.studies import find_study
from trainer.study.train import carry_out


@pytest.fixture
def design(project):
    """One arm, one share, two seeds."""
    return make_design(project, find_study("default"), tiny(arms=("supervised",), labels=(0.5,)))


def test_a_study_is_run_and_read_again(project, design):
    said = []
    assert conduct(project, design, device="cpu", report=said.append) == 2
    folder = runs_folder(project.path, "default")
    assert not [path for path in folder.iterdir() if path.is_dir()], "checkpoints stay behind"
    run = read_run(folder, design.runs[0].name)
    assert run.evidence.matrices.shape == (4, 9, 9)
    assert run.groups == [project.photo(i).group for i in run.photo_ids]
    assert run.about["plan"]["steps"] == 4
    assert project.models() == []
    assert {p.number for p in said} == {1, 2}
    assert said[-1].total == 2
    assert said[-1].seconds_left is not None
    assert conduct(project, design, device="cpu") == 0
    write_design(project.path, design)
    outcome = read_outcome(project.path, "default", project.classes)
    assert (len(outcome.runs), outcome.missing) == (2, 0)


def test_seeds_differ_in_labels_and_weights_and_equal_runs_are_equal(project, design, tmp_path):
    found = []
    found = []
    for index, run in enumerate((*design.runs, design.runs[0])):
        carry_out(project, run, tmp_path / str(index), device="cpu")
        found.append(read_run(tmp_path / str(index), run.name))
    one, other, again = found
    np.testing.assert_array_equal(one.evidence.matrices, again.evidence.matrices)
    assert (one.evidence.matrices != other.evidence.matrices).any()


def test_an_interrupted_run_goes_on_and_ends_the_same(project, design, tmp_path):
    run = design.runs[0]

    def stop(progress):
        if progress.phase == "train" and progress.step == 2:
            raise StopRound

    with pytest.raises(StopRound):
        carry_out(project, run, tmp_path / "cut", device="cpu", tick=stop)
    assert not is_done(tmp_path / "cut", run.name)
    steps = []
    go_on = lambda p: steps.append(p.step) if p.phase == "train" else None  # noqa: E731
    carry_out(project, run, tmp_path / "cut", device="cpu", tick=go_on)
    assert steps == [2, 3]
    carry_out(project, run, tmp_path / "whole", device="cpu")
    cut, whole = read_run(tmp_path / "cut", run.name), read_run(tmp_path / "whole", run.name)
    np.testing.assert_array_equal(cut.evidence.matrices, whole.evidence.matrices)
    np.testing.assert_array_equal(cut.evidence.sureness, whole.evidence.sureness)


def test_a_run_in_other_hands_is_left_to_them_and_taken_over_when_they_let_go(project, design):
    folder = runs_folder(project.path, "default")
    folder.mkdir(parents=True)
    first, second = design.runs
    theirs = FileLock(folder / f".{first.name}.lock")
    theirs.acquire()
    made = []
    ours = threading.Thread(target=lambda: made.append(conduct(project, design, device="cpu")))
    ours.start()
    try:
        for _ in range(600):
            if is_done(folder, second.name):
                break
            ours.join(0.1)
        assert is_done(folder, second.name)
        assert not is_done(folder, first.name)
    finally:
        theirs.release()
    ours.join(60)
    assert is_done(folder, first.name)
    assert made == [2]


def test_ranks_begin_with_their_own_runs(project, design):
    started = []
    conduct(project, design, device="cpu", rank=Rank(1, 2), report=lambda p: started.append(p.number))
    assert started[0] == 2


def test_torchrun_is_read_and_forgotten():
    environment = {"RANK": "3", "WORLD_SIZE": "4", "LOCAL_RANK": "1", "LOCAL_WORLD_SIZE": "2", "HOME": "x"}
    assert leave_torchrun(environment) == Rank(3, 4, 1)
    assert environment == {"HOME": "x"}


def test_a_failing_run_is_named(project):
    asked = tiny(arms=("supervised",), encoder="no-such-net")
    design = make_design(project, find_study("default"), asked)
    with pytest.raises(SkinsegError, match=rf"run {design.runs[0].name}: .*no-such-net"):
        conduct(project, design, device="cpu")


def test_a_damaged_run_is_named_with_the_mend(project, design):
    folder = runs_folder(project.path, "default")
    folder.mkdir(parents=True)
    name = design.runs[0].name
    (folder / f"{name}.json").write_text(json.dumps({"pretext": False}))
    with pytest.raises(SkinsegError, match="delete both"):
        read_run(folder, name)


def test_time_left_follows_what_was_done():
    pace = Pace(total=10, done_before=2, started=0.0)
    assert pace.left(2, None) is None
    assert pace.left(6, None) < pace.left(4, None)
