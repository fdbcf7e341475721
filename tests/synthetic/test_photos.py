"""Folders of rendered photos, the committed samples among them, and what napari shows of them."""

from __future__ import annotations

import csv
import filecmp
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from trainer.labels.classes import CLASS_SETS
from trainer.synthetic.__main__ import main
from trainer.synthetic.photos import render_photos

SAMPLES = Path(__file__).resolve().parents[2] / "sample_data"

CLASS_NAMES = CLASS_SETS["skin9"].names


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("synthetic")
    render_photos(out, 30, 3, long_side=128)
    return out


def check(folder: Path) -> tuple[np.ndarray, set[int]]:
    """Photos holding each class, and the EXIF orientations; asserts that each mask fits its photo."""
    holding, orientations = np.zeros(9, int), set()
    for photo in sorted((folder / "photos").iterdir()):
        with Image.open(photo) as picture, Image.open(folder / "masks" / f"{photo.stem}.png") as mask:
            orientations.add(picture.getexif().get(0x0112, 1))
            assert ImageOps.exif_transpose(picture).size == mask.size
            values = np.asarray(mask)
        assert values.dtype == np.uint8
        assert values.max() < 9
        holding += np.bincount(values.ravel(), minlength=9) > 0
    return holding, orientations


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "groups.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_masks_fit_the_upright_photos_whatever_their_orientation(folder: Path) -> None:
    _, orientations = check(folder)
    assert orientations == {1, 3, 6, 8}


def test_turned_photos_show_the_same_picture_once_upright(tmp_path: Path) -> None:
    """Skin is where the mask says also in photos that are stored turned."""
    for item in render_photos(tmp_path, 30, 3, long_side=128):
        if item.orientation == 1 or item.info.material not in ("tiles", "grass"):
            continue
        with Image.open(item.photo) as picture, Image.open(item.mask) as mask:
            rgb = np.asarray(ImageOps.exif_transpose(picture).convert("RGB")).astype(float)
            skin = np.asarray(mask) > 1
        if 0.1 < skin.mean() < 0.9:
            redness = rgb[..., 0] - rgb[..., 1]
            assert redness[skin].mean() > redness[~skin].mean()


def test_bursts_share_a_group(folder: Path) -> None:
    groups = [row["group"] for row in rows(folder)]
    assert len(groups) == 30
    assert 15 < len(set(groups)) < 30


def test_splits_are_written_when_asked_for_and_no_group_is_in_two(tmp_path: Path) -> None:
    render_photos(tmp_path, 16, 1, long_side=64, splits=True)
    seen: dict[str, str] = {}
    for row in rows(tmp_path):
        assert seen.setdefault(row["group"], row["split"]) == row["split"]
    assert set(seen.values()) == {"train", "val", "test"}


def test_the_command_writes_the_same_files_as_the_function_and_counts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path / "a"), "--count", "3", "--seed", "4", "--long-side", "96"]) == 0
    assert "3 photos" in capsys.readouterr().out
    done: list[int] = []
    render_photos(tmp_path / "b", 3, 4, long_side=96, progress=done.append)
    assert done == [1, 2, 3]
    names = [path.relative_to(tmp_path / "a") for path in (tmp_path / "a").rglob("*.*")]
    assert len(names) == 7
    same, different, errors = filecmp.cmpfiles(tmp_path / "a", tmp_path / "b", names, shallow=False)
    assert len(same) == 7, (different, errors)


def test_the_command_refuses_a_count_of_zero(tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as refused:
        main([str(tmp_path), "--count", "0"])
    assert refused.value.code == 2


def test_the_committed_samples_are_small_complete_and_varied() -> None:
    assert sum(path.stat().st_size for path in SAMPLES.rglob("*") if path.is_file()) < 4_000_000
    holding, orientations = check(SAMPLES)
    assert (holding > 0).all(), dict(zip(CLASS_NAMES, holding, strict=True))
    assert orientations == {1, 3, 6, 8}
    table = rows(SAMPLES)
    assert {row["photo"] for row in table} == {path.stem for path in (SAMPLES / "photos").iterdir()}
    assert len({row["group"] for row in table}) < len(table)


def test_the_committed_samples_come_from_the_documented_command(tmp_path: Path) -> None:
    command = next(
        line for line in (SAMPLES / "README.md").read_text().splitlines() if "trainer.synthetic" in line
    )
    options = command.split("sample_data", 1)[1].replace("--count 24", "--count 3").split()
    assert main([str(tmp_path), *options]) == 0
    for mask in sorted((tmp_path / "masks").iterdir()):
        with Image.open(mask) as made, Image.open(SAMPLES / "masks" / mask.name) as committed:
            assert (np.asarray(made) == np.asarray(committed)).mean() > 0.999


def test_napari_gets_an_upright_photo_and_its_labels() -> None:
    from napari_skinseg.contributions import sample_data

    for make, label in (
        (sample_data.whole_body, 7),
        (sample_data.face, 3),
        (sample_data.hand, 4),
        (sample_data.foot, 5),
    ):
        (photo, photo_meta, photo_type), (labels, meta, labels_type) = make()
        assert (photo_type, labels_type) == ("image", "labels")
        assert photo_meta["rgb"]
        assert photo.shape[:2] == labels.shape
        assert photo.dtype == labels.dtype == np.uint8
        assert labels.min() >= 1
        assert (labels == label).mean() > 0.01
        assert meta["features"]["class"][label] == CLASS_NAMES[label - 1]
        assert len(meta["colormap"].color_dict) >= 10


def test_a_missing_sample_folder_is_said_in_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from napari_skinseg.contributions import sample_data
    from trainer.errors import PhotoError

    monkeypatch.setattr(sample_data, "__file__", str(tmp_path / "package" / "_sample_data.py"))
    with pytest.raises(PhotoError, match=r"-m trainer\.synthetic") as refused:
        sample_data.whole_body()
    assert "\n" not in str(refused.value)
