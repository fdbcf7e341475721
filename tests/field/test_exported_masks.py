"""Exported masks: seen in any viewer, understood by programs, and read back to the pixel."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from command_line import Skinseg
from field_masks import MakeStudy, disc, labelled, save, truth_of
from PIL import Image

from trainer.labels.classes import CLASS_SETS

NAMES = ("p0", "ward/p1", "ward/p2", "p3")
PHOTOS = tuple(f"{name}.jpg" for name in NAMES)


def drawn() -> list[np.ndarray]:
    """All classes, noise, one class and what is not labelled, one class alone."""
    random = np.random.default_rng(0)
    regions = np.kron(random.integers(0, 9, (6, 8)), np.ones((10, 10))).astype(np.uint8)
    regions[:7] = 255
    return [regions, random.integers(0, 9, (60, 80)).astype(np.uint8), disc(255), disc(1)]


@pytest.fixture
def exported(make_study: MakeStudy, masks: Path, skinseg: Skinseg, tmp_path: Path) -> Path:
    study = make_study(names=PHOTOS)
    for name, values in zip(NAMES, drawn(), strict=True):
        save(values, masks / f"{name}.png")
    rows = "".join(f"{i},{name}\n" for i, name in enumerate(CLASS_SETS["skin9"].names))
    (masks / "ids.csv").write_text(f"{rows}255,not labelled\n")
    assert skinseg("import", study, masks, "--ids", masks / "ids.csv", "--json").data["imported"] == 4
    assert skinseg("export", study, tmp_path / "out").code == 0
    return tmp_path / "out"


def test_a_viewer_shows_the_colours_and_a_program_the_same_values(exported: Path) -> None:
    with Image.open(exported / "p0.png") as picture:
        assert picture.mode == "P"
        assert np.array_equal(np.asarray(picture), drawn()[0])
        seen = np.asarray(picture.convert("RGB"))
    for index, colour in enumerate(CLASS_SETS["skin9"].colours):
        rgb = tuple(bytes.fromhex(colour[1:]))
        assert (seen[drawn()[0] == index] == rgb).all()
    assert not (seen == 0).all(axis=-1).any(), "nothing is black"


def test_a_table_says_what_the_values_mean(exported: Path) -> None:
    rows = list(csv.DictReader((exported / "classes.csv").open()))
    assert [row["value"] for row in rows] == [*map(str, range(9)), "255"]
    assert rows[3] == {"value": "3", "name": "hand", "colour": "#25adfa"}
    assert rows[-1]["name"] == "not labelled"


def test_they_come_back_to_the_pixel(
    exported: Path, make_study: MakeStudy, skinseg: Skinseg, tmp_path: Path
) -> None:
    other = make_study(names=PHOTOS, where="other")
    said = skinseg("import", other, exported, "--json").data
    assert (said["imported"], said["refused"], said["passed_over"]) == (4, [], {})
    assert said["values"] == "classes.csv"
    for name, values in zip(NAMES, drawn(), strict=True):
        assert np.array_equal(truth_of(other, f"{name}.jpg"), values)
    assert skinseg("import", tmp_path / "study", exported, "--json").data["unchanged"] == 4


def test_classes_of_black_and_white_come_back_too(
    make_study: MakeStudy, masks: Path, skinseg: Skinseg, tmp_path: Path
) -> None:
    classes = tmp_path / "bw.toml"
    classes.write_text('names = ["paper", "ink"]\ncolours = ["#ffffff", "#000000"]\n')
    study = make_study(str(classes))
    save(disc(1), masks / "p0.png")
    assert skinseg("import", study, masks).code == 0
    assert skinseg("export", study, tmp_path / "out").code == 0
    assert skinseg("import", study, tmp_path / "out", "--json").data["unchanged"] == 1
    (tmp_path / "out" / "classes.csv").unlink()
    assert skinseg("import", study, tmp_path / "out", "--json").data["unchanged"] == 1


def test_masks_of_other_classes_are_refused(exported: Path, make_study: MakeStudy, skinseg: Skinseg) -> None:
    study = make_study("podocyte", names=PHOTOS, where="other")
    error = skinseg("import", study, exported).error
    assert "the project has no class 'uncertain'" in error
    assert "say with --ids" in error
    assert labelled(study) == 0
