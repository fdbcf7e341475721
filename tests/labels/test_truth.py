"""Truth of a mask, and masks as PNG files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from trainer.errors import MaskError
from trainer.labels.png import read_values, write_png
from trainer.labels.truth import count_truth, is_truth, to_labels, to_targets, true_labels, true_targets
from trainer.labels.values import ACCEPTED, IGNORE, NONE, PAINTED, PROPOSED

if TYPE_CHECKING:
    from pathlib import Path

EVERY_PROVENANCE = np.array([[NONE, PROPOSED, ACCEPTED, PAINTED]] * 3, np.uint8)
LABELS = np.array([[0] * 4, [1] * 4, [9] * 4], np.uint8)


def test_only_what_a_person_accepted_or_painted_is_truth() -> None:
    assert is_truth(EVERY_PROVENANCE)[0].tolist() == [False, False, True, True]
    assert true_labels(LABELS, EVERY_PROVENANCE).tolist() == [[0] * 4, [0, 0, 1, 1], [0, 0, 9, 9]]
    wanted = [[IGNORE] * 4, [IGNORE, IGNORE, 0, 0], [IGNORE, IGNORE, 8, 8]]
    assert true_targets(LABELS, EVERY_PROVENANCE).tolist() == wanted
    assert count_truth(LABELS, EVERY_PROVENANCE) == 4, "an erased pixel teaches nothing"


def test_labels_and_targets_are_each_other_shifted_by_one() -> None:
    every = np.arange(256, dtype=np.uint8)
    assert to_targets(every).dtype == to_labels(every).dtype == np.uint8
    assert np.array_equal(to_labels(to_targets(every)), every)
    assert to_targets(every)[[0, 1, 9]].tolist() == [IGNORE, 0, 8]


def test_a_png_mask_is_read_as_it_was_written(tmp_path: Path) -> None:
    values = np.random.default_rng(0).integers(0, 256, (37, 53), dtype=np.uint8)
    write_png(tmp_path / "mask.png", values)
    assert np.array_equal(read_values(tmp_path / "mask.png"), values)
    assert [entry.name for entry in tmp_path.iterdir()] == ["mask.png"]


@pytest.mark.parametrize(("dtype", "value"), [(np.uint8, 8), (np.uint16, 300), (np.bool_, 1)])
def test_gray_files_of_1_8_and_16_bits_hold_their_values(tmp_path: Path, dtype: type, value: int) -> None:
    values = np.zeros((5, 6), dtype)
    values[2:] = value
    Image.fromarray(values).save(tmp_path / "mask.png")
    assert np.array_equal(read_values(tmp_path / "mask.png"), values.astype(np.int64))


def test_a_palette_does_not_change_the_values(tmp_path: Path) -> None:
    picture = Image.fromarray(LABELS)
    picture.putpalette([200, 100, 50] * 10)
    picture.save(tmp_path / "mask.png")
    assert np.array_equal(read_values(tmp_path / "mask.png"), LABELS)


def test_what_is_no_mask_is_refused_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "mask.png"
    Image.new("RGB", (4, 4)).save(path)
    with pytest.raises(MaskError, match=r"mask\.png: is a picture in RGB; a mask has one channel"):
        read_values(path)
    path.write_bytes(path.read_bytes()[:30])
    with pytest.raises(MaskError, match=r"mask\.png: cannot be read as PNG"):
        read_values(path)
    with pytest.raises(MaskError, match=r"none\.png: cannot be read as PNG"):
        read_values(tmp_path / "none.png")
