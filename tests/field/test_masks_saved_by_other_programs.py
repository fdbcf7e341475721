"""Masks that a painting program, an optimiser or a camera's metadata has made say something else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from command_line import Skinseg
from field_masks import HEIGHT, WIDTH, MakeStudy, disc, labelled, save, truth_of
from PIL import ExifTags, Image

from trainer.labels.classes import CLASS_SETS
from trainer.project.import_export.colour_masks import voc_palette

COLOURS = [bytes.fromhex(colour[1:]) for colour in CLASS_SETS["skin9"].colours]


def with_palette(values: np.ndarray, palette: bytes, path: Path) -> None:
    """Write values under a palette."""
    picture = Image.fromarray(values)
    picture.putpalette(palette)
    picture.save(path)


def test_a_palette_that_was_renumbered_is_refused_and_read_by_its_colours(
    make_study: MakeStudy, masks: Path, skinseg: Skinseg
) -> None:
    study = make_study()
    with_palette(disc(1), COLOURS[4] + COLOURS[2], masks / "p0.png")  # a foot around a face
    with_palette(disc(0), COLOURS[7], masks / "p1.png")
    with_palette(disc(8), b"".join(COLOURS), masks / "p2.png")
    said = skinseg("import", study, masks, "--json").data
    assert (said["imported"], len(said["refused"])) == (1, 2)
    assert "renumbered its palette; import it with --format colours" in said["refused"][0]["why"]
    assert labelled(study) == 1
    assert skinseg("import", study, masks, "--format", "colours", "--json").data["imported"] == 2
    assert np.array_equal(truth_of(study, "p0"), disc(2, around=4))


def test_so_is_voc_s_and_what_a_person_says_counts(
    make_study: MakeStudy, masks: Path, skinseg: Skinseg
) -> None:
    study, voc = make_study(), voc_palette()
    with_palette(disc(1), voc[9:12] + voc[15:18], masks / "p0.png")  # 3 and 5
    with_palette(disc(2), voc, masks / "p1.png")
    assert (
        "renumbered" in skinseg("import", study, masks, "--format", "voc", "--json").data["refused"][0]["why"]
    )
    (masks / "p1.png").unlink()
    (masks / "ids.csv").write_text("0,hand\n1,limb\n")
    assert skinseg("import", study, masks, "--ids", masks / "ids.csv", "--json").data["imported"] == 1
    assert np.array_equal(truth_of(study, "p0"), disc(5, around=3))


@pytest.mark.parametrize(
    "palette", [bytes(768), bytes(765) + b"\xff" * 3, bytes(range(256)) * 3, voc_palette()]
)
def test_other_palettes_say_nothing(
    make_study: MakeStudy, masks: Path, skinseg: Skinseg, palette: bytes
) -> None:
    study = make_study()
    with_palette(disc(3, around=5), palette, masks / "p0.png")
    assert skinseg("import", study, masks, "--json").data["imported"] == 1
    assert np.array_equal(truth_of(study, "p0"), disc(3, around=5))


def test_0_and_255_mean_no_void_where_there_is_no_palette_of_voc(
    make_study: MakeStudy, masks: Path, skinseg: Skinseg
) -> None:
    study = make_study("lesion")
    save(disc(255), masks / "p0.png")
    assert "only 0 and 255" in skinseg("import", study, masks, "--format", "voc").error
    with_palette(np.where(disc(1, radius=12) == 1, np.uint8(1), disc(255)), voc_palette(), masks / "p1.png")
    said = skinseg("import", study, masks, "--format", "voc", "--json").data
    assert said["imported"] == 1
    assert "only 0 and 255" in said["refused"][0]["why"]


@pytest.mark.parametrize("orientation", [2, 3, 6, 8])
@pytest.mark.parametrize("kind", ["png", "colours"])
def test_a_mask_that_exif_turns_is_refused(
    make_study: MakeStudy, masks: Path, skinseg: Skinseg, orientation: int, kind: str
) -> None:
    study, exif = make_study(), Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    with_palette(disc(2), b"".join(COLOURS), masks / "p0.png")
    with Image.open(masks / "p0.png") as picture:
        picture.save(masks / "p0.png", exif=exif)
    said = skinseg("import", study, masks, "--format", kind).out
    assert f"it is turned (orientation {orientation})" in said
    assert "save it upright" in said


def test_a_mask_of_several_frames_is_refused(make_study: MakeStudy, masks: Path, skinseg: Skinseg) -> None:
    Image.fromarray(disc(3)).save(masks / "p0.png", save_all=True, append_images=[Image.fromarray(disc(5))])
    assert "has 2 frames" in skinseg("import", make_study(), masks).out


@pytest.mark.parametrize("alpha", [0, 128])
def test_colours_that_can_be_seen_through_are_none(
    make_study: MakeStudy, masks: Path, skinseg: Skinseg, alpha: int
) -> None:
    rgba = np.full((HEIGHT, WIDTH, 4), 255, np.uint8)
    rgba[..., :3] = list(COLOURS[2])
    rgba[:10, :, 3] = alpha
    save(rgba, masks / "p0.png")
    said = skinseg("import", make_study(), masks, "--format", "colours").out
    assert "800 pixels are see-through" in said


def test_a_colour_named_twice_in_json_is_an_error(
    make_study: MakeStudy, masks: Path, skinseg: Skinseg, tmp_path: Path
) -> None:
    save(np.zeros((HEIGHT, WIDTH, 3), np.uint8), masks / "p0.png")
    (tmp_path / "c.json").write_text('{"#000000": "hand", "#000000": "foot"}')
    words = ("import", make_study(), masks, "--format", "colours", "--colours", tmp_path / "c.json")
    assert "the colour #000000 stands there twice" in skinseg(*words).error
    (tmp_path / "c.csv").write_text('colour,name\n"-255,0,0",hand\n')
    assert "is no colour" in skinseg(*words[:-1], tmp_path / "c.csv").error
