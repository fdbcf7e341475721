"""Registering photos: folders, groups, splits."""

from __future__ import annotations

import os
import re
import sys
from typing import TYPE_CHECKING

import pytest

from trainer.errors import ConfigError, PhotoError
from trainer.project.photos.scan import split_of
from trainer.project.project import Project
from trainer.settings.model import Settings

from .conftest import MakeProject, write_photo

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.both_stores
def test_registering_opens_no_file(make_project: MakeProject, photo_folder: Path) -> None:
    opened: list[str] = []
    watching = True

    def watch(kind: str, arguments: tuple[object, ...]) -> None:
        if watching and kind == "open" and str(arguments[0]).startswith(str(photo_folder)):
            opened.append(str(arguments[0]))

    sys.addaudithook(watch)
    added = make_project().registration.add_folder(photo_folder)
    watching = False
    assert (added.new, added.known) == (8, 0)
    assert opened == []


@pytest.mark.both_stores
def test_scanning_again_adds_only_what_is_new(project: Project, photo_folder: Path) -> None:
    before = {photo_id: project.photos.get(photo_id).split for photo_id in project.photos.ids()}
    write_photo(photo_folder / "late.png")
    seen: list[int] = []
    added = project.registration.add_folder(photo_folder, progress=seen.append)
    assert (added.new, added.known) == (1, 8)
    assert seen == [9]
    assert {photo_id: project.photos.get(photo_id).split for photo_id in before} == before


def test_hidden_files_loops_and_other_files_are_left_out(make_project: MakeProject, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    write_photo(folder / "a.jpg")
    write_photo(folder / ".hidden.jpg")
    write_photo(folder / ".thumbnails" / "b.jpg")
    (folder / "notes.txt").write_text("")
    (folder / "loop").symlink_to(folder, target_is_directory=True)
    (folder / "gone.jpg").symlink_to(tmp_path / "nowhere.jpg")
    project = make_project()
    added = project.registration.add_folder(folder)
    assert added.new == 1
    assert added.unreadable == ("gone.jpg (a link that leads to no file: put the photo itself there)",)


def test_a_folder_without_photos_is_refused(make_project: MakeProject, tmp_path: Path) -> None:
    project = make_project()
    (tmp_path / "empty").mkdir()
    with pytest.raises(PhotoError, match="no photos here"):
        project.registration.add_folder(tmp_path / "empty")
    with pytest.raises(PhotoError, match="no such folder"):
        project.registration.add_folder(tmp_path / "nowhere")
    assert project.registration.roots() == []


def test_an_unreadable_folder_is_refused(
    make_project: MakeProject, photo_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = make_project()
    photo_folder.chmod(0)
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # root may read all
    try:
        with pytest.raises(PhotoError, match="cannot be read"):
            project.registration.add_folder(photo_folder)
    finally:
        photo_folder.chmod(0o700)


def test_a_folder_inside_a_registered_one_adds_nothing_twice(project: Project, photo_folder: Path) -> None:
    write_photo(photo_folder / "ward" / "new.jpg")
    added = project.registration.add_folder(photo_folder / "ward")
    assert (added.new, added.known) == (1, 4)
    assert project.photos.find("ward/new.jpg").path == photo_folder / "ward" / "new.jpg"
    with pytest.raises(ConfigError, match="registered already"):
        project.registration.add_folder(photo_folder.parent)


@pytest.mark.both_stores
def test_a_moved_folder_is_found_again(project: Project, photo_folder: Path) -> None:
    first = project.photos.ids()[0]
    moved = photo_folder.with_name("moved")
    photo_folder.rename(moved)
    with pytest.raises(PhotoError, match="cannot be found on this machine"):
        project.photos.read(first)
    assert project.photos.counts().broken == 0
    project.registration.remap_root(photo_folder, moved)
    assert project.photos.read(first).shape == (60, 80, 3)
    with Project.open(project.path) as again:
        assert again.photos.get(first).path.is_relative_to(moved)
    with pytest.raises(ConfigError, match="not a registered folder"):
        project.registration.remap_root("/somewhere", moved)


def test_photos_are_found_by_path_name_stem_and_id(project: Project, photo_folder: Path) -> None:
    photo = project.photos.find("p3")
    assert photo.relpath == "ward/p3.jpg"
    assert project.photos.find("ward/p3.jpg") == project.photos.find("p3.jpg") == photo
    assert project.photos.find(str(photo.id)) == photo
    write_photo(photo_folder / "p3.jpg")
    project.registration.add_folder(photo_folder)
    assert project.photos.find("ward/p3.jpg") == photo
    with pytest.raises(PhotoError, match="the name of 2 photos"):
        project.photos.find("p3")
    with pytest.raises(PhotoError, match="there is no photo 'p99'"):
        project.photos.find("p99")


def test_a_group_never_straddles_splits(make_project: MakeProject, tmp_path: Path) -> None:
    for index in range(60):
        write_photo(tmp_path / "photos" / f"patient{index // 3}_{index}.jpg")
    project = make_project()
    project.registration.add_folder(tmp_path / "photos", groups=r"(patient\d+)_")
    splits: dict[str, set[str]] = {}
    for photo_id in project.photos.ids():
        photo = project.photos.get(photo_id)
        assert photo.group == re.split("_", photo.relpath)[0]
        splits.setdefault(photo.group, set()).add(photo.split)
    assert len(splits) == 20
    assert all(len(found) == 1 for found in splits.values())


def test_shares_are_kept_and_a_split_depends_on_nothing_else() -> None:
    found = [split_of("salt", f"group {index}", 0.1, 0.2) for index in range(5000)]
    assert abs(found.count("val") / 5000 - 0.1) < 0.02
    assert abs(found.count("test") / 5000 - 0.2) < 0.02
    assert split_of("salt", "group 7", 0.1, 0.2) == found[7]


def test_a_group_keeps_its_split_when_the_shares_change(make_project: MakeProject, tmp_path: Path) -> None:
    write_photo(tmp_path / "photos" / "a_1.jpg")
    all_train = Settings.model_validate({"splits": {"val_share": 0, "test_share": 0}})
    project = make_project(settings=all_train)
    project.registration.add_folder(tmp_path / "photos", groups="^(.)_")
    write_photo(tmp_path / "photos" / "a_2.jpg")
    (project.path / "skinseg.toml").write_text(
        (project.path / "skinseg.toml").read_text().replace("val_share = 0.0", "val_share = 1.0")
    )
    with Project.open(project.path) as again:
        again.registration.add_folder(tmp_path / "photos", groups="^(.)_")
        assert again.photos.find("a_2").split == "train"


@pytest.mark.both_stores
def test_a_groups_file_gives_groups_and_splits(make_project: MakeProject, photo_folder: Path) -> None:
    table = photo_folder.parent / "groups.csv"
    table.write_text("photo,group,split\np0,ann,val\nward/p1.jpg,ann,\np2.jpg,bob,test\n")
    project = make_project()
    project.registration.add_folder(photo_folder, groups=table)
    assert (project.photos.find("p0").group, project.photos.find("p0").split) == ("ann", "val")
    assert (project.photos.find("p1").group, project.photos.find("p1").split) == ("ann", "val")
    assert project.photos.find("p2").split == "test"
    assert project.photos.find("p4").group.endswith("p4.jpg")
    assert project.registration.add_folder(photo_folder, groups=str(table)).known == 8


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("photo,group\np0,a\np99,a\n", "line 3: there is no photo 'p99'"),
        ("photo,group,split\np0,a,train\np1,a,val\n", "line 3: the group 'a' is in val here and in train"),
        ("photo,group,split\np0,a,dev\n", "line 2: split is 'dev'"),
        ("photo,group\np0,a\np0,b\n", "line 3: the photo 'p0' stands in line 2 already"),
        ("photo,group\np0,a\np0.jpg,b\n", "line 3: 'p0.jpg' stands in line 2 already"),
        ("photo,group\np0,\n", "line 2: photo and group must both be filled in"),
        ("picture,group\np0,a\n", "line 1: no column 'photo'"),
    ],
)
def test_a_bad_groups_file_is_refused_by_line(
    make_project: MakeProject, photo_folder: Path, rows: str, message: str
) -> None:
    table = photo_folder.parent / "groups.csv"
    table.write_text(rows)
    project = make_project()
    with pytest.raises(ConfigError, match=re.escape(f"{table}, {message}")):
        project.registration.add_folder(photo_folder, groups=table)
    assert project.photos.counts().photos == 0


def test_a_groups_file_cannot_move_what_is_registered(make_project: MakeProject, photo_folder: Path) -> None:
    table = photo_folder.parent / "groups.csv"
    table.write_text("photo,group,split\np0,ann,val\n")
    project = make_project()
    project.registration.add_folder(photo_folder, groups=table)
    table.write_text("photo,group,split\np0,ann,train\n")
    with pytest.raises(ConfigError, match="line 2: the group 'ann' is in val already"):
        project.registration.add_folder(photo_folder, groups=table)
    table.write_text("photo,group,split\np0,bob,\n")
    with pytest.raises(ConfigError, match=r"line 2: p0\.jpg is in the group 'ann' already"):
        project.registration.add_folder(photo_folder, groups=table)


def test_a_bad_expression_is_refused(make_project: MakeProject, photo_folder: Path) -> None:
    project = make_project()
    with pytest.raises(ConfigError, match="no regular expression"):
        project.registration.add_folder(photo_folder, groups="(")
    with pytest.raises(ConfigError, match="no such groups file"):
        project.registration.add_folder(photo_folder, groups="typo.csv")
