"""Masks in and out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from trainer.errors import ConfigError, MaskError, PhotoError
from trainer.project.import_export.mask_export import export_masks
from trainer.project.import_export.mask_import import import_masks
from trainer.project.project import Project

from .conftest import MakeProject, some_mask, write_photo

if TYPE_CHECKING:
    from pathlib import Path


def write_mask(path: Path, height: int = 60, width: int = 80, value: int = 3) -> np.ndarray:
    """Class `value` on the right, background on the left, a strip that is not labelled below."""
    values = np.zeros((height, width), np.uint8)
    values[:, width // 2 :] = value
    values[-5:] = 255
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(values).save(path)
    return values


@pytest.fixture
def masks(tmp_path: Path) -> Path:
    folder = tmp_path / "masks"
    folder.mkdir()
    return folder


def test_png_in_and_out_is_the_same(project: Project, masks: Path, tmp_path: Path) -> None:
    wanted = {
        "p0.png": write_mask(masks / "p0.png"),
        "ward/p1.png": write_mask(masks / "p1.png", value=8),
        "ward/p3.png": write_mask(masks / "ward" / "p3.png"),
        "p2.png": write_mask(masks / "p2.jpg.png"),
    }
    seen: list[int] = []
    report = import_masks(project, masks, annotator="ann", progress=seen.append)
    assert (report.imported, report.unchanged, report.refused) == (4, 0, [])
    assert seen == [1, 2, 3, 4]
    head = project.masks.head(project.photos.find("p1").id)
    assert head is not None
    assert (head.kind, head.annotator) == ("import", "ann")
    labels, provenance = project.masks.read(head)
    assert set(np.unique(labels)) == {0, 1, 9}
    assert np.array_equal(provenance, np.where(labels > 0, 3, 0))
    out = tmp_path / "out"
    assert export_masks(project, out).written == 4
    found = {path.relative_to(out).as_posix(): path for path in out.rglob("*.png")}
    assert set(found) == set(wanted)
    for name, values in wanted.items():
        assert np.array_equal(np.asarray(Image.open(found[name])), values)


def test_importing_again_changes_nothing(project: Project, masks: Path) -> None:
    write_mask(masks / "p0.png")
    import_masks(project, masks)
    report = import_masks(project, masks)
    assert (report.imported, report.unchanged) == (0, 1)
    assert len(project.masks.history(project.photos.find("p0").id)) == 1
    write_mask(masks / "p0.png", value=5)
    assert import_masks(project, masks).imported == 1
    assert len(project.masks.history(project.photos.find("p0").id)) == 2


def _turned(path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (80, 60)).save(path, exif=exif.tobytes())


def test_the_size_that_counts_is_the_upright_one(
    make_project: MakeProject, tmp_path: Path, masks: Path
) -> None:
    write_photo(tmp_path / "photos" / "a.jpg")
    _turned(tmp_path / "photos" / "turned.jpg")
    project = make_project()
    project.registration.add_folder(tmp_path / "photos")
    write_mask(masks / "turned.png", 80, 60)
    write_mask(masks / "a.png", 80, 60)
    report = import_masks(project, masks)
    assert report.imported == 1
    assert report.refused == [
        {
            "file": "a.png",
            "why": "has 60 × 80 pixels, but the photo a.jpg, upright, has 80 × 60; export the mask at the "
            "photo's size",
        }
    ]


def test_each_bad_mask_is_refused_by_name_and_the_others_are_taken(project: Project, masks: Path) -> None:
    write_mask(masks / "p0.png")
    write_mask(masks / "p2.png", value=77)
    write_mask(masks / "p99.png")
    (masks / "p4.png").write_bytes((masks / "p0.png").read_bytes()[:60])
    Image.new("RGB", (80, 60)).save(masks / "p6.png")
    Image.fromarray(np.full((60, 80), 255, np.uint8)).save(masks / "p1.png")
    write_mask(masks / "ward" / "p0.png")
    project.photos.find("p3").path.write_bytes(b"")
    write_mask(masks / "p3.png")
    report = import_masks(project, masks)
    assert report.imported == 1
    why = {entry["file"]: entry["why"] for entry in report.refused}
    assert "unknown ids 77" in why["p2.png"]
    assert why["p99.png"] == "no photo is called p99"
    assert "cannot be read as PNG" in why["p4.png"]
    assert "picture in RGB" in why["p6.png"]
    assert "labels no pixel" in why["p1.png"]
    assert "p0.jpg has that name, but in another folder" in why["ward/p0.png"]
    assert "not a photo that can be read" in why["p3.png"]
    assert not any("\n" in reason for reason in why.values())


def test_an_ambiguous_stem_is_refused(project: Project, photo_folder: Path, masks: Path) -> None:
    write_photo(photo_folder / "annex" / "p0.jpg")
    project.registration.add_folder(photo_folder)
    write_mask(masks / "p0.png")
    assert import_masks(project, masks).imported == 1
    write_mask(masks / "other" / "p0.png")
    report = import_masks(project, masks)
    assert report.unchanged == 1
    assert "the name of 2 photos" in report.refused[0]["why"]


def test_others_ids_are_translated(make_project: MakeProject, photo_folder: Path, masks: Path) -> None:
    project = make_project(classes="lesion")
    project.registration.add_folder(photo_folder)
    values = np.zeros((60, 80), np.uint8)
    values[10:] = 255
    values[20:] = 128
    Image.fromarray(values).save(masks / "p0.png")
    assert "unknown ids 128" in import_masks(project, masks).refused[0]["why"]
    ids = masks / "ids.csv"
    ids.write_text("value,class\n0,background\n255,lesion\n128,not labelled\n")
    assert import_masks(project, masks, ids=ids).imported == 1
    target = project.masks.read_truth(project.photos.find("p0").id)
    assert (target[5, 0], target[15, 0], target[30, 0]) == (0, 1, 255)
    (masks / "ids.json").write_text('{"0": "background", "255": "lesion", "128": "lesion"}')
    assert import_masks(project, masks, ids=masks / "ids.json").imported == 1
    ids.write_text("0,background\n1,wart\n")
    with pytest.raises(ConfigError, match="no class 'wart'"):
        import_masks(project, masks, ids=ids)
    ids.write_text("zero;one\n")
    with pytest.raises(ConfigError, match="names no class"):
        import_masks(project, masks, ids=ids)


def test_lesion_masks_of_0_and_1(make_project: MakeProject, photo_folder: Path, masks: Path) -> None:
    project = make_project(classes="lesion")
    project.registration.add_folder(photo_folder)
    write_mask(masks / "p0.png", value=1)
    Image.new("1", (80, 60), 1).save(masks / "p2.png")
    assert import_masks(project, masks).imported == 2
    assert (project.masks.read_truth(project.photos.find("p2").id) == 1).all()


def test_ngff_in_and_out_is_the_same(
    project: Project, make_project: MakeProject, photo_folder: Path, tmp_path: Path
) -> None:
    labels, provenance = some_mask(4)
    project.masks.save(project.photos.find("p1").id, labels, provenance, "ann", None)
    out = tmp_path / "out"
    assert export_masks(project, out, "ngff").written == 1
    assert (out / "ward" / "p1.zarr").is_dir()
    assert import_masks(project, out, "ngff").unchanged == 1
    with Project.create(tmp_path / "other") as other:
        other.registration.add_folder(photo_folder)
        assert import_masks(other, out, "ngff").imported == 1
        assert np.array_equal(
            other.masks.read_truth(other.photos.find("p1").id),
            project.masks.read_truth(project.photos.find("p1").id),
        )
    with Project.create(tmp_path / "lesions", "lesion") as other:
        other.registration.add_folder(photo_folder)
        refused = import_masks(other, out, "ngff").refused
        assert "names classes that the project does not have" in refused[0]["why"]


def test_export_writes_truth_only_and_overwrites_nothing(
    project: Project, photo_folder: Path, tmp_path: Path
) -> None:
    first = project.photos.ids()[0]
    labels, provenance = some_mask(3)
    project.masks.save(first, labels, provenance, "ann", None)
    export_masks(project, tmp_path / "out")
    values = np.asarray(Image.open(next((tmp_path / "out").rglob("*.png"))))
    assert np.array_equal(values == 2, provenance == 3)
    assert set(np.unique(values)) == {2, 255}
    with pytest.raises(ConfigError, match="not an empty folder"):
        export_masks(project, photo_folder)
    with pytest.raises(ConfigError, match="no split 'dev'"):
        export_masks(project, tmp_path / "x", split="dev")
    with pytest.raises(ConfigError, match="no format 'bmp'; use png, ngff, coco"):
        export_masks(project, tmp_path / "x", "bmp")  # type: ignore[arg-type]


def test_masks_of_broken_photos_are_exported_and_a_damaged_mask_is_named(
    project: Project, masks: Path, tmp_path: Path
) -> None:
    wanted = write_mask(masks / "p0.png")
    write_mask(masks / "ward" / "p1.png")
    write_mask(masks / "p2.png")
    import_masks(project, masks)
    broken, damaged = project.photos.find("p0"), project.photos.find("p1")
    broken.path.write_bytes(b"")
    with pytest.raises(PhotoError):
        project.photos.read(broken.id)
    assert project.photos.get(broken.id).state == "broken"
    head = project.masks.head(damaged.id)
    assert head is not None
    next(path for path in (head.path / "labels" / "c").rglob("*") if path.is_file()).write_bytes(b"x")
    out = tmp_path / "out"
    report = export_masks(project, out)
    assert report.written == 2
    assert np.array_equal(np.asarray(Image.open(out / "p0.png")), wanted)
    (left,) = report.left_out
    assert left["photo"] == "ward/p1.jpg"
    assert "damaged" in left["why"]


def test_a_folder_without_masks_is_refused(project: Project, tmp_path: Path) -> None:
    with pytest.raises(MaskError, match="no such folder of masks"):
        import_masks(project, tmp_path / "nowhere")
    with pytest.raises(MaskError, match="no masks here"):
        import_masks(project, tmp_path / "photos")


def test_a_damaged_mask_is_replaced_by_importing_it_again(project: Project, masks: Path) -> None:
    wanted = write_mask(masks / "p0.png")
    import_masks(project, masks)
    photo = project.photos.find("p0")
    head = project.masks.head(photo.id)
    assert head is not None
    next(path for path in (head.path / "labels" / "c").rglob("*") if path.is_file()).write_bytes(b"x")
    report = import_masks(project, masks)
    assert (report.imported, report.refused) == (1, [])
    assert np.array_equal(project.masks.read_truth(photo.id), wanted)
    assert len(project.masks.history(photo.id)) == 2
