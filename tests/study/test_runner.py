"""Real runs: interrupted, shared, read again."""

from __future__ import annotations

import json
import threading
import time

import numpy as np
import pytest
from filelock import FileLock
from tiny_study import tiny

from trainer.engine.torchrun import Rank, leave_torchrun
from trainer.errors import SkinsegError
from trainer.study.design import make_design, runs_folder
from trainer.study.results import read_results, write_design
from trainer.study.runner import run_study
from trainer.study.runs import is_done, read_run
from trainer.study.studies.registry import find_study
from trainer.study.time_left import TimeLeft
from trainer.study.train import carry_out
from trainer.training.round_context import StopRound


@pytest.fixture
def design(project):
    """One arm, one share, two seeds."""
    asked = tiny(arms=("supervised",), labels=(0.5,), encoder="tu-test_resnet")
    return make_design(project, find_study("default"), asked)


def test_a_study_is_run_and_read_again(project, design):
    said = []
    assert run_study(project, design, device="cpu", report=said.append) == 2
    folder = runs_folder(project.path, "default")
    assert not [path for path in folder.iterdir() if path.is_dir()], "checkpoints stay behind"
    run = read_run(folder, design.runs[0].name)
    assert run.evidence.matrices.shape == (4, 9, 9)
    assert run.groups == [project.photos.get(i).group for i in run.photo_ids]
    assert run.about["plan"]["steps"] == 4
    assert project.models.all() == []
    assert {p.number for p in said} == {1, 2}
    assert said[-1].total == 2
    assert said[-1].seconds_left is not None
    assert run_study(project, design, device="cpu") == 0
    write_design(project.path, design)
    results = read_results(project.path, "default", project.classes)
    assert (len(results.runs), results.missing) == (2, 0)


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
    np.testing.assert_array_equal(cut.evidence.confidence, whole.evidence.confidence)


def test_a_run_in_other_hands_is_left_to_them_and_taken_over_when_they_let_go(project, design):
    folder = runs_folder(project.path, "default")
    folder.mkdir(parents=True)
    first, second = design.runs
    theirs = FileLock(folder / f".{first.name}.lock")
    theirs.acquire()
    made = []
    ours = threading.Thread(target=lambda: made.append(run_study(project, design, device="cpu")))
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
    run_study(project, design, device="cpu", rank=Rank(1, 2), report=lambda p: started.append(p.number))
    assert started[0] == 2


def test_torchrun_is_read_and_forgotten():
    environment = {"RANK": "3", "WORLD_SIZE": "4", "LOCAL_RANK": "1", "LOCAL_WORLD_SIZE": "2", "HOME": "x"}
    assert leave_torchrun(environment) == Rank(3, 4, 1, beside=2)
    assert environment == {"HOME": "x"}


def test_a_failing_run_is_named(project):
    asked = tiny(arms=("supervised",), encoder="no-such-net")
    design = make_design(project, find_study("default"), asked)
    with pytest.raises(SkinsegError, match=rf"run {design.runs[0].name}: .*no-such-net"):
        run_study(project, design, device="cpu")


def test_a_damaged_run_is_named_with_the_mend(project, design):
    folder = runs_folder(project.path, "default")
    folder.mkdir(parents=True)
    name = design.runs[0].name
    (folder / f"{name}.json").write_text(json.dumps({"pretext": False}))
    with pytest.raises(SkinsegError, match="delete both"):
        read_run(folder, name)
    (folder / f"{name}.npz").write_bytes(b"PK\x03\x04 and then the disk was full")
    with pytest.raises(SkinsegError, match="delete both"):
        read_run(folder, name)


class TestTimeLeft:
    def test_a_long_first_run_does_not_count_for_the_short_ones(self):
        now = time.monotonic()
        time_left = TimeLeft(
            {"pretext": 600.0, **{f"run{i}": 30.0 for i in range(36)}}, (), started=now - 300
        )
        left = time_left.seconds((), "pretext", 0.5)
        assert left == pytest.approx(300 + 36 * 30, rel=0.01)

    def test_it_follows_what_was_done_by_whichever_process(self):
        now = time.monotonic()
        expected = {f"run{i}": 100.0 for i in range(10)}
        time_left = TimeLeft(expected, {"run0"}, started=now - 1000)
        assert time_left.seconds({"run0", "run1", "run2"}, "run3", 0.5) > 3 * time_left.seconds(
            {f"run{i}" for i in range(7)}
        )
        assert time_left.seconds(set(expected)) == 0

    def test_at_first_it_is_what_was_expected(self):
        assert TimeLeft({"a": 100.0, "b": 50.0}, ()).seconds((), "a", 0.0) == pytest.approx(150, rel=0.01)

    def test_nothing_is_said_without_an_expectation_or_a_run(self, design):
        time_left = TimeLeft.of(design, (), None)
        assert time_left.seconds(()) is None
        assert time_left.seconds({design.runs[0].name}) is not None
