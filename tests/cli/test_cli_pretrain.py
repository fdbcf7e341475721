"""`skinseg pretrain`, and a retrain that starts from what it made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from trainer.project import Project

SMALL = ("--size", "64", "--batch", "4", "--device", "cpu")


def test_pretrain_then_retrain(skinseg: Any, project: Path, tiny_folder: Any) -> None:
    said = skinseg("pretrain", project, "--steps", "6", *SMALL, "--json")
    assert said.code == 0, said.err
    data = said.data
    assert set(data) == {
        "weights", "recipe", "init", "steps", "seconds", "photos_per_second", "why", "messages",
    }  # fmt: skip
    assert (data["recipe"], data["init"], data["steps"]) == ("colorization", "scratch", 6)
    assert Path(data["weights"]) == project / "pretrained" / "colorization-tu-resnet10t.safetensors"
    assert Path(data["weights"]).is_file()
    assert skinseg("import", project, tiny_folder.masks).code == 0
    said = skinseg("retrain", project, "--init", "colorization", "--steps", "6", *SMALL, "--json")
    assert said.code == 0, said.err
    assert said.data["init"] == "colorization"
    assert any("starting from colorization-tu-resnet10t" in message for message in said.data["messages"])


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
