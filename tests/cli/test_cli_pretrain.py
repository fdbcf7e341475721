"""`skinseg pretrain`, and a retrain that starts from what it made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from trainer.project.project import Project
from trainer.settings.model import Settings
from trainer.training.round import run_round
from trainer.training.round_context import StopRound

SMALL = ("--size", "64", "--batch", "4", "--device", "cpu", "--encoder", "tu-test_resnet")


def test_pretrain_then_retrain(skinseg: Any, project: Path, tiny_folder: Any) -> None:
    said = skinseg("pretrain", project, "--steps", "6", *SMALL, "--json")
    assert said.code == 0, said.err
    data = said.data
    assert set(data) == {
        "weights", "recipe", "init", "steps", "seconds", "photos_per_second", "why", "messages",
    }  # fmt: skip
    assert (data["recipe"], data["init"], data["steps"]) == ("colorization", "scratch", 6)
    assert Path(data["weights"]) == project / "pretrained" / "colorization-tu-test_resnet.safetensors"
    assert Path(data["weights"]).is_file()
    assert skinseg("import", project, tiny_folder.masks).code == 0
    said = skinseg("retrain", project, "--init", "colorization", "--steps", "6", *SMALL, "--json")
    assert said.code == 0, said.err
    assert said.data["init"] == "colorization"
    assert any("starting from colorization-tu-test_resnet" in message for message in said.data["messages"])


def stop(progress: Any) -> None:
    raise StopRound("test")


def begin(path: Path, **asked: Any) -> str:
    """A round that is stopped before it has a step; returns its id."""
    with Project.open(path) as project:
        training = {"size": 64, "long_side": 64, "batch": 4, "threads": 1, "encoder": "tu-test_resnet"}
        settings = Settings.model_validate({"training": training})
        with pytest.raises(StopRound):
            run_round(project, settings, lane="batch", device="cpu", tick=stop, **asked)
        return str(project.trainer.rounds()[0].id)


def test_resume_goes_on_as_it_began_although_there_is_no_checkpoint(
    skinseg: Any, project: Path, tiny_folder: Any
) -> None:
    assert skinseg("import", project, tiny_folder.masks).code == 0
    begun = [begin(project, recipe="unet", steps=2), begin(project, recipe="colorization", steps=3)]
    (project / "rounds" / begun[1] / "checkpoint.pt").unlink()
    assert not any((project / "rounds").glob("*/checkpoint.pt"))
    said = skinseg("retrain", project, "--resume", "--steps", "9", "--device", "cpu")
    assert (said.code, begun[0] in said.err, "leave out --steps" in said.err) == (2, True, True)
    said = skinseg("retrain", project, "--resume", "--device", "cpu", "--json")
    assert (said.code, said.data["recipe"], said.data["steps"]) == (0, "unet", 2), said.err
    said = skinseg("pretrain", project, "--resume", "--device", "cpu", "--json")
    assert (said.code, said.data["recipe"], said.data["steps"]) == (0, "colorization", 3), said.err
    with Project.open(project) as opened:
        assert {r.id: r.state for r in opened.trainer.rounds()} == dict.fromkeys(begun, "done")


def test_resume_without_anything_kept_is_refused(skinseg: Any, project: Path) -> None:
    with Project.open(project) as opened:
        opened.trainer.start_round("early", "batch", "colorization")
    said = skinseg("pretrain", project, "--resume")
    assert said.code == 2
    assert "nothing was kept of the interrupted pretrain early: leave out --resume" in said.err


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("--init", "colorization"), "pretraining makes these weights"),
        (("--resume",), "no interrupted pretrain"),
        (("--set", "nonsense=1"), "unknown setting"),
    ],
)
def test_bad_use_gets_one_line(skinseg: Any, project: Path, words: tuple[str, ...], line: str) -> None:
    said = skinseg("pretrain", project, *words)
    assert said.code == 2
    assert line in said.err
    assert len(said.err.strip().splitlines()) == 1


def test_no_photos_is_one_line(skinseg: Any, tmp_path: Path) -> None:
    Project.create(tmp_path / "empty").close()
    said = skinseg("pretrain", tmp_path / "empty")
    assert said.code == 2
    assert "no training photo" in said.err
