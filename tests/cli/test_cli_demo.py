"""The demo project: rendered photos, masks for validation, the rest left to do."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

from trainer.errors import ProjectError
from trainer.project.project import Project
from trainer.synthetic.demo_project import headless_command, make_demo

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A demo of twelve small photos, two of them given with their masks."""
    path = tmp_path_factory.mktemp("demo") / "demo"
    seen: list[int] = []
    make_demo(path, 12, labelled=2, progress=seen.append, long_side=96)
    assert seen[-1] == 12
    return path


def test_validation_photos_and_a_few_others_have_masks(demo: Path) -> None:
    with Project.open(demo) as project:
        by_split = project.photos.counts().by_split
        train, val = by_split["train"], by_split["val"]
    assert val[0] == val[1] > 0
    assert train[1] == 2 < train[0]
    assert len(list((demo / "sample" / "masks").glob("*.png"))) == 12


def test_it_is_taken_up_where_it_was_left(demo: Path) -> None:
    before = (demo / "catalog.sqlite").stat().st_ino
    assert make_demo(demo, 30).project == demo
    assert (demo / "catalog.sqlite").stat().st_ino == before


def test_never_touches_a_folder_that_is_something_else(project: Path, tmp_path: Path) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "one.txt").write_text("dear")
    with pytest.raises(ProjectError, match="not empty"):
        make_demo(tmp_path / "letters", 8)
    with pytest.raises(ProjectError, match="project of its own"):
        make_demo(project, 8)
    assert (tmp_path / "letters" / "one.txt").read_text() == "dear"


def test_a_demo_that_fails_half_way_leaves_nothing(tmp_path: Path) -> None:
    def stop(done: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_demo(tmp_path / "demo", 8, progress=stop, long_side=96)
    assert not (tmp_path / "demo").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have a display")
def test_without_a_display_one_is_made_or_asked_for(
    demo: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setenv("DISPLAY", ":7")
    assert headless_command(demo, 12)[0] == sys.executable
    monkeypatch.delenv("DISPLAY")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ProjectError, match="xvfb"):
        headless_command(demo, 12)


def test_too_few_photos_are_refused(skinseg: Any, tmp_path: Path) -> None:
    said = skinseg("demo", tmp_path / "demo", "--photos", 3)
    assert said.code == 2
    assert not (tmp_path / "demo").exists()
