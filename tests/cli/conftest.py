"""Projects of the tests of commands, one of them trained through the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from trainer.cli.main import main

if TYPE_CHECKING:
    from pathlib import Path

    from command_line import Skinseg

# One small network, few and small steps: what is tested is the way through, not the model.
QUICK = (
    "--encoder tu-test_resnet --size 64 --batch 4 --steps 30 --seed 1 --device cpu "
    "--set long_side=96 --set lr=0.003"
)


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
