"""`evaluate --masks`: it finds what `export` writes, says what it did not match, and guesses no value."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from command_line import Said
from field_masks import disc, save
from PIL import Image

from trainer.cli.main import main

QUICK = "--encoder tu-test_resnet --size 64 --batch 4 --steps 3 --seed 1 --device cpu --set long_side=64"
WARDS = tuple(f"{ward}/{number:03}" for ward in ("a", "b") for number in range(1, 5))


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study of two wards whose photos have the same names, with masks and a model of a few steps."""
    root = tmp_path_factory.mktemp("wards")
    rows = ["photo,group,split"]
    for index, name in enumerate(WARDS):
        random = np.random.default_rng(index)
        pixels = random.integers(0, 120, (60, 80, 3), dtype=np.uint8) + 2 * disc(60)[..., None]
        save(pixels, root / "photos" / f"{name}.jpg")
        save(disc(1, radius=20 + index), root / "masks" / f"{name}.png")
        rows.append(f"{name}.jpg,g{index},{'val' if name[-1] in '34' else 'train'}")
    (root / "groups.csv").write_text("\n".join(rows))
    words = ("new", root / "study", "--photos", root / "photos", "--groups", root / "groups.csv")
    assert main([*map(str, words), "--classes", "lesion", "--masks", str(root / "masks")]) == 0
    assert main(["retrain", str(root / "study"), *QUICK.split()]) == 0
    return root


def evaluate(skinseg: object, root: Path, masks: Path, *words: str) -> Said:
    assert callable(skinseg)
    said = skinseg("evaluate", root / "study", "--device", "cpu", "--masks", masks, *words)
    assert isinstance(said, Said)
    return said


def test_what_export_writes_is_found(trained: Path, skinseg: object, tmp_path: Path) -> None:
    assert callable(skinseg)
    assert skinseg("export", trained / "study", tmp_path / "out").code == 0
    own = skinseg("evaluate", trained / "study", "--device", "cpu", "--json").data
    said = evaluate(skinseg, trained, tmp_path / "out", "--json").data
    assert (said["photos"], said["dice9"]) == (4, own["dice9"])
    assert said["confusion"] == own["confusion"]
    assert said["masks"]["unmatched"] == []
    assert (said["masks"]["other_splits"], said["masks"]["values"]) == (4, "classes.csv")


def test_what_is_not_matched_is_counted_and_named(trained: Path, skinseg: object, tmp_path: Path) -> None:
    given = tmp_path / "given"
    shutil.copytree(trained / "masks", given)
    for name in ("1.png", "0003.png", "b/9.png", "x.png"):
        save(disc(1), given / name)
    save(disc(1), given / "a" / "003.jpg")
    (given / "a" / "004.png").rename(given / "a" / "004.PNG")
    said = evaluate(skinseg, trained, given)
    assert said.code == 0, said.err
    assert "4 photos in 4 groups" in said.out
    assert "no photo for 4 masks: 0003.png, 1.png, b/9.png and 1 more" in said.out
    assert "of other splits: 4 masks" in said.out
    assert "passed over 1 .jpg: a/003.jpg" in said.out


def test_a_mask_that_cannot_be_compared_is_left_out_and_named(
    trained: Path, skinseg: object, tmp_path: Path
) -> None:
    for name in WARDS:
        save(disc(1, around=0), tmp_path / f"{name}.png")
    turned = disc(1).T.copy()
    save(turned, tmp_path / "a/003.png")
    (tmp_path / "b/003.png").write_bytes((tmp_path / "b/003.png").read_bytes()[:60])
    said = evaluate(skinseg, trained, tmp_path)
    assert said.code == 0
    assert "2 photos in 2 groups" in said.out
    words = said.out + said.err
    assert "left out: the mask of a/003.jpg has 60x80, the photo 80x60: make it the photo's size" in words
    assert "b/003.png: cannot be read as PNG" in words
    for name in ("a/004", "b/004"):
        save(turned, tmp_path / f"{name}.png")
    assert "make it the photo's size" in evaluate(skinseg, trained, tmp_path).error.splitlines()[-1]


def test_masks_of_no_photo_of_the_split_are_an_error_that_names_them(
    trained: Path, skinseg: object, masks: Path
) -> None:
    save(disc(1), masks / "3.png")
    save(disc(1), masks / "a" / "001.png")
    error = evaluate(skinseg, trained, masks).error
    assert "nothing to compare with; no photo for 1 masks: 3.png; not compared, of other splits: 1" in error


def test_masks_of_0_and_255_score_nothing_until_it_is_said_what_they_mean(
    trained: Path, skinseg: object, masks: Path
) -> None:
    for name in WARDS:
        values = np.asarray(Image.open(trained / "masks" / f"{name}.png"))
        save(values * np.uint8(255), masks / f"{name}.png")
    assert "--binary lesion" in evaluate(skinseg, trained, masks).error
    said = evaluate(skinseg, trained, masks, "--binary", "lesion", "--json").data
    assert said["confusion"] == evaluate(skinseg, trained, trained / "masks", "--json").data["confusion"]


def test_a_meaning_without_masks_is_refused(trained: Path, skinseg: object) -> None:
    assert callable(skinseg)
    said = skinseg("evaluate", trained / "study", "--binary", "lesion")
    assert "with --masks" in said.error
