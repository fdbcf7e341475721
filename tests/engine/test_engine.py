"""Devices, learning rate, moving average, memory."""

import math
import os

import pytest
import torch

from trainer.engine.device import (
    Engine,
    choose_device,
    choose_precision,
    choose_threads,
    cpu_cores,
    one_thread,
)
from trainer.engine.ema import Ema
from trainer.engine.memory import is_out_of_memory, run_with_smaller_batches
from trainer.engine.optim import lr_factor, set_rates
from trainer.errors import ConfigError


def test_learning_rate_at_its_milestones():
    assert lr_factor(0, 100) == pytest.approx(0.1)
    assert lr_factor(9, 100) == pytest.approx(1.0)
    assert lr_factor(10, 100) == pytest.approx(1.0)
    assert lr_factor(55, 100) == pytest.approx(0.5)
    assert lr_factor(99, 100) == pytest.approx(0.5 * (1 + math.cos(math.pi * 89 / 90)))
    assert lr_factor(0, 100, warmup=0) == 1.0
    assert lr_factor(0, 1) == 1.0


def test_each_group_keeps_its_own_rate():
    a, b = torch.nn.Parameter(torch.zeros(1)), torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.Adam([{"params": [a], "lr": 1e-3}, {"params": [b], "lr": 1e-4}])
    set_rates([optimizer], 0.5)
    set_rates([optimizer], 0.1)
    assert [g["lr"] for g in optimizer.param_groups] == pytest.approx([1e-4, 1e-5])


def test_moving_average_by_hand():
    layer = torch.nn.BatchNorm1d(1)
    ema = Ema(layer, decay=0.9, count=1000)
    with torch.no_grad():
        layer.weight.fill_(3.0)
        layer.running_mean.fill_(10.0)
        layer.num_batches_tracked.fill_(7)
    ema.update(layer)
    assert ema.weights["weight"].item() == pytest.approx(0.9 * 1 + 0.1 * 3)
    assert ema.weights["running_mean"].item() == pytest.approx(1.0)
    assert ema.weights["num_batches_tracked"].item() == 7


def test_moving_average_forgets_its_random_start():
    layer = torch.nn.Linear(1, 1)
    ema = Ema(layer, decay=0.999)
    with torch.no_grad():
        layer.weight.fill_(5.0)
    for _ in range(60):
        ema.update(layer)
    assert ema.weights["weight"].item() == pytest.approx(5.0, abs=0.01)


def test_one_core_is_left_to_the_window(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    assert choose_threads("cpu", background=True) == max(1, cpu_cores() - 1)
    assert choose_threads("cpu", background=False) == cpu_cores()
    assert choose_threads("cpu", background=True, threads=3) == 3
    assert choose_threads("cuda:0", background=True) == 1


def test_no_more_threads_than_the_surroundings_allow(monkeypatch):
    monkeypatch.setattr("trainer.engine.device.cpu_cores", lambda: 8)
    for most, count in (("3", 3), ("99", 8), ("0", 8), ("2,1", 8), ("", 8)):
        monkeypatch.setenv("OMP_NUM_THREADS", most)
        assert choose_threads("cpu", background=False) == count
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert choose_threads("cpu", background=True, threads=5) == 5
    assert choose_threads("cpu", background=False, processes=2) == 4


def test_a_small_network_is_trained_by_one_thread_and_then_all_work_again():
    torch.set_num_threads(2)
    with one_thread():
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == 2


def test_devices():
    assert choose_device("cpu") == "cpu"
    assert choose_precision("cpu") == "32-true"
    with pytest.raises(ConfigError, match="none of auto"):
        choose_device("tpu")
    if not torch.cuda.is_available():
        with pytest.raises(ConfigError, match="finds no cuda device"):
            choose_device("cuda")


def test_an_update_clips_the_gradient():
    threads = torch.get_num_threads()
    engine = Engine.start("cpu", threads=threads)
    layer = torch.nn.Linear(4, 1, bias=False)
    module, (optimizer,) = engine.setup(layer, torch.optim.SGD(layer.parameters(), lr=1.0))
    before = layer.weight.detach().clone()
    norm = engine.update(1000 * module(torch.ones(2, 4)).sum(), module, optimizer, clip=1.0)
    assert norm.item() > 1000
    assert (layer.weight - before).norm().item() == pytest.approx(1.0, abs=1e-4)


def test_batches_shrink_until_they_fit():
    told = []

    def allocate(batch):
        return torch.empty(2 if batch < 8 else batch * 2**55, dtype=torch.uint8).numel()

    result, batch = run_with_smaller_batches(allocate, 32, on_smaller=told.append)
    assert (result, batch) == (2, 4)
    assert told == [16, 8, 4]


def test_a_batch_that_never_fits_and_other_errors_are_passed_on():
    with pytest.raises(RuntimeError) as error:
        run_with_smaller_batches(lambda batch: torch.empty(batch * 2**57, dtype=torch.uint8), 8)
    assert is_out_of_memory(error.value)
    with pytest.raises(RuntimeError, match="shape"):
        run_with_smaller_batches(lambda batch: torch.zeros(batch, 2) @ torch.zeros(3, 3), 8)


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="Linux only")
def test_cores_are_those_this_process_may_use():
    assert cpu_cores() == len(os.sched_getaffinity(0))


def test_what_several_processes_cannot_share_is_refused(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(ConfigError, match="start anything else without it"):
        Engine.start("cpu")
