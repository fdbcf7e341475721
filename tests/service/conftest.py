"""A tiny project with masks, and a real trainer process on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from live_trainer import Trainer, make_project
from window_fixtures import project  # noqa: F401

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def trainer(tiny_folder: Any, tmp_path: Path) -> Iterator[Trainer]:
    """A trainer on a project of its own, not started yet."""
    made = Trainer(make_project(tiny_folder, tmp_path / "study"))
    yield made
    made.end()
