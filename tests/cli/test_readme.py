"""What the README tells people to type works as it stands there."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trainer.cli.main import main

if TYPE_CHECKING:
    import pytest

README = Path(__file__).parents[2] / "README.md"
BLOCK = re.compile(r"<!-- tests/cli/test_readme.py runs this block -->\n```sh\n(.*?)```", re.DOTALL)
QUICK = '[training]\nencoder = "tu-test_resnet"\nlong_side = 96\nsize = 64\nbatch = 4\nsteps_full = 5\n'
OPENS_A_WINDOW = "annotate"
"""The window's tests have that one."""


def test_the_commands_of_the_readme_do_their_work(
    tiny_folder: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(tiny_folder.photos, "photos")
    shutil.copytree(tiny_folder.masks, "masks")
    shutil.copy(tiny_folder.groups, "groups.csv")
    blocks = BLOCK.findall(README.read_text())
    commands = [shlex.split(line) for block in blocks for line in block.splitlines() if line]
    assert len(commands) > 8
    for words in commands:
        assert words[0] == "skinseg"
        if words[1] == OPENS_A_WINDOW:
            continue
        assert main(words[1:]) == 0, " ".join(words)
        if words[1] == "new":
            with Path("study/skinseg.toml").open("a") as file:
                file.write(QUICK)
    assert len(list(Path("predictions").glob("**/*.png"))) == len(list(Path("photos").iterdir()))
    assert len(list(Path("masks-out").glob("**/*.png"))) == len(list(Path("masks").iterdir()))


def test_every_file_that_the_readme_points_to_is_there() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README.read_text()):
        if not target.startswith("http"):
            assert (README.parent / target).exists(), target
