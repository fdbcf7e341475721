"""A real trainer that learns from photos without masks while nobody needs it."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest
from live_trainer import QUICK, Trainer, write_settings

from trainer.cli.main import main
from trainer.networks.published.folder import FOLDER_VARIABLE
from trainer.project.project import Project
from trainer.service.schedule import LEARNING_COLOURS
from trainer.service.schedule_state import read_scheduler_state

if TYPE_CHECKING:
    from pathlib import Path

COLOURS = "\n[colorization]\nautomatic_photos = 8\n"


@pytest.fixture
def unlabelled(tiny_folder: Any, tmp_path: Path) -> Path:
    """A project of photos without masks, eight of them for training."""
    path = tmp_path / "study"
    words = ["new", str(path), "--photos", str(tiny_folder.photos), "--groups", str(tiny_folder.groups)]
    assert main(words) == 0
    write_settings(path, QUICK)
    return path


def due(path: Path) -> bool:
    with Project.open(path) as project:
        return read_scheduler_state(project).pretraining_due


def test_pretraining_is_due_where_its_weights_would_be_used_and_are_not_there(
    unlabelled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not due(unlabelled)  # too few photos
    write_settings(unlabelled, COLOURS)
    assert due(unlabelled)
    weights = unlabelled / "pretrained" / "colorization-tu-test_resnet.safetensors"
    weights.parent.mkdir(exist_ok=True)
    weights.write_bytes(b"")
    assert not due(unlabelled)
    weights.unlink()
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "user"))
    (tmp_path / "user").mkdir()
    (tmp_path / "user" / "tu-test_resnet.safetensors").touch()
    assert not due(unlabelled)  # ImageNet's come first
    monkeypatch.delenv(FOLDER_VARIABLE)
    text = (unlabelled / "skinseg.toml").read_text()
    for old, new in (
        ("[training]", '[training]\ninit = "scratch"'),
        (COLOURS, COLOURS + "automatic = false\n"),
    ):
        (unlabelled / "skinseg.toml").write_text(text.replace(old, new))
        assert not due(unlabelled)


def test_does_not_try_for_ever(unlabelled: Path) -> None:
    write_settings(unlabelled, COLOURS)
    with Project.open(unlabelled) as project:
        for number in range(2):
            assert read_scheduler_state(project).pretraining_due
            project.trainer.start_round(f"r{number}", "full", "colorization")
            project.trainer.finish_round(f"r{number}", "failed", why="test")
        assert not read_scheduler_state(project).pretraining_due


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_steps_aside_for_labels_and_goes_on_afterwards(
    unlabelled: Path, tiny_folder: Any, tmp_path: Path
) -> None:
    write_settings(unlabelled, COLOURS)
    settings = unlabelled / "skinseg.toml"
    quicker = settings.read_text().replace("steps_full = 5", "steps_full = 60")
    quicker = quicker.replace("steps_fast = 5", "steps_fast = 4")
    quicker = quicker.replace("tu-test_resnet", "tu-resnet10t")  # slow enough for labels to come meanwhile
    settings.write_text(quicker)
    some_masks = tmp_path / "masks"  # too few for a full round, which would come first
    some_masks.mkdir()
    for index in (0, 1, 2, 3, 8, 9):
        shutil.copy(tiny_folder.masks / f"tiny_{index:02}.png", some_masks)
    trainer = Trainer(unlabelled)
    try:
        trainer.start()
        row = trainer.wait_for(lambda: (s := trainer.project.trainer.state()) and s.step and s, 90)
        assert (row.state, row.message, row.lane) == ("training", LEARNING_COLOURS, "full")
        (pretraining,) = trainer.project.trainer.rounds()
        assert main(["import", str(unlabelled), str(some_masks)]) == 0
        served = trainer.wait_for(trainer.project.models.served, 90)
        assert served.lane == "fast"
        assert trainer.project.trainer.round(pretraining.id).ended is None
        trainer.wait_for(lambda: trainer.project.trainer.round(pretraining.id).state == "done", 600)
        told = [str(event.data.get("message")) for event in trainer.project.events.latest(90, "round note")]
        assert any("going on at step" in message and "of 60" in message for message in told)
        assert (unlabelled / "pretrained" / "colorization-tu-resnet10t.safetensors").is_file()
        assert (unlabelled / "panels" / "colorization.png").is_file()
    finally:
        trainer.end()
