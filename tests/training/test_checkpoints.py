"""Checkpoints survive, or are refused in one line."""

import pytest
import torch

from trainer.errors import SkinsegError
from trainer.training.checkpoints import (
    has_checkpoint,
    load_checkpoint,
    random_state,
    restore_random_state,
    save_checkpoint,
)


def test_round_trip(tmp_path):
    folder = tmp_path / "round"
    assert not has_checkpoint(folder)
    save_checkpoint(folder, {"step": 3, "weights": {"w": torch.arange(4.0)}, "names": ["a"]})
    save_checkpoint(folder, {"step": 4, "weights": {"w": torch.ones(4)}, "names": ["a"]})
    state = load_checkpoint(folder)
    assert state["step"] == 4
    assert torch.equal(state["weights"]["w"], torch.ones(4))
    assert [p.name for p in folder.iterdir()] == ["checkpoint.pt"]


def test_missing_and_damaged(tmp_path):
    with pytest.raises(SkinsegError, match="cannot be resumed"):
        load_checkpoint(tmp_path)
    (tmp_path / "checkpoint.pt").write_bytes(b"half a file")
    with pytest.raises(SkinsegError, match="damaged"):
        load_checkpoint(tmp_path)


def test_random_state_comes_back(tmp_path):
    save_checkpoint(tmp_path, {"random": random_state()})
    first = torch.rand(3)
    restore_random_state(load_checkpoint(tmp_path)["random"])
    assert torch.equal(torch.rand(3), first)
