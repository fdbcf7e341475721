"""The command line as a function, and one project that was trained through it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from trainer.cli.main import main

if TYPE_CHECKING:
    from pathlib import Path

# One small network, few and small steps: what is tested is the way through, not the model.
QUICK = (
    "--encoder resnet18 --size 64 --batch 4 --steps 30 --seed 1 --device cpu "
    "--set long_side=96 --set lr=0.003"
)


@dataclass(frozen=True)
class Said:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> dict[str, Any]:
        """The one JSON object on stdout."""
        value = json.loads(self.out)
        assert isinstance(value, dict)
        return value


Skinseg = Callable[..., Said]


@pytest.fixture
def skinseg(capfd: pytest.CaptureFixture[str]) -> Skinseg:
    """Run one command line in this process."""

    def run(*words: object) -> Said:
        capfd.readouterr()
        code = main([str(word) for word in words])
        out, err = capfd.readouterr()
        return Said(code, out, err)

    return run


@pytest.fixture
def project(tiny_folder: Any, tmp_path: Path, skinseg: Skinseg) -> Path:
    """A fresh project without masks."""
    path = tmp_path / "study"
    assert skinseg("new", path, "--photos", tiny_folder.photos, "--groups", tiny_folder.groups).code == 0
    return path


@pytest.fixture(scope="session")
def trained(tiny_folder: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A project with masks and one model, and what `retrain --json` said. Treat as read-only."""
    import contextlib
    import io

    path = tmp_path_factory.mktemp("trained") / "study"
    assert (
        main(["new", str(path), "--photos", str(tiny_folder.photos), "--groups", str(tiny_folder.groups)])
        == 0
    )
    assert main(["import", str(path), str(tiny_folder.masks)]) == 0
    with contextlib.redirect_stdout(io.StringIO()) as out:
        assert main(["retrain", str(path), *QUICK.split(), "--json"]) == 0
    return path, out.getvalue()
