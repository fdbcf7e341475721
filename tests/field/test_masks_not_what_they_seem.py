"""Masks whose values say something else than they seem to: none is taken in silence for what it is not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from command_line import Skinseg
from field_masks import MakeStudy, disc, labelled, save, truth_of
from PIL import Image, ImageDraw


def test_lesions_of_0_and_255_are_refused_until_it_is_said_what_255_means(
    make_study: MakeStudy, masks: Path, skinseg: Skinseg
) -> None:
    study = make_study("lesion")
    for index in range(4):
        save(disc(255), masks / f"p{index}.png")
    error = skinseg("import", study, masks).error
    assert "all its 4 masks hold only 0 and 255" in error
    assert "--binary lesion" in error
    assert "--ids" in error
    assert labelled(study) == 0
    said = skinseg("import", study, masks, "--binary", "lesion", "--json").data
    assert (said["imported"], said["values"]) == (4, "--binary")
    assert np.array_equal(truth_of(study, "p0"), disc(1))


def test_a_new_project_refuses_them_alike_and_leaves_nothing_behind(
    make_study: MakeStudy, masks: Path, skinseg: Skinseg, tmp_path: Path
) -> None:
    make_study("lesion")
    save(disc(255), masks / "p0.png")
    words = ("new", tmp_path / "other", "--photos", tmp_path / "study-photos", "--classes", "lesion")
    assert "--binary lesion" in skinseg(*words, "--masks", masks).error
    assert not (tmp_path / "other").exists()
    assert "--masks" in skinseg(*words, "--binary", "lesion").error
    assert skinseg(*words, "--masks", masks, "--binary", "lesion").code == 0
    assert np.array_equal(truth_of(tmp_path / "other", "p0"), disc(1))


def test_a_file_of_0_and_255_among_others_is_refused_by_itself(
    make_study: MakeStudy, masks: Path, skinseg: Skinseg
) -> None:
    study = make_study()
    save(disc(3), masks / "p0.png")
    save(disc(255), masks / "p1.png")
    said = skinseg("import", study, masks, "--json").data
    assert said["imported"] == 1
    assert "only 0 and 255" in said["refused"][0]["why"]
    (masks / "ids.csv").write_text("0,background\n3,hand\n255,not labelled\n")
    assert skinseg("import", study, masks, "--ids", masks / "ids.csv", "--json").data["imported"] == 1
    assert np.array_equal(truth_of(study, "p1"), disc(255)), "a person who says so may mean it"


def test_white_alone_is_no_mask_without_a_word(make_study: MakeStudy, masks: Path, skinseg: Skinseg) -> None:
    study = make_study("lesion")
    save(disc(255, around=255), masks / "p0.png")
    assert "only 255" in skinseg("import", study, masks).error


def test_one_bit_is_background_and_one_thing_only_where_there_are_two_classes(
    make_study: MakeStudy, masks: Path, skinseg: Skinseg
) -> None:
    Image.fromarray(disc(1).astype(bool)).save(masks / "p0.png")
    assert skinseg("import", make_study("lesion", where="two"), masks).code == 0
    assert np.array_equal(truth_of(masks.parent / "two", "p0"), disc(1))
    study = make_study()
    error = skinseg("import", study, masks).error
    assert "background and uncertain" in error
    assert "--binary CLASS" in error
    save(disc(4), masks / "p1.png")
    said = skinseg("import", study, masks, "--json").data
    assert said["imported"] == 1
    assert "black and white (1 bit)" in said["refused"][0]["why"]
    (masks / "p1.png").unlink()
    assert skinseg("import", study, masks, "--binary", "hand").code == 0
    assert np.array_equal(truth_of(study, "p0"), disc(3))


@pytest.mark.parametrize("colours", [[255] * 3 + [0] * 3, [0] * 3 + [255] * 3])
def test_a_palette_of_black_and_white_is_read_by_its_colours(
    make_study: MakeStudy, masks: Path, skinseg: Skinseg, colours: list[int]
) -> None:
    white = 0 if colours[0] else 1
    picture = Image.fromarray(np.where(disc(1) == 1, white, 1 - white).astype(np.uint8))
    picture.putpalette(colours)
    picture.save(masks / "p0.png")
    study = make_study("lesion")
    assert "only 0 and 255" in skinseg("import", study, masks).error
    assert skinseg("import", study, masks, "--binary", "lesion").code == 0
    assert np.array_equal(truth_of(study, "p0"), disc(1))


def test_0_and_1_alone_are_doubtful_where_1_is_uncertain(
    make_study: MakeStudy, masks: Path, skinseg: Skinseg
) -> None:
    study = make_study()
    save(disc(1), masks / "p0.png")
    assert "only 0 and 1" in skinseg("import", study, masks).error
    save(disc(3), masks / "p1.png")
    assert skinseg("import", study, masks).code == 0, "with a 3 beside them they are class indices"


def test_numbers_that_begin_at_1_are_no_class_indices(
    make_study: MakeStudy, masks: Path, skinseg: Skinseg
) -> None:
    study = make_study()
    save(disc(9, around=1), masks / "p0.png")
    save(disc(4, around=1), masks / "p1.png")
    error = skinseg("import", study, masks).error
    assert "does 1 stand for background? Say with --ids" in error
    assert labelled(study) == 0


def test_binary_is_said_of_a_class_and_of_nothing_else(
    make_study: MakeStudy, masks: Path, skinseg: Skinseg
) -> None:
    study = make_study()
    save(disc(255), masks / "p0.png")
    (masks / "ids.csv").write_text("0,background\n255,hand\n")
    assert "did you mean 'hand'" in skinseg("import", study, masks, "--binary", "hamd").error
    assert "is what 0 stands for" in skinseg("import", study, masks, "--binary", "background").error
    both = ("--binary", "hand", "--ids", masks / "ids.csv")
    assert "give one of them" in skinseg("import", study, masks, *both).error
    save(np.clip(disc(255) + 0.0 + disc(100, radius=24), 0, 255).astype(np.uint8), masks / "p0.png")
    said = skinseg("import", study, masks, "--binary", "hand", "--json")
    assert said.code == 2
    assert "holds 2 values besides 0, from 100 to 255" in said.data["refused"][0]["why"]


def test_values_of_no_reading_name_both_mends(make_study: MakeStudy, masks: Path, skinseg: Skinseg) -> None:
    study = make_study("lesion")
    save(disc(128), masks / "p0.png")
    said = skinseg("import", study, masks)
    assert said.code == 2
    assert "unknown ids 128" in said.out
    assert "--ids" in said.out
    assert "--binary CLASS" in said.out


def test_a_value_listed_twice_is_an_error(make_study: MakeStudy, masks: Path, skinseg: Skinseg) -> None:
    study = make_study()
    save(disc(3), masks / "p0.png")
    (masks / "ids.csv").write_text("0,background\n3,hand\n3,foot\n")
    assert "lists the value 3 twice" in skinseg("import", study, masks, "--ids", masks / "ids.csv").error
    (masks / "ids.json").write_text('{"0": "background", "3": "hand", "3": "foot"}')
    assert "lists the value 3 twice" in skinseg("import", study, masks, "--ids", masks / "ids.json").error
    assert labelled(study) == 0


@pytest.mark.parametrize("way", [Image.Resampling.BILINEAR, Image.Resampling.BICUBIC])
@pytest.mark.parametrize(("value", "times"), [(8, 2), (8, 4), (5, 4), (3, 4), (8, 0.4), (3, 0.4)])
def test_resized_with_interpolation_is_refused(
    make_study: MakeStudy, masks: Path, skinseg: Skinseg, way: Image.Resampling, value: int, times: float
) -> None:
    drawn = Image.new("L", (round(80 / times), round(60 / times)))
    ImageDraw.Draw(drawn).ellipse((20 / times, 10 / times, 60 / times, 50 / times), fill=value)
    values = np.minimum(np.asarray(drawn.resize((80, 60), way)), 8)
    assert len(np.unique(values)) > 3
    save(values, masks / "p0.png")
    save(disc(value), masks / "p1.png")
    said = skinseg("import", make_study(), masks, "--json").data
    assert said["imported"] == 1, "the others are taken"
    assert "resizing with interpolation" in said["refused"][0]["why"]


def test_one_thin_rim_may_be_meant_and_is_named(make_study: MakeStudy, masks: Path, skinseg: Skinseg) -> None:
    values = np.maximum(disc(1, radius=22), disc(3, radius=20))
    save(values, masks / "p0.png")
    study = make_study()
    said = skinseg("import", study, masks)
    assert said.code == 0
    assert (
        f"look at uncertain in p0.png: only a thin line between two other classes ({(values == 1).sum()} "
        in (said.out)
    )
    assert np.array_equal(truth_of(study, "p0"), values)


def test_many_classes_in_regions_are_no_interpolation(
    make_study: MakeStudy, masks: Path, skinseg: Skinseg
) -> None:
    random = np.random.default_rng(0)
    save(np.kron(random.integers(0, 9, (6, 8)), np.ones((10, 10))).astype(np.uint8), masks / "p0.png")
    save(random.integers(0, 9, (60, 80)).astype(np.uint8), masks / "p1.png")
    said = skinseg("import", make_study(), masks, "--json").data
    assert (said["imported"], said["refused"], said["doubts"]) == (2, [], [])


def test_a_set_of_masks_refused_alike_takes_one_line(
    make_study: MakeStudy, masks: Path, skinseg: Skinseg
) -> None:
    names = tuple(f"p{i:02}.jpg" for i in range(30))
    for index in range(30):
        save(disc(4 if index == 0 else 255), masks / f"p{index:02}.png")
    said = skinseg("import", make_study(names=names), masks)
    assert "refused 29 files (p01.png, p02.png, p03.png and 26 more): holds only 0 and 255" in said.out
