"""A round shared by two real processes of torchrun: the same result, and what happens where one is lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from trainer.engine.ranks import Ranks
from trainer.engine.torchrun import Rank
from trainer.errors import ConfigError
from trainer.project.project import Project
from trainer.project.states import RoundState
from trainer.recipes.registry import RECIPES
from trainer.settings.model import Settings
from trainer.settings.plan import Lane
from trainer.training.checkpoints import load_checkpoint
from trainer.training.followed_round import check_batch, check_shared
from trainer.training.resolve_plan import make_plan

ROOT = Path(__file__).parents[2]
QUICK = [
    "--recipe",
    "supervised",
    "--encoder",
    "tu-test_resnet",
    "--size",
    "32",
    "--batch",
    "4",
    "--steps",
    "12",
]
QUICK += [
    "--seed",
    "1",
    "--device",
    "cpu",
    "--set",
    "long_side=64",
    "--set",
    "service.checkpoint_seconds=0.1",
]


def torchrun(*words: object, restarts: int = 0) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    return subprocess.Popen(
        [*command, "--max-restarts", str(restarts), *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
    )


def processes(parent: subprocess.Popen[str]) -> dict[int, int]:
    """Process ids by rank."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if f"\nPPid:\t{parent.pid}\n" in (process / "status").read_text():
                rows = (process / "environ").read_text().split("\0")
                found |= {int(row[5:]): int(process.name) for row in rows if row.startswith("RANK=")}
        except OSError:  # it has just ended
            continue
    return found


def wait_for_step(path: Path, step: int) -> None:
    until = time.monotonic() + 120
    while time.monotonic() < until:
        with Project.open(path, read_only=True) as project:
            rounds = project.trainer.rounds()
            losses = project.trainer.curve(rounds[0].id).get("loss") if rounds else None
        if losses and losses[-1][0] >= step:
            return
        time.sleep(0.1)
    pytest.fail(f"step {step} was not reached")


def lines(err: str) -> list[str]:
    return [line for line in err.splitlines() if line.startswith("skinseg: ")]


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_round_whose_process_is_killed_starts_again_and_goes_on(project):
    path = project.path
    project.close()
    both = torchrun("-m", "trainer", "retrain", path, *QUICK, "--steps", "40", restarts=1)
    wait_for_step(path, 3)
    os.kill(processes(both)[1], signal.SIGKILL)
    out, err = both.communicate(timeout=150)
    assert both.returncode == 0, err
    (said,) = lines(err)
    assert "another process was lost" in said
    assert "--resume" in said
    assert "going on at step" in out
    with Project.open(path, read_only=True) as after:
        (round_,) = after.trainer.rounds()
        assert round_.state == RoundState.DONE
        (model,) = after.models.all()
        assert round_.model_id == model.id


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_stop_ends_both_at_the_same_step(project):
    path = project.path
    project.close()
    both = torchrun("-m", "trainer", "retrain", path, *QUICK, "--steps", "3000")
    wait_for_step(path, 2)
    os.kill(processes(both)[1], signal.SIGTERM)  # it hears of it alone, and all stop at the same step
    out, err = both.communicate(timeout=60)
    assert "Stopped; its checkpoint is kept" in out
    assert not lines(err)
    with Project.open(path, read_only=True) as after:
        (round_,) = after.trainer.rounds()
        assert round_.ended is None
        kept = load_checkpoint(path / "rounds" / round_.id)
        assert kept["step"] >= 2


def test_every_recipe_learns_the_same_from_a_batch_that_two_share():
    # supervised and surrogate have the losses of skinseg, and less
    shared = [
        name for name, recipe in RECIPES.items() if recipe.shared and name not in ("supervised", "surrogate")
    ]
    both = torchrun(Path(__file__).with_name("all_recipes_together.py"), *shared)
    out, err = both.communicate(timeout=150)
    assert both.returncode == 0, err
    rows = [line.split() for line in out.splitlines()]
    assert {row[0] for row in rows} == set(shared)
    for name, network, from_one, between in rows:
        assert float(between) == 0, (name, network)
        if name != "consistency":  # which mixes the crops that a process has
            assert float(from_one) < 1e-9, (name, network)


def test_what_several_processes_cannot_train_is_refused_in_one_line():
    three = Ranks(Rank(1, 3))
    plan = make_plan(Settings.model_validate({"training": {"batch": 2}}), "cpu", Lane.BATCH)
    with pytest.raises(ConfigError, match="2 crops cannot be shared by 3 processes: set it to 3 or more"):
        check_batch(plan, three)
    for name in ("multitask", "probe"):
        with pytest.raises(ConfigError, match=f"{name} trains in one process: .* choose skinseg, supervised"):
            check_shared(RECIPES[name], three)


def test_every_crop_of_a_batch_is_made_by_one_process():
    for count in (3, 4, 8, 17):
        shares = [Ranks(Rank(rank, 3)).share(count) for rank in range(3)]
        assert [slot for share in shares for slot in share] == list(range(count))
        assert max(map(len, shares)) - min(map(len, shares)) <= 1
