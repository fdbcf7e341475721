"""Every refusal says what to do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from command_line import Skinseg
from field_masks import MakeStudy, disc, save
from PIL import Image


def test_masks_that_are_refused_say_what_to_do(make_study: MakeStudy, masks: Path, skinseg: Skinseg) -> None:
    study = make_study(names=("1.jpg", "two.jpg", "two.png", "three.jpg", "four.jpg"))
    save(disc(3), masks / "1_mask.png")
    save(disc(3), masks / "two.png")
    save(np.zeros((60, 80, 3), np.uint8), masks / "three.png")
    (masks / "four.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    said = skinseg("import", study, masks, "--json")
    why = {item["file"]: item["why"] for item in said.data["refused"]}
    assert why["1_mask.png"] == "no photo is called 1_mask; is it of 1.jpg? Rename it to 1.png"
    assert "write the photo's suffix too, as in two.jpg.png" in why["two.png"]
    assert "if its colours are the classes, import it with --format colours" in why["three.png"]
    assert why["four.png"].endswith("; export it anew")
    (masks / "two.png").rename(masks / "two.jpg.png")
    (masks / "1_mask.png").rename(masks / "1.png")
    assert skinseg("import", study, masks, "--json").data["imported"] == 2
    save(disc(3), masks / "nobody.png")
    assert "nobody; name it like its photo, as p1.png for p1.jpg" in skinseg("import", study, masks).out


def test_options_that_name_nothing_say_what_there_is(
    make_study: MakeStudy, masks: Path, skinseg: Skinseg
) -> None:
    study = make_study()
    Image.fromarray(disc(255)).save(masks / "p0.png")
    assert "background" in skinseg("import", study, masks, "--binary", "bogus").error
    said = skinseg("import", study, masks, "--ids", masks / "none.json").error
    assert "there is no such file of pixel values; check its path" in said
    said = skinseg("models", study, "promote").error
    assert f"say which model, as skinseg models {study} promote 0003" in said
    assert "there is nothing to export; label some first" in skinseg("export", study, masks / "out").error
