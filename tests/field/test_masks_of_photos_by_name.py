"""Mask files belong to photos by their names, and what belongs to none is said."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from command_line import Skinseg
from field_masks import HEIGHT, WIDTH, MakeStudy, disc, labelled, save, truth_of
from PIL import Image


def test_a_number_is_a_name_and_no_id(make_study: MakeStudy, masks: Path, skinseg: Skinseg) -> None:
    study = make_study()
    for name in ("1.png", "0002.png", "p3.png"):
        save(disc(3), masks / name)
    said = skinseg("import", study, masks, "--json").data
    assert said["imported"] == 1
    assert [item["why"] for item in said["refused"]] == ["no photo is called 0002", "no photo is called 1"]
    assert labelled(study) == 1


def test_a_photo_whose_name_is_a_number_is_found(
    make_study: MakeStudy, masks: Path, skinseg: Skinseg
) -> None:
    study = make_study(names=("7.jpg", "2.jpg", "1.jpg"))
    save(disc(3), masks / "2.png")
    assert skinseg("import", study, masks).code == 0
    assert np.array_equal(truth_of(study, "2.jpg"), disc(3))


def test_a_mask_of_one_patient_does_not_land_on_another(
    make_study: MakeStudy, masks: Path, skinseg: Skinseg
) -> None:
    study = make_study(names=("anna/001.jpg", "bert/001.jpg", "bert/002.jpg"))
    save(disc(3), masks / "anna" / "001.png")
    save(disc(3), masks / "anna" / "002.png")
    said = skinseg("import", study, masks, "--json").data
    assert said["imported"] == 1
    assert said["refused"][0]["why"] == (
        "no photo is called anna/002; bert/002.jpg has that name, but in another folder"
    )


def test_a_folder_without_photos_of_its_own_is_not_that_of_another_patient(
    make_study: MakeStudy, masks: Path, skinseg: Skinseg
) -> None:
    study = make_study(names=("bert/001.jpg", "bert/002.jpg"))
    save(disc(3), masks / "anna" / "001.png")
    save(disc(5), masks / "bert" / "001.png")
    save(disc(3), masks / "anna" / "002.png")
    said = skinseg("import", study, masks, "--json").data
    assert [item["file"] for item in said["refused"]] == ["anna/001.png", "anna/002.png"]
    assert np.array_equal(truth_of(study, "001.jpg"), disc(5))


@pytest.mark.parametrize("folder", ["masks", "bert/masks", "all/bert", "Masks_bert", "SegmentationClass", ""])
def test_folders_that_say_what_lies_in_them_say_not_of_whom(
    make_study: MakeStudy, masks: Path, skinseg: Skinseg, folder: str
) -> None:
    study = make_study(names=("bert/images/001.jpg",))
    save(disc(5), masks / folder / "001.png")
    assert skinseg("import", study, masks, "--json").data["imported"] == 1


def test_of_two_masks_for_a_photo_none_is_taken_unless_one_has_its_path(
    make_study: MakeStudy, masks: Path, skinseg: Skinseg
) -> None:
    study = make_study()
    save(disc(3), masks / "p0.png")
    save(disc(5), masks / "first" / "p0.png")
    save(disc(3), masks / "anna" / "p1.png")
    save(disc(5), masks / "bert" / "p1.png")
    said = skinseg("import", study, masks, "--json").data
    assert [item["file"] for item in said["refused"]] == ["anna/p1.png", "bert/p1.png", "first/p0.png"]
    assert all("keep one of them" in item["why"] for item in said["refused"])
    assert np.array_equal(truth_of(study, "p0"), disc(3))
    assert labelled(study) == 1


def test_a_labelme_file_of_another_name_than_its_photo_is_of_neither(
    make_study: MakeStudy, masks: Path, skinseg: Skinseg
) -> None:
    study = make_study()
    shape = {"label": "hand", "points": [[1, 1], [30, 1], [30, 30]], "shape_type": "polygon"}
    data = {"shapes": [shape], "imagePath": "p1.jpg", "imageHeight": HEIGHT, "imageWidth": WIDTH}
    (masks / "p0.json").write_text(json.dumps(data))
    said = skinseg("import", study, masks, "--format", "labelme").out
    assert "is named like p0.jpg, and says that it is of p1.jpg; rename it" in said
    assert labelled(study) == 0


def test_two_folders_with_the_same_names_are_told_apart_by_their_own(
    make_study: MakeStudy, masks: Path, skinseg: Skinseg, tmp_path: Path
) -> None:
    study = make_study(names=("001.jpg", "in/002.jpg"))
    for place in ("visit/anna", "visit/bert", "other/bert"):
        save(np.full((HEIGHT, WIDTH, 3), len(place), np.uint8), tmp_path / place / "001.jpg")
        assert skinseg("add", study, tmp_path / place).code == 0
    save(disc(3), masks / "001.png")
    said = skinseg("import", study, masks).out
    assert "write the name of its folder before it, as in study-photos/001.png" in said
    (masks / "001.png").unlink()
    for value, place in enumerate(("study-photos", "anna", "visit/bert", "other/bert"), start=3):
        save(disc(value), masks / place / "001.png")
    assert skinseg("import", study, masks, "--json").data["imported"] == 4
    for kind in ("png", "coco", "labelme"):
        assert skinseg("export", study, tmp_path / kind, "--format", kind).code == 0
        said_json = skinseg("import", study, tmp_path / kind, "--format", kind, "--json").data
        assert (said_json["unchanged"], said_json["refused"]) == (4, [])
    with Image.open(tmp_path / "png" / "other" / "bert" / "001.png") as picture:
        assert np.array_equal(np.asarray(picture), disc(6))


def test_files_of_other_kinds_are_counted_and_named_and_capitals_are_taken(
    make_study: MakeStudy, masks: Path, skinseg: Skinseg
) -> None:
    study = make_study()
    Image.fromarray(disc(3)).save(masks / "p0.PNG", format="PNG")
    save(disc(3), masks / "p1.jpg")
    save(disc(3), masks / "more" / "p2.tif")
    (masks / "README").write_text("read me")
    said = skinseg("import", study, masks)
    assert said.code == 0
    assert "1 imported" in said.out
    for line in ("passed over 1 .jpg: p1.jpg", "1 .tif: more/p2.tif", "1 without a suffix: README"):
        assert line in said.out
    said_json = skinseg("import", study, masks, "--json").data
    assert said_json["passed_over"] == {
        ".jpg": ["p1.jpg"],
        "without a suffix": ["README"],
        ".tif": ["more/p2.tif"],
    }
    (masks / "p0.PNG").unlink()
    assert "no masks here (.png files); passed over 1 .jpg" in skinseg("import", study, masks).error


def test_every_import_ends_with_what_the_masks_show(
    make_study: MakeStudy, masks: Path, skinseg: Skinseg
) -> None:
    study = make_study()
    values = save(disc(3), masks / "p0.png")
    save(disc(255, around=4), masks / "p1.png")
    said = skinseg("import", study, masks, "--json").data["classes"]
    hand, share = int((values == 3).sum()), (values == 3).sum() / (2 * values.size)
    assert said["hand"] == {"photos": 1, "pixels": hand, "share": share}
    assert said["foot"]["photos"] == said["not labelled"]["photos"] == 1
    assert said["face"] == {"photos": 0, "pixels": 0, "share": 0}
    assert sum(row["share"] for row in said.values()) == 1
    text = skinseg("import", study, masks).out
    assert f"{hand:,}" in text
    assert f"{share:.1%}" in text
    assert "face" not in text


def test_a_dry_run_shows_all_that_and_writes_nothing(
    make_study: MakeStudy, masks: Path, skinseg: Skinseg
) -> None:
    study = make_study()
    save(disc(3), masks / "p0.png")
    save(disc(77), masks / "p1.png")
    before = content(study)
    said = skinseg("import", study, masks, "--dry-run")
    assert said.code == 0
    assert "1 would be imported, 0 unchanged, 1 refused; nothing was written." in said.out
    assert "unknown ids 77" in said.out
    assert "hand" in said.out
    assert content(study) == before
    real = skinseg("import", study, masks, "--json").data
    dry = skinseg("import", make_study(where="again"), masks, "--dry-run", "--json").data
    assert real == dry | {"dry_run": False}
    assert (labelled(study), labelled(masks.parent / "again")) == (1, 0)


def content(study: Path) -> dict[Path, bytes]:
    """All files of a project, but what SQLite opens for readers too: no row is in an empty log."""
    files = {path: path.read_bytes() for path in study.rglob("*") if path.is_file()}
    return {path: text for path, text in files.items() if text and not path.name.endswith("-shm")}
