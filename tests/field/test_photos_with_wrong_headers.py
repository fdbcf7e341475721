"""Photos with one wrong entry in their header: good pixels are read, and no file ends a batch or a round."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from command_line import Skinseg
from field_masks import disc, save
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from trainer.errors import PhotoError
from trainer.project.files.decode import decode, read_header
from trainer.project.project import Project

QUICK = "--encoder tu-test_resnet --size 64 --batch 4 --steps 3 --seed 1 --device cpu --set long_side=64"
LIMIT = 10**8


def entry(tag: int, kind: int, count: int, value: bytes) -> bytes:
    return struct.pack("<HHI", tag, kind, count) + value.ljust(4, b"\0")


def directory(*entries: bytes) -> bytes:
    """The head of a TIFF file, which EXIF is too, with one directory."""
    return b"II*\0" + struct.pack("<IH", 8, len(entries)) + b"".join(entries) + bytes(4)


def wrong_exif(orientation: int) -> bytes:
    """EXIF whose image width is a text; Pillow reads it and cannot write it."""
    return b"Exif\0\0" + directory(
        entry(0x0100, 2, 4, b"abc\0"), entry(0x0112, 3, 1, struct.pack("<H", orientation))
    )


def picture(index: int = 0) -> np.ndarray:
    return (
        np.random.default_rng(index).integers(0, 120, (60, 80, 3), dtype=np.uint8) + 2 * disc(60)[..., None]
    )


def without_pixels(path: Path) -> Path:
    """A TIFF that says where its pixels are with a number of 64 bits, beyond any file."""
    short = {0x100: 80, 0x101: 60, 0x102: 8, 0x103: 1, 0x106: 1, 0x115: 1, 0x116: 60, 0x117: 4800}
    entries = {tag: entry(tag, 3, 1, struct.pack("<H", value)) for tag, value in short.items()}
    entries[0x111] = entry(0x111, 16, 1, struct.pack("<I", 180))
    head = directory(*(entries[tag] for tag in sorted(entries)))
    path.write_bytes(head.ljust(180, b"\0") + b"\xff" * 8 + bytes(4800))
    return path


@pytest.mark.parametrize("orientation", range(1, 9))
def test_good_pixels_are_read_upright_whatever_else_the_header_says(tmp_path: Path, orientation: int) -> None:
    right, wrong = tmp_path / "right.jpg", tmp_path / "wrong.jpg"
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(picture()).save(right, exif=exif.tobytes())
    Image.fromarray(picture()).save(wrong, exif=wrong_exif(orientation))
    assert np.array_equal(decode(wrong, LIMIT).pixels, decode(right, LIMIT).pixels)
    assert read_header(wrong, LIMIT) == read_header(right, LIMIT)


@pytest.mark.parametrize(
    "kind", [struct.error, ZeroDivisionError, OverflowError, AttributeError, MemoryError]
)
def test_whatever_a_decoder_raises_is_one_line_about_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: type[Exception]
) -> None:
    def fall(*_: object) -> None:
        raise kind("of our own making")

    path = tmp_path / "odd.jpg"
    save(picture(), path)
    monkeypatch.setattr(JpegImageFile, "load", fall)
    with pytest.raises(PhotoError, match=r"odd\.jpg: is damaged or cut short: of our own making"):
        decode(path, LIMIT)


def test_no_file_ends_a_prediction_or_a_round(skinseg: Skinseg, tmp_path: Path) -> None:
    photos, masks = tmp_path / "photos", tmp_path / "masks"
    rows = ["photo,group,split"]
    for index in range(9):
        save(picture(index), photos / f"p{index}.jpg")
        save(disc(1), masks / f"p{index}.png")
        rows.append(f"p{index},g{index},{'val' if index > 5 else 'train'}")
    Image.fromarray(picture(1)).save(photos / "p1.jpg", exif=wrong_exif(1))
    Image.fromarray(picture(7)).save(photos / "p7.jpg", exif=wrong_exif(3))
    without_pixels(photos / "p2.tif")
    (photos / "p2.jpg").unlink()
    (tmp_path / "groups.csv").write_text("\n".join(rows))
    study = tmp_path / "study"
    made = ("new", study, "--photos", photos, "--groups", tmp_path / "groups.csv", "--classes", "lesion")
    assert skinseg(*made, "--masks", masks).code == 0
    trained = skinseg("retrain", study, *QUICK.split(), "--json")
    assert trained.code == 0, trained.err
    assert any("p2.tif" in message for message in trained.data["messages"])
    with Project.open(study, read_only=True) as project:
        odd = project.photos.find("p2.tif")
        assert (odd.state, project.photos.find("p1.jpg").state) == ("broken", "labelled")
        assert "damaged" in str(odd.reason)
    said = skinseg("predict", study, photos, "--out", tmp_path / "out", "--device", "cpu", "--json").data
    assert (said["photos"], said["written"]) == (9, 8)
    assert [item["photo"] for item in said["failed"]] == ["p2.tif"]
