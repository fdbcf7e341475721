"""Photos that change after they were labelled: other metadata, other names, second copies, damage."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa
from command_line import Skinseg
from field_masks import MakeStudy, disc, labelled, save, truth_of
from PIL import Image, PngImagePlugin
from test_photos_with_wrong_headers import QUICK, picture, wrong_exif

from trainer.errors import PhotoError
from trainer.project.catalog.schema import photo
from trainer.project.doctor import doctor
from trainer.project.files.decode import hash_file
from trainer.project.project import Project

KINDS = ["p0.jpg", "p1.png", "p2.tif", "p3.webp"]


def with_metadata(path: Path, said: str) -> None:
    """Write other metadata into a photo; its pixels stay."""
    if path.suffix == ".jpg":  # as programs do that copy the compressed picture
        content = path.read_bytes()
        exif = wrong_exif(1) + said.encode()
        segment = b"\xff\xe1" + (len(exif) + 2).to_bytes(2) + exif
        comment = b"\xff\xfe" + (len(said) + 2).to_bytes(2) + said.encode()
        path.write_bytes(content[:2] + segment + comment + content[2:] + b"and a trailer")
        return
    options: dict[str, object] = {"lossless": True} if path.suffix == ".webp" else {}
    with Image.open(path) as image:
        image.load()
    if path.suffix == ".png":
        options["pnginfo"] = PngImagePlugin.PngInfo()
        options["pnginfo"].add_text("Rating", said)  # type: ignore[attr-defined]
        options["compress_level"] = 1
    elif path.suffix == ".tif":
        options |= {"description": said, "compression": "tiff_lzw"}
    else:
        options["exif"] = wrong_exif(1)
    image.save(path, **options)  # type: ignore[arg-type]


@pytest.fixture
def study(make_study: MakeStudy, masks: Path, skinseg: Skinseg, tmp_path: Path) -> Path:
    """A project of four labelled photos, one of each kind."""
    made = make_study(names=tuple(f"visit/{name}" for name in KINDS))
    pixels = Image.fromarray(picture(7))
    pixels.save(tmp_path / "study-photos" / "visit" / "p3.webp", lossless=True)
    for index in range(4):
        save(disc(index + 1), masks / f"p{index}.png")
    assert skinseg("import", made, masks, "--json").data["imported"] == 4
    return made


def read_all(study: Path) -> None:
    with Project.open(study) as project:
        for photo_id in project.photos.ids():
            project.photos.read(photo_id)
        assert project.photos.counts().broken == 0


def test_metadata_may_change(study: Path, tmp_path: Path) -> None:
    for said in ("five stars", "no place any more"):
        for name in KINDS:
            with_metadata(tmp_path / "study-photos" / "visit" / name, said)
        read_all(study)


@pytest.mark.parametrize("name", KINDS)
def test_other_pixels_are_another_photo(study: Path, tmp_path: Path, name: str) -> None:
    save(255 - picture(3), tmp_path / "study-photos" / "visit" / name)
    with Project.open(study) as project, pytest.raises(PhotoError, match="was replaced by another file"):
        project.photos.read(project.photos.find(name).id)


def test_a_photo_that_was_turned_is_another_one(study: Path, tmp_path: Path) -> None:
    path = tmp_path / "study-photos" / "visit" / "p0.jpg"
    content = path.read_bytes()
    exif = Image.Exif()
    exif[0x0112] = 6
    block = exif.tobytes()
    path.write_bytes(content[:2] + b"\xff\xe1" + (len(block) + 2).to_bytes(2) + block + content[2:])
    with Project.open(study) as project, pytest.raises(PhotoError, match="was replaced"):
        project.photos.read(project.photos.find("p0.jpg").id)


def test_a_catalog_of_before_learns_the_identities(study: Path, tmp_path: Path) -> None:
    with Project.open(study) as project:
        for photo_id in project.photos.ids():
            old = hash_file(project.photos.get(photo_id).path)
            with project.catalog.write() as connection:
                connection.execute(sa.update(photo).where(photo.c.id == photo_id).values(sha256=old))
    os.utime(tmp_path / "study-photos" / "visit" / "p1.png")
    read_all(study)
    for name in KINDS:
        with_metadata(tmp_path / "study-photos" / "visit" / name, "later")
    read_all(study)


def test_photos_of_a_renamed_folder_keep_their_masks(
    study: Path, tmp_path: Path, masks: Path, skinseg: Skinseg
) -> None:
    photos = tmp_path / "study-photos"
    (photos / "visit").rename(photos / "anna, first visit")
    (photos / "anna, first visit" / "p0.jpg").rename(photos / "first.jpg")
    said = skinseg("add", study, photos, "--json").data
    assert (said["new"], said["moved"], said["gone"], said["photos"]) == (0, 4, 0, 4)
    assert "4 photos have moved here" not in skinseg("add", study, photos).out
    read_all(study)
    assert np.array_equal(truth_of(study, "first.jpg"), disc(1))
    assert np.array_equal(truth_of(study, "anna, first visit/p2.tif"), disc(3))
    assert skinseg("export", study, tmp_path / "out").code == 0
    assert (tmp_path / "out" / "first.png").is_file()
    assert (tmp_path / "out" / "anna, first visit" / "p1.png").is_file()
    assert skinseg("import", study, tmp_path / "out", "--json").data["unchanged"] == 4


def test_a_folder_of_photos_that_lies_elsewhere_now_is_recognised(
    study: Path, tmp_path: Path, skinseg: Skinseg
) -> None:
    save(picture(20), tmp_path / "study-photos" / "never opened.jpg")
    assert skinseg("add", study, tmp_path / "study-photos", "--json").data["new"] == 1
    (tmp_path / "study-photos").rename(tmp_path / "elsewhere")
    said = skinseg("add", study, tmp_path / "elsewhere", "--json").data
    assert (said["new"], said["moved"], said["photos"]) == (0, 5, 5)
    assert labelled(study) == 4
    read_all(study)


def test_a_photo_that_went_is_counted_and_comes_back(study: Path, tmp_path: Path, skinseg: Skinseg) -> None:
    path = tmp_path / "study-photos" / "visit" / "p0.jpg"
    path.rename(tmp_path / "away.jpg")
    assert skinseg("add", study, tmp_path / "study-photos", "--json").data["gone"] == 1
    assert (
        "1 known photos lie here no more; put them back"
        in skinseg("add", study, tmp_path / "study-photos").out
    )
    (tmp_path / "away.jpg").rename(path)
    assert skinseg("add", study, tmp_path / "study-photos", "--json").data["gone"] == 0
    read_all(study)


def test_the_same_photo_under_two_names_is_in_one_split(skinseg: Skinseg, tmp_path: Path) -> None:
    photos, masks = tmp_path / "photos", tmp_path / "masks"
    rows = ["photo,group,split"]
    for index in range(4):
        save(picture(index), photos / f"p{index}.jpg")
        shutil.copy(photos / f"p{index}.jpg", photos / f"again{index}.jpg")
        rows += [f"p{index},g{index},train", f"again{index},h{index},val"]
        save(disc(2), masks / f"p{index}.png")
        save(disc(2), masks / f"again{index}.png")
    (tmp_path / "groups.csv").write_text("\n".join(rows))
    study = tmp_path / "study"
    made = ("new", study, "--photos", photos, "--groups", tmp_path / "groups.csv")
    assert skinseg(*made, "--masks", masks, "--json").data["masks"]["imported"] == 8
    with Project.open(study) as project:
        for index in range(4):
            pair = [project.photos.find(f"{name}{index}.jpg") for name in ("p", "again")]
            assert pair[0].group == pair[1].group
            assert pair[0].split == pair[1].split
        assert not [item for item in doctor(project) if "different splits" in item.what]
        with project.catalog.write() as connection:  # as an earlier program left them
            connection.execute(sa.update(photo).where(photo.c.stem == "p1").values(split="train"))
            connection.execute(sa.update(photo).where(photo.c.stem == "again1").values(split="val"))
        (found,) = [item.what for item in doctor(project) if "different splits" in item.what]
    assert "p1.jpg (train)" in found
    assert "again1.jpg (val)" in found


def cut_scan(path: Path) -> None:
    """Cut a JPEG behind its header, which still says the size."""
    path.write_bytes(path.read_bytes()[:900])


def test_the_second_round_does_not_forget_photos_that_went(skinseg: Skinseg, tmp_path: Path) -> None:
    photos, masks = tmp_path / "photos", tmp_path / "masks"
    rows = ["photo,group,split"]
    for index in range(10):
        save(picture(index), photos / f"p{index}.jpg")
        save(disc(1), masks / f"p{index}.png")
        rows.append(f"p{index},g{index},{'val' if index > 3 else 'train'}")
    cut_scan(photos / "p4.jpg")
    (tmp_path / "groups.csv").write_text("\n".join(rows))
    study = tmp_path / "study"
    made = ("new", study, "--photos", photos, "--groups", tmp_path / "groups.csv", "--classes", "lesion")
    assert skinseg(*made, "--masks", masks).code == 0
    first = skinseg("retrain", study, *QUICK.split(), "--json")
    assert first.code == 0, first.err
    assert any("p4.jpg: is damaged or cut short" in message for message in first.data["messages"])
    for index in range(5, 9):
        cut_scan(photos / f"p{index}.jpg")
    scores = skinseg("evaluate", study, "--json")
    assert scores.code == 0, scores.err
    assert len(scores.data["unreadable"]) == 4
    assert all("was replaced by another file" in line for line in scores.data["unreadable"])
    for _ in range(2):
        said = skinseg("retrain", study, *QUICK.split(), "--json")
        assert said.code == 0, said.err
        models = skinseg("models", study, "--json").data["models"]
        assert models[0]["why"] == (
            "kept the old one: only 1 of 6 labelled validation photos can be read; see skinseg doctor"
        )


@pytest.mark.parametrize("kind", ["bmp", "tif", "ppm"])
def test_two_photos_of_one_size_and_date_that_change_places_are_noticed(
    make_study: MakeStudy, kind: str
) -> None:
    made = make_study(names=(f"a.{kind}", f"b.{kind}"))
    with Project.open(made) as project:
        one, two = (project.photos.find(f"{name}.{kind}") for name in "ab")
        for number, known in enumerate((one, two)):
            Image.fromarray(picture(number)).save(known.path)
            os.utime(known.path, (1e9, 1e9))
            labels = np.full(project.photos.read(known.id).shape[:2], number + 1, np.uint8)
            project.masks.save(known.id, labels, np.full_like(labels, 3), "ann", None)
        assert one.path.stat().st_size == two.path.stat().st_size
    between = one.path.with_name("between")
    one.path.rename(between)
    two.path.rename(one.path)
    between.rename(two.path)
    with Project.open(made) as project:
        for known in (one, two):
            with pytest.raises(PhotoError, match="was replaced by another file after it had been labelled"):
                project.photos.read(known.id)
