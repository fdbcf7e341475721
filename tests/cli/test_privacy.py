"""The commands purge and access, as somebody types them who has to answer for the photos."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from trainer.project.project import Project
from trainer.project.states import AccessKind
from trainer.service.lock import TrainerLock

if TYPE_CHECKING:
    from pathlib import Path

    from command_line import Skinseg


def test_a_purge_says_what_goes_what_stays_and_proves_it(
    skinseg: Skinseg, project: Path, tiny_folder: Any
) -> None:
    skinseg("import", project, tiny_folder.masks)
    with Project.open(project) as opened:
        first, second = sorted((opened.photos.get(i) for i in opened.photos.ids()), key=lambda p: p.id)[:2]
        bob = opened.sessions.start("bob")
        opened.queue.claim(bob.id, second.id)
    assert "cannot be undone" in skinseg("purge", project, first.id, "--json").out
    plan = skinseg("purge", project, first.relpath, "--dry-run", "--json").data["photos"][0]
    assert len(plan["stays"]) == 1
    assert skinseg("purge", project, second.relpath, "--dry-run").error.count("in the hands of bob") == 1
    assert "in the hands of bob" in skinseg("purge", project, second.relpath, "--yes").error
    said = skinseg("purge", project, first.relpath, "--yes")
    assert said.code == 0
    for words in ("its masks stay", "nothing of it remains", "is not touched", "Backups"):
        assert words in said.out
    assert first.path.is_file()
    assert "was purged by" in skinseg("purge", project, first.id, "--yes").error
    more = skinseg("purge", project, first.id, "--masks", "--yes", "--json").data["photos"][0]
    assert more["proof"]["clean"]
    assert more["stays"] == []
    assert "there is no photo" in skinseg("purge", project, "nobody.jpg", "--yes").error


def test_a_purge_waits_for_the_trainer_to_stop(skinseg: Skinseg, project: Path) -> None:
    with Project.open(project) as opened:
        photo = str(opened.photos.ids()[0])
        with TrainerLock(opened):
            assert "already has a trainer" in skinseg("purge", project, photo, "--yes").error
        opened.trainer.write_state(state="training", pid=os.getpid(), host="elsewhere")
        said = skinseg("purge", project, photo, "--yes").error
        assert "the trainer runs on elsewhere" in said
        assert "--stop" in said
        opened.trainer.write_state(state="stopped")
    assert skinseg("purge", project, photo, "--yes").code == 0


def test_the_access_log_tells_who_saw_what(
    skinseg: Skinseg, project: Path, tiny_folder: Any, tmp_path: Path
) -> None:
    skinseg("import", project, tiny_folder.masks)
    with Project.open(project) as opened:
        known = opened.photos.get(opened.photos.ids()[0])
        opened.access.note("Ænna [b] 張", AccessKind.WINDOW, [known.id])
    assert skinseg("export", project, tmp_path / "out").code == 0
    found = skinseg("access", project, "--photo", known.relpath, "--json").data
    assert found["kept"]
    assert [(line["how"], line["photo"]) for line in found["entries"]] == [
        ("export", known.relpath),
        ("window", known.relpath),
    ]
    assert "Ænna [b] 張" in skinseg("access", project).out
    assert skinseg("access", project, "--since", "2999-01-01").out.strip() == "Nobody, so far."
    assert "write a day" in skinseg("access", project, "--since", "yesterday").error
    skinseg("purge", project, known.id, "--yes")
    assert f"purged photo {known.id}" in skinseg("access", project, "--photo", known.id).out
    (project / "skinseg.toml").open("a").write("[privacy]\naccess_log = false\n")
    skinseg("export", project, tmp_path / "again")
    said = skinseg("access", project, "--json").data
    assert not said["kept"]
    assert sum(line["how"] == "export" for line in said["entries"]) == len(
        list(tmp_path.glob("out/**/*.png"))
    )
