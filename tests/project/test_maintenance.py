"""Doctor and backup."""

from __future__ import annotations

import stat
import subprocess
import sys
import tarfile
from typing import TYPE_CHECKING

import numpy as np
import pytest

from trainer.errors import PhotoError, ProjectError
from trainer.project.doctor import Finding, doctor
from trainer.project.maintenance.backup import backup
from trainer.project.project import Project

from .conftest import MakeProject, some_mask

if TYPE_CHECKING:
    from pathlib import Path


def serious(findings: list[Finding]) -> list[str]:
    return [finding.what for finding in findings if finding.level == "error"]


def test_a_healthy_project_has_no_errors(project: Project) -> None:
    labels, provenance = some_mask()
    project.masks.save(project.photos.ids()[0], labels, provenance, "ann", None)
    assert serious(doctor(project)) == []


def test_a_damaged_mask_a_lost_folder_and_open_doors_are_found(project: Project, photo_folder: Path) -> None:
    labels, provenance = some_mask()
    first = project.photos.ids()[0]
    saved = project.masks.save(first, labels, provenance, "ann", None)
    next(path for path in (saved.path / "labels" / "c").rglob("*") if path.is_file()).unlink()
    photo_folder.rename(photo_folder.with_name("elsewhere"))
    project.path.chmod(0o755)
    findings = doctor(project)
    assert any(project.photos.get(first).relpath in what for what in serious(findings))
    assert any(str(photo_folder) in what for what in serious(findings))
    assert any(finding.mend == f"chmod 700 {project.path}" for finding in findings)
    assert all(finding.mend for finding in findings)


def test_a_photo_that_is_gone_has_one_mend(project: Project) -> None:
    photo = project.photos.get(project.photos.ids()[0])
    photo.path.unlink()
    with pytest.raises(PhotoError):
        project.photos.probe(photo.id)
    (found,) = [finding for finding in doctor(project) if photo.relpath in finding.what]
    assert found.what == f"{photo.relpath}: is gone"
    assert found.mend == "put it back and add its folder again"


def test_an_empty_project_is_told_what_to_do(make_project: MakeProject) -> None:
    assert any("skinseg add" in finding.mend for finding in doctor(make_project()))


@pytest.mark.both_stores
def test_a_backup_opens_as_a_project(project: Project, tmp_path: Path) -> None:
    first, second = project.photos.ids()[:2]
    labels, provenance = some_mask()
    saved = project.masks.save(first, labels, provenance, "ann", None)
    project.drafts.save(second, "ann", labels, provenance, None)
    (project.path / "cache" / "big.bin").write_bytes(bytes(10_000_000))
    with Project.open(project.path, read_only=True) as reader:
        made = backup(reader, tmp_path / "backups")
    assert made.parent == tmp_path / "backups"
    assert stat.S_IMODE(made.stat().st_mode) == 0o600
    assert made.stat().st_size < 5_000_000
    restored = tmp_path / "restored"
    with tarfile.open(made) as tar:
        tar.extractall(restored, filter="fully_trusted")
    assert stat.S_IMODE(restored.stat().st_mode) == 0o700
    with Project.open(restored) as copy:
        assert copy.catalog.is_sqlite
        assert copy.id == project.id
        assert copy.photos.counts() == project.photos.counts()
        head = copy.masks.head(first)
        assert head is not None
        assert head.id == saved.id
        assert np.array_equal(copy.masks.read(head)[0], labels)
        assert len(copy.drafts.of("ann")) == 1
        assert [event.kind for event in copy.events.latest()] == [
            event.kind for event in project.events.latest()
        ]
        assert serious(doctor(copy)) == []
        session = copy.sessions.start("bob")
        assert copy.queue.claim_next(session.id) is not None
    assert list((tmp_path / "backups").iterdir()) == [made]


def test_a_backup_overwrites_nothing(project: Project, tmp_path: Path) -> None:
    made = backup(project, tmp_path / "copy.tar")
    with pytest.raises(ProjectError, match="is there already"):
        backup(project, made)
    with pytest.raises(ProjectError, match="lies inside the project"):
        backup(project, project.path / "copies")


def test_the_store_loads_neither_torch_nor_qt() -> None:
    code = (
        "import sys; import trainer.project.project, trainer.project.doctor; "
        "import trainer.project.maintenance.backup; "
        "import trainer.project.import_export.mask_import, trainer.project.import_export.mask_export; "
        "print(sorted({'torch', 'qtpy', 'PyQt6', 'PySide6', 'napari'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
