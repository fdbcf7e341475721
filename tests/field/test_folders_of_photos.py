"""Folders as they are: names of every kind, files of other kinds, masks and projects among the photos."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pytest
from command_line import Skinseg
from field_masks import disc, save
from test_photos_with_wrong_headers import picture

from trainer.project.project import Project


def photos_of(study: Path) -> set[str]:
    with Project.open(study, read_only=True) as project:
        return {project.photos.get(photo_id).relpath for photo_id in project.photos.ids()}


def test_every_kind_that_can_be_read_is_taken_and_every_other_is_counted(
    skinseg: Skinseg, tmp_path: Path
) -> None:
    photos = tmp_path / "photos"
    for name in (
        "a.jfif",
        "b.webp",
        "c.avif",
        "d.JP2",
        "e.gif",
        "f.mpo",
        "g.bmp",
        "m.dib",
        "folder.jpg/h.jpe",
    ):
        path = photos / name
        save(picture(), path.with_suffix(".jpg") if path.suffix == ".mpo" else path)
    (photos / "f.jpg").rename(photos / "f.mpo")
    for name in ("i.dng", "j.dng", "k.xmp", "README", ".l.jpg"):
        (photos / name).write_bytes(b"?")
    made = skinseg("new", tmp_path / "study", "--photos", photos, "--json").data
    assert made["photos"] == 9
    assert made.get("passed_over", {}) == {".dng": 2, ".xmp": 1, "hidden": 1, "without a suffix": 1}
    said = skinseg("add", tmp_path / "study", photos)
    assert "passed over 2 .dng: i.dng, j.dng; raw photos are not read" in said.out
    with Project.open(tmp_path / "study") as project:
        for photo_id in project.photos.ids():
            assert project.photos.read(photo_id).shape == (60, 80, 3)


NAMES = [
    "Screenshot 2024-05-01 at 3.04.05\u202fPM.png",
    "line\nbreak.jpg",
    "tab\there.jpg",
    "[bold]red[/bold].jpg",
    "?x#y%20z.jpg",
    " .jpg",
    "\u202egnp.jpg",
    "-rf.jpg",
    "caf\u0065\u0301.jpg",
]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows allows few of these names")
def test_every_name_of_the_file_system_is_a_name(skinseg: Skinseg, tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    for name in NAMES:
        save(picture(), photos / name)
        save(disc(3), tmp_path / "masks" / Path(name).with_suffix(".png").name)
    made = skinseg("new", tmp_path / "study", "--photos", photos, "--json").data
    assert (made["photos"], made.get("unreadable", [])) == (len(NAMES), [])
    assert photos_of(tmp_path / "study") == set(NAMES)
    said = skinseg("import", tmp_path / "study", tmp_path / "masks", "--json").data
    assert (said["imported"], said["refused"]) == (len(NAMES), [])
    (photos / "line\nbreak.jpg").write_bytes(b"")
    with Project.open(tmp_path / "study") as project, pytest.raises(Exception, match="line") as caught:
        project.photos.read(project.photos.find("line\nbreak.jpg").id)
    assert "is not a photo" in str(caught.value) or "replaced" in str(caught.value)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows allows neither such names nor fifos")
def test_long_names_and_backslashes_come_back_from_every_export(skinseg: Skinseg, tmp_path: Path) -> None:
    longest, study = "x" * 251 + ".jpg", tmp_path / "study"
    for name in ("back\\slash.jpg", "y" * 246 + ".jpg", longest):
        save(picture(), tmp_path / "photos" / name)
        save(disc(3), tmp_path / "masks" / f"{name[:-4]}.png")
    assert skinseg("new", study, "--photos", tmp_path / "photos", "--masks", tmp_path / "masks").code == 0
    for kind in ("png", "coco", "labelme", "cvat", "ngff"):
        written = skinseg("export", study, tmp_path / kind, "--format", kind, "--json").data
        left = written.get("left_out", [])
        assert written["written"] + len(left) == 3
        assert all(item["photo"] == longest and "rename the photo" in item["why"] for item in left)
        said = skinseg("import", study, tmp_path / kind, "--format", kind, "--json").data
        assert (said["unchanged"], said["refused"]) == (written["written"], [])


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other links")
def test_what_a_system_keeps_and_links_to_nothing_are_no_photos(skinseg: Skinseg, tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    for name in ("a.jpg", "visit/@eaDir/a.jpg", "#recycle/b.jpg", "__MACOSX/c.jpg", "$RECYCLE.BIN/d.jpg"):
        save(picture(), photos / name)
    (photos / "link.jpg").symlink_to(tmp_path / "nowhere.jpg")
    (photos / "loop.jpg").symlink_to("loop.jpg")
    os.mkfifo(photos / "pipe.jpg")
    made = skinseg("new", tmp_path / "study", "--photos", photos, "--json").data
    assert (made["photos"], made["passed_over"]) == (1, {"folders of a system": 4})
    assert made["unreadable"] == [
        "link.jpg (a link that leads to no file: put the photo itself there)",
        "loop.jpg (a link that leads to no file: put the photo itself there)",
        "pipe.jpg (no file of data: put the photo itself there)",
    ]


@pytest.mark.skipif(sys.platform != "linux", reason="names are text elsewhere")
def test_names_that_are_no_text_are_named_and_passed_over(skinseg: Skinseg, tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    save(picture(), photos / "good.jpg")
    good = (photos / "good.jpg").read_bytes()
    for name in (b"bad\xff.jpg", b"\xe9t\xe9/inside.jpg"):
        path = os.fsencode(photos) + b"/" + name
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(good)
    made = skinseg("new", tmp_path / "study", "--photos", photos, "--json").data
    assert made["photos"] == 1
    assert [name.partition(" ")[0] for name in made.get("unreadable", [])] == ["bad\\xff.jpg", "\\xe9t\\xe9"]
    assert "bad\\xff.jpg" in skinseg("add", tmp_path / "study", photos).out
    inside = os.fsdecode(os.fsencode(photos) + b"/\xe9t\xe9")
    assert (
        "\\xe9t\\xe9: this folder's name is not in UTF-8; rename it"
        in skinseg("add", tmp_path / "study", inside).error
    )


@pytest.mark.parametrize("name", ["what?", "a#b", "100%", "50%20", "?mode=memory", "a b&c=d"])
def test_a_project_s_folder_may_have_any_name(skinseg: Skinseg, tmp_path: Path, name: str) -> None:
    save(picture(), tmp_path / "photos" / "a.jpg")
    study = tmp_path / name
    assert skinseg("new", study, "--photos", tmp_path / "photos").code == 0
    assert (study / "catalog.sqlite").is_file()
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["photos", name])
    assert skinseg("status", study, "--json").data["photos"] == 1
    assert skinseg("backup", study, tmp_path / "out").code == 0


def test_masks_beside_the_photos_and_what_skinseg_wrote_are_no_photos(
    skinseg: Skinseg, tmp_path: Path
) -> None:
    photos = tmp_path / "photos"
    for index in range(4):
        save(picture(index), photos / f"p{index}.jpg")
        save(disc(3), tmp_path / "first" / f"p{index}.png")
    study = tmp_path / "study"
    assert skinseg("new", study, "--photos", photos, "--masks", tmp_path / "first").code == 0
    assert skinseg("export", study, photos / "out").code == 0
    assert skinseg("export", study, photos / "groups", "--format", "ngff").code == 0
    save(disc(3), photos / "p0.png")
    save(disc(3), photos / "p1_mask.png")
    save(picture(9), photos / "masks" / "p2.png")  # in colours
    save(disc(2), photos / "other" / "p3.tif")
    save(picture(7), photos / "p3.confidence.png")
    said = skinseg("add", study, photos, "--json").data
    assert (said["new"], said["photos"]) == (0, 4)
    assert said["passed_over"] == {".zarr": 4, "folders of masks": 1, "masks": 5}
    assert "take them in with skinseg import" in skinseg("add", study, photos).out
    assert skinseg("new", photos / "inner", "--photos", tmp_path / "photos").code == 0
    assert skinseg("add", study, photos, "--json").data["passed_over"]["projects"] == 1


def test_photos_that_only_look_a_little_like_masks_are_photos(skinseg: Skinseg, tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    gray = picture(3)[..., 0]
    save(gray, photos / "anna" / "001.png")
    save(picture(1), photos / "bert" / "001.png")
    save(picture(2), photos / "both.jpg")
    save(picture(2), photos / "both.png")
    save(disc(3), photos / "alone.png")
    save(picture(4), photos / "masks" / "mardi gras.jpg")
    save(np.full((60, 80, 3), 90, np.uint8), photos / "face_mask.jpg")
    made = skinseg("new", tmp_path / "study", "--photos", photos, "--json").data
    assert (made["photos"], made.get("passed_over", {})) == (7, {})
