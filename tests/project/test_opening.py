"""Making and opening projects, and what stands in the way."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path

import pytest
import sqlalchemy as sa

from trainer.errors import ConfigError, ProjectError, ReadOnlyError
from trainer.project.catalog import catalog as catalog_module
from trainer.project.catalog.schema import SCHEMA, event, meta
from trainer.project.files.filesystem import file_system_of, is_network
from trainer.project.project import Project

from .conftest import MakeProject, some_mask


@pytest.mark.both_stores
def test_a_new_project_is_private_and_opens_again(make_project: MakeProject) -> None:
    made = make_project(classes="lesion")
    for folder in (made.path, made.path / "masks", made.path / "drafts"):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    with Project.open(made.path) as again:
        assert again.id == made.id
        assert again.classes.names == ("background", "lesion")
        assert not again.read_only


def test_a_project_of_a_team_is_on_postgresql(tmp_path: Path, postgres_url: str) -> None:
    with Project.create(tmp_path / "p", database_url=postgres_url) as made:
        assert made.database_url == postgres_url
        assert not (made.path / "catalog.sqlite").exists()


def test_a_project_is_not_made_over_something_else(make_project: MakeProject, tmp_path: Path) -> None:
    made = make_project()
    with pytest.raises(ProjectError, match="there is a project here already"):
        Project.create(made.path)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").write_text("")
    with pytest.raises(ProjectError, match="not empty"):
        Project.create(tmp_path / "full")


@pytest.mark.both_stores
@pytest.mark.parametrize(("version", "message"), [(SCHEMA + 1, "newer"), (SCHEMA - 1, "older")])
def test_another_version_gets_one_clear_line(make_project: MakeProject, version: int, message: str) -> None:
    made = make_project()
    with made.catalog.write() as connection:
        connection.execute(sa.update(meta).where(meta.c.key == "schema").values(value=str(version)))
    with pytest.raises(ProjectError, match=f"made by an? {message} napari-skinseg") as caught:
        Project.open(made.path)
    assert "\n" not in str(caught.value)


def test_what_is_no_project_says_so(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="no such folder"):
        Project.open(tmp_path / "nowhere")
    with pytest.raises(ProjectError, match="skinseg new"):
        Project.open(tmp_path)


def test_a_damaged_catalog_is_named(tmp_path: Path) -> None:
    Project.create(tmp_path / "p").close()
    for name in ("catalog.sqlite-wal", "catalog.sqlite-shm"):
        (tmp_path / "p" / name).unlink(missing_ok=True)
    (tmp_path / "p" / "catalog.sqlite").write_bytes(b"not a database at all" * 500)
    with pytest.raises(ProjectError, match="damaged"):
        Project.open(tmp_path / "p")


def test_a_broken_settings_file_is_named(make_project: MakeProject) -> None:
    made = make_project()
    with (made.path / "skinseg.toml").open("a") as file:
        file.write("[queue]\nrandom_shares = 1\n")
    with pytest.raises(ConfigError, match=r"did you mean 'queue\.random_share'"):
        Project.open(made.path)


def test_another_database_than_the_folders_is_refused(tmp_path: Path) -> None:
    for name in ("a", "b"):
        Project.create(tmp_path / name).close()
    os.replace(tmp_path / "a" / "catalog.sqlite", tmp_path / "b" / "catalog.sqlite")
    with pytest.raises(ProjectError, match="another project"):
        Project.open(tmp_path / "b")


def test_an_unusable_database_address_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="is not an address"):
        Project.create(tmp_path / "a", database_url="postgres at home")
    with pytest.raises(ProjectError, match="cannot be used"):
        Project.create(tmp_path / "b", database_url="postgresql+psycopg://127.0.0.1:1/none")


@pytest.mark.both_stores
def test_reading_only_refuses_to_write_and_reads(project: Project) -> None:
    first = project.photos.ids()[0]
    labels, provenance = some_mask()
    saved = project.masks.save(first, labels, provenance, "ann", None)
    with Project.open(project.path, read_only=True) as reader:
        assert reader.read_only
        assert reader.read_only_reason
        assert reader.masks.head(first) == saved
        assert reader.photos.read(first).shape == (60, 80, 3)
        with pytest.raises(ReadOnlyError, match="reading only"):
            reader.masks.save(first, labels, provenance, "ann", saved.id)
        with pytest.raises(ReadOnlyError, match="reading only"):
            reader.sessions.start("ann")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="mounting needs root")
def test_a_read_only_file_system_opens_for_reading(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    _mount("-t", "tmpfs", "-o", "size=20m", "tmpfs", str(disk))
    try:
        Project.create(disk / "p").close()
        _mount("-o", "remount,ro", str(disk))
        with Project.open(disk / "p") as project:
            assert "cannot be written" in project.read_only_reason
            assert project.photos.counts().photos == 0
            with pytest.raises(ReadOnlyError):
                project.events.add("hello", "me")
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def _mount(*arguments: str) -> None:
    if subprocess.run(["mount", *arguments], capture_output=True).returncode:
        pytest.skip("this machine lets nobody mount")


MOUNTS = [
    ("/", "ext4"),
    ("/mnt/team", "nfs4"),
    ("/mnt/team/local", "ext4"),
    ("/home/me/cloud", "fuse.sshfs"),
    ("/mnt/c", "9p"),
]


@pytest.mark.parametrize(
    ("path", "kind", "network"),
    [
        ("/data/p", "ext4", False),
        ("/mnt/team/p", "nfs4", True),
        ("/mnt/teamwork", "ext4", False),
        ("/mnt/team/local/p", "ext4", False),
        ("/home/me/cloud", "fuse.sshfs", True),
        ("/mnt/c/p", "9p", True),
    ],
)
def test_network_file_systems_are_told_from_local_ones(path: str, kind: str, network: bool) -> None:
    assert file_system_of(Path(path), MOUNTS) == kind
    assert is_network(kind) is network


def test_sqlite_on_a_network_file_system_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Project.create(tmp_path / "p").close()
    monkeypatch.setattr(
        catalog_module, "file_system_of", lambda path: file_system_of(path, [(str(tmp_path), "nfs4")])
    )
    with pytest.raises(ProjectError, match=r"network file system \(nfs4\).*postgresql"):
        Project.open(tmp_path / "p")
    with pytest.raises(ProjectError, match="network file system"):
        Project.create(tmp_path / "q")


@pytest.mark.both_stores
def test_the_event_log_can_only_be_added_to(project: Project) -> None:
    project.events.add("hello", "ann", None, number=1)
    for statement in (sa.update(event).values(who="bob"), sa.delete(event)):
        with pytest.raises(Exception, match="append-only"), project.catalog.write() as connection:
            connection.execute(statement)
    latest = project.events.latest(1)[0]
    assert (latest.kind, latest.who, latest.data) == ("hello", "ann", {"number": 1})


@pytest.mark.both_stores
def test_somebody_elses_commit_changes_the_data_version(project: Project) -> None:
    before = project.data_version()
    assert project.data_version() == before
    with Project.open(project.path) as other:
        other.events.add("hello", "bob")
    after = project.data_version()
    assert after != before
    project.events.add("hello", "ann")
    assert project.data_version() != after
