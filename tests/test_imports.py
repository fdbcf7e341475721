"""The two processes stay apart: the window loads no torch, the trainer no Qt, and arrows point one way."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TORCH = ("torch", "torchvision", "lightning_fabric", "segmentation_models_pytorch")
WINDOW = ("napari", "qtpy", "PyQt6", "PySide6", "magicgui", "napari_skinseg")


def modules_of(package: str) -> list[str]:
    files = sorted(file.relative_to(ROOT) for file in (ROOT / package).rglob("*.py"))
    return [".".join(file.with_suffix("").parts) for file in files if file.name != "__main__.py"]


def loaded_by(modules: list[str], suspects: tuple[str, ...]) -> list[str]:
    """Which of the suspects are loaded after importing the modules in a fresh process."""
    program = f"import importlib, sys\nfor name in {modules}: importlib.import_module(name)\n"
    program += f"print(*[name for name in {suspects} if name in sys.modules])"
    words = [sys.executable, "-P", "-c", program]
    return subprocess.run(words, capture_output=True, text=True, check=True, timeout=120).stdout.split()


@pytest.mark.skipif(not (ROOT / "trainer").is_dir(), reason="needs the sources, not the wheel alone")
def test_importing_all_of_the_plugin_loads_no_torch() -> None:
    assert loaded_by(modules_of("napari_skinseg"), TORCH) == []


@pytest.mark.skipif(not (ROOT / "trainer").is_dir(), reason="needs the sources, not the wheel alone")
def test_importing_all_of_the_trainer_loads_no_window() -> None:
    assert loaded_by(modules_of("trainer"), WINDOW) == []


@pytest.mark.parametrize(
    "package",
    ["trainer.project.project", "trainer.labels.classes", "trainer.settings.model", "trainer.cli.main"],
)
def test_what_the_window_and_the_first_commands_need_loads_no_torch(package: str) -> None:
    assert loaded_by([package], TORCH) == []


@pytest.mark.skipif(not (ROOT / "trainer").is_dir(), reason="needs the sources, not the wheel alone")
def test_what_stands_on_the_screen_first_waits_for_no_store_and_no_napari() -> None:
    heavy = ("sqlalchemy", "zarr", "numpy", "napari._qt", "napari.layers", "scipy", "skimage", "pydantic")
    assert loaded_by(["napari_skinseg.__main__", "napari_skinseg.widgets.splash"], heavy) == []


@pytest.mark.skipif(not (ROOT / "benchmarks").is_dir(), reason="needs the sources, not the wheel alone")
def test_every_benchmark_starts_as_the_docs_say() -> None:
    names = [f"benchmarks.{file.stem}" for file in (ROOT / "benchmarks").glob("*.py") if file.stem[0] != "_"]
    program = f"import importlib\nfor name in {names}: importlib.import_module(name).main"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
