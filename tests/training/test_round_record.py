"""Records of rounds: those of earlier versions are read, and files keep all keys and values."""

import json
from dataclasses import asdict

import torch

from trainer.data.trainset import Item
from trainer.settings.model import Settings
from trainer.training.checkpoints import load_beginning, load_checkpoint, save_beginning, save_checkpoint
from trainer.training.resolve_plan import make_plan
from trainer.training.round_record import RoundRecord

PLAN = make_plan(Settings(), "cpu", "fast", recipe="supervised", steps=4)
BEGUN = {
    "items": [[3, "r-3", "anna"], [1, "r-1", "ben"]],
    "newest": 1,
    "plan": asdict(PLAN),
    "parents": ["m-1"],
    "learnt": 80,
    "messages": [],
    "share": 0.5,
    "settings": {"training": {"size": 64}},
}
"""`begun.json` and the key `about` of a checkpoint, as the first version with both wrote them."""
OF_A_STUDY = {
    "items": [[3, "r-3", "anna"]],
    "newest": 0,
    "plan": asdict(PLAN),
    "parents": [],
    "learnt": 0,
    "messages": ["starting from random weights"],
    "curves": {"loss": [(0, 2.5), (1, 2.0)]},
}


def test_a_round_that_an_earlier_version_began_is_read(tmp_path):
    (tmp_path / "begun.json").write_text(json.dumps(BEGUN))
    record = RoundRecord.from_dict(load_beginning(tmp_path))
    assert record.plan == PLAN
    assert record.items == (Item(3, "r-3", "anna"), Item(1, "r-1", "ben"))
    assert (record.newest, record.parents, record.learnt, record.share) == (1, ("m-1",), 80, 0.5)
    assert record.settings == {"training": {"size": 64}}
    assert record.messages == []


def test_a_studys_checkpoint_of_an_earlier_version_is_read(tmp_path):
    save_checkpoint(tmp_path, {"about": OF_A_STUDY, "step": 2, "ema": {"w": torch.ones(2)}})
    record = RoundRecord.from_dict(load_checkpoint(tmp_path)["about"])
    assert record.curves == {"loss": [(0, 2.5), (1, 2.0)]}
    assert record.messages == ["starting from random weights"]
    assert record.settings is None
    assert record.share is None


def test_files_keep_the_keys_and_all_values(tmp_path):
    record = RoundRecord.from_dict(BEGUN)
    save_beginning(tmp_path, record.to_dict())
    on_disk = json.loads((tmp_path / "begun.json").read_text())
    assert {key: on_disk[key] for key in BEGUN} == BEGUN
    record.messages.append("going on")
    record.curves["loss"] = [(0, 1.5)]
    save_checkpoint(tmp_path, {"about": record.to_dict()})
    assert RoundRecord.from_dict(load_checkpoint(tmp_path)["about"]) == record
