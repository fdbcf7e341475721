"""Reading photos of all kinds, good and bad."""

from __future__ import annotations

import base64
import io
import os
import struct
import zlib
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from trainer.errors import PhotoError
from trainer.project.files import decode as decode_module
from trainer.project.files.decode import HEIF, scaled_size
from trainer.settings.model import Settings

from .conftest import MakeProject, some_mask, write_photo

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from trainer.project.project import Project

RED, GREEN = (200, 30, 40), (20, 160, 60)


def two_halves(height: int = 40, width: int = 60) -> Image.Image:
    """Red on the left, green on the right."""
    pixels = np.empty((height, width, 3), np.uint8)
    pixels[:, : width // 2], pixels[:, width // 2 :] = RED, GREEN
    return Image.fromarray(pixels)


def add_one(make_project: MakeProject, path: Path, settings: Settings | None = None) -> tuple[Project, int]:
    project = make_project(settings=settings)
    project.registration.add_folder(path.parent)
    return project, project.photos.find(path.name).id


def near(pixel: np.ndarray, colour: tuple[int, int, int], by: int = 12) -> bool:
    return bool(np.abs(pixel.astype(int) - colour).max() <= by)


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif", ".webp", ".bmp"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_stands_upright(
    make_project: MakeProject, tmp_path: Path, suffix: str, orientation: int
) -> None:
    if suffix == ".bmp" and orientation > 1:
        pytest.skip("BMP has no EXIF")
    path = tmp_path / "photos" / f"photo{suffix}"
    path.parent.mkdir()
    save_turned(two_halves(), path, orientation)
    project, photo_id = add_one(make_project, path)
    frame = project.photos.read(photo_id)
    photo = project.photos.get(photo_id)
    assert frame.dtype == np.uint8
    assert frame.shape == (40, 60, 3)
    assert (photo.height, photo.width) == (40, 60)
    assert near(frame[20, 10], RED, 25)
    assert near(frame[20, 50], GREEN, 25)
    small = project.photos.read_scaled(photo_id, 30)
    assert small.shape == (20, 30, 3)
    assert near(small[10, 5], RED, 25)


HEIC_UPRIGHT = (  # `two_halves()`, as libheif writes it
    "AAAAHGZ0eXBoZWljAAAAAG1pZjFoZWljbWlhZgAAAb5tZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAAAAAA"
    "AAAAADRpbG9jAAAAAERAAAIAAQAAAAAB4gABAAAAAAAAAD4AAgAAAAACIAABAAAAAAAAACQAAAA4aWluZgAAAAAAAgAAABVp"
    "bmZlAgAAAAABAABodmMxAAAAABVpbmZlAgAAAQACAABFeGlmAAAAAA5waXRtAAAAAAABAAAA/WlwcnAAAADdaXBjbwAAAHZo"
    "dmNDAQNwAAAAkAAAAAAAHvAA/P34+AAADwNgAAEAGEABDAH//wNwAAADAJAAAAMAAAMAHroCQGEAAQAqQgEBA3AAAAMAkAAA"
    "AwAAAwAeoCCBBZbq5Ka5uAhoMCAAAAMDIAAAAwAhYgABAAZEAcFzwIkAAAATY29scm5jbHgAAQANAAaAAAAAFGlzcGUAAAAA"
    "AAAAQAAAAEAAAAAoY2xhcAAAADwAAAABAAAAKAAAAAH////8AAAAAv///+gAAAACAAAAEHBpeGkAAAAAAwgICAAAABhpcG1h"
    "AAAAAAAAAAEAAQWBAgMFhAAAABppcmVmAAAAAAAAAA5jZHNjAAIAAQABAAAAam1kYXQAAAA6KAGvE4C3LMmTr/+Ggn+x6n+R"
    "slhgbcO4tzpsYJOw/+sEjyPOG83g4opnm+WmTWXo4kmkIlJgMFcBgAAAAAZFeGlmAABNTQAqAAAACAABARIAAwAAAAEAAQAA"
    "AAAAAA=="
)
HEIC_TURNED = (  # the same lying on its side, orientation 6
    "AAAAHGZ0eXBoZWljAAAAAG1pZjFoZWljbWlhZgAAAchtZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAAAAAA"
    "AAAAADRpbG9jAAAAAERAAAIAAQAAAAAB7AABAAAAAAAAAEgAAgAAAAACNAABAAAAAAAAACQAAAA4aWluZgAAAAAAAgAAABVp"
    "bmZlAgAAAAABAABodmMxAAAAABVpbmZlAgAAAQACAABFeGlmAAAAAA5waXRtAAAAAAABAAABB2lwcnAAAADmaXBjbwAAAHZo"
    "dmNDAQNwAAAAkAAAAAAAHvAA/P34+AAADwNgAAEAGEABDAH//wNwAAADAJAAAAMAAAMAHroCQGEAAQAqQgEBA3AAAAMAkAAA"
    "AwAAAwAeoCCBBZbq5Ka5uAhoMCAAAAMDIAAAAwAhYgABAAZEAcFzwIkAAAATY29scm5jbHgAAQANAAaAAAAAFGlzcGUAAAAA"
    "AAAAQAAAAEAAAAAoY2xhcAAAACgAAAABAAAAPAAAAAH////oAAAAAv////wAAAACAAAAEHBpeGkAAAAAAwgICAAAAAlpcm90"
    "AwAAABlpcG1hAAAAAAAAAAEAAQaBAgMFhIYAAAAaaXJlZgAAAAAAAAAOY2RzYwACAAEAAQAAAHRtZGF0AAAARCgBrxOAt1OD"
    "J1/96RP9vuP7fJmTqCycu/02sKieEndo9QzUZS9cuBVev/5A1RyBLWmHxZSfaNvuIMhb50ZlBPdyfi/wAAAABkV4aWYAAE1N"
    "ACoAAAAIAAEBEgADAAAAAQAGAAAAAAAA"
)


@pytest.mark.skipif(not HEIF, reason="pi-heif is not installed")
@pytest.mark.parametrize("content", [HEIC_UPRIGHT, HEIC_TURNED], ids=["upright", "turned"])
def test_heic_stands_upright(make_project: MakeProject, tmp_path: Path, content: str) -> None:
    path = tmp_path / "photos" / "photo.heic"
    path.parent.mkdir()
    path.write_bytes(base64.b64decode(content))
    project, photo_id = add_one(make_project, path)
    frame = project.photos.read(photo_id)
    assert frame.shape == (40, 60, 3)
    assert near(frame[20, 10], RED)
    assert near(frame[20, 50], GREEN)


def test_heic_without_its_package_says_which(
    make_project: MakeProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "photos" / "photo.heic"
    path.parent.mkdir()
    path.write_bytes(base64.b64decode(HEIC_UPRIGHT))
    project, photo_id = add_one(make_project, path)
    monkeypatch.setattr(decode_module, "HEIF", False)
    with pytest.raises(PhotoError, match=r"napari-skinseg\[heic\]"):
        project.photos.read(photo_id)


def save_turned(upright: Image.Image, path: Path, orientation: int) -> None:
    """Save a photo lying on its side, with the EXIF tag that says how to turn it."""
    undo = {
        2: [Image.Transpose.FLIP_LEFT_RIGHT],
        3: [Image.Transpose.ROTATE_180],
        4: [Image.Transpose.FLIP_TOP_BOTTOM],
        5: [Image.Transpose.TRANSPOSE],
        6: [Image.Transpose.ROTATE_90],
        7: [Image.Transpose.TRANSVERSE],
        8: [Image.Transpose.ROTATE_270],
    }
    for turn in undo.get(orientation, []):
        upright = upright.transpose(turn)
    exif = Image.Exif()
    exif[0x0112] = orientation
    upright.save(path, **({} if path.suffix == ".bmp" else {"exif": exif.tobytes()}))


def test_size_and_hash_are_known_after_the_first_reading(project: Project) -> None:
    first = project.photos.ids()[0]
    before = project.photos.get(first)
    assert (before.width, before.height, before.sha256) == (None, None, None)
    project.photos.read(first)
    after = project.photos.get(first)
    assert (after.height, after.width, after.orientation) == (60, 80, 1)
    assert after.sha256 is not None
    assert len(after.sha256) == 64


KINDS: dict[str, Callable[[], Image.Image]] = {
    "gray.png": lambda: two_halves().convert("L"),
    "one-bit.png": lambda: Image.new("1", (60, 40), 1),
    "palette.png": lambda: two_halves().quantize(8),
    "cmyk.jpg": lambda: two_halves().convert("CMYK"),
    "gray-alpha.png": lambda: two_halves().convert("LA"),
    "lab.tif": lambda: two_halves().convert("LAB"),
}


@pytest.mark.parametrize("name", KINDS)
def test_every_colour_mode_becomes_rgb(make_project: MakeProject, tmp_path: Path, name: str) -> None:
    path = tmp_path / "photos" / name
    path.parent.mkdir()
    image = KINDS[name]()
    image.save(path)
    project, photo_id = add_one(make_project, path)
    frame = project.photos.read(photo_id)
    assert frame.shape == (40, 60, 3)
    if image.mode in ("P", "CMYK", "LAB"):
        assert near(frame[20, 10], RED, 40)
    if image.mode in ("L", "LA"):
        assert near(frame[20, 10], (int(frame[20, 10, 0]),) * 3, 0)


def test_what_is_see_through_lies_on_white(make_project: MakeProject, tmp_path: Path) -> None:
    path = tmp_path / "photos" / "alpha.png"
    path.parent.mkdir()
    image = two_halves().convert("RGBA")
    image.putalpha(Image.fromarray(np.repeat(np.array([0, 255], np.uint8), 30)[None].repeat(40, 0)))
    image.save(path)
    project, photo_id = add_one(make_project, path)
    frame = project.photos.read(photo_id)
    assert near(frame[20, 10], (255, 255, 255), 0)
    assert near(frame[20, 50], GREEN, 1)


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_16_bit_gray_keeps_its_tones(make_project: MakeProject, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / "photos" / f"deep{suffix}"
    path.parent.mkdir()
    tones = np.linspace(0, 65535, 256).round().astype(np.uint16)[None].repeat(8, 0)
    Image.fromarray(tones).save(path)
    project, photo_id = add_one(make_project, path)
    frame = project.photos.read(photo_id)
    assert np.array_equal(frame[0, :, 0], np.arange(256))
    assert np.array_equal(frame[..., 0], frame[..., 2])


def test_an_animation_gives_its_first_frame_and_says_so(make_project: MakeProject, tmp_path: Path) -> None:
    path = tmp_path / "photos" / "moving.webp"
    path.parent.mkdir()
    two_halves().save(
        path, save_all=True, append_images=[Image.new("RGB", (60, 40)), two_halves()], duration=50
    )
    project, photo_id = add_one(make_project, path)
    assert near(project.photos.read(photo_id)[20, 10], RED, 25)
    assert project.photos.get(photo_id).note == "only the first of its 3 frames is used"


def bomb() -> bytes:
    """A small PNG that says it has 40,000 × 40,000 pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 40_000, 40_000, 8, 2, 0, 0, 0)
    body = zlib.compress(bytes(100_000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def cut_short() -> bytes:
    file = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 255, (80, 80, 3), dtype=np.uint8)
    Image.fromarray(noise).save(file, "JPEG")
    return file.getvalue()[:2000]


def floats() -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.zeros((8, 8), np.float32)).save(file, "TIFF")
    return file.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("empty.jpg", lambda: b"", "not a photo that can be read"),
        ("text.jpg", lambda: b"hello" * 100, "not a photo that can be read"),
        ("cut.jpg", cut_short, "damaged or cut short"),
        ("bomb.png", bomb, "far too many pixels"),
        ("float.tif", floats, "floating-point"),
    ],
)
def test_a_bad_photo_is_marked_broken_and_the_queue_goes_on(
    make_project: MakeProject, tmp_path: Path, name: str, content: Callable[[], bytes], why: str
) -> None:
    path = tmp_path / "photos" / name
    path.parent.mkdir()
    path.write_bytes(content())
    good = write_photo(path.parent / "good.jpg")
    project, photo_id = add_one(make_project, path)
    with pytest.raises(PhotoError, match=why) as caught:
        project.photos.read(photo_id)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    broken = project.photos.get(photo_id)
    assert broken.state == "broken"
    assert why in str(broken.reason)
    assert project.photos.counts().broken == 1
    session = project.sessions.start("ann")
    claim = project.queue.claim_next(session.id)
    assert claim is not None
    assert project.photos.get(claim.photo_id).path == good
    assert project.queue.claim_next(session.id) is None
    with pytest.raises(PhotoError, match=why):
        project.queue.claim(session.id, photo_id)


def test_a_mended_photo_comes_back(make_project: MakeProject, tmp_path: Path) -> None:
    path = tmp_path / "photos" / "a.jpg"
    path.parent.mkdir()
    path.write_bytes(b"")
    project, photo_id = add_one(make_project, path)
    with pytest.raises(PhotoError):
        project.photos.read(photo_id)
    write_photo(path)
    project.registration.add_folder(path.parent)
    assert project.photos.get(photo_id).state == "new"
    assert project.photos.read(photo_id).shape == (60, 80, 3)


def test_more_pixels_than_the_setting_allows(make_project: MakeProject, tmp_path: Path) -> None:
    path = write_photo(tmp_path / "photos" / "big.jpg", 1100, 1100)
    settings = Settings.model_validate({"photos": {"max_pixels": 1_000_000}})
    project, photo_id = add_one(make_project, path, settings)
    with pytest.raises(PhotoError, match=r"photos\.max_pixels"):
        project.photos.read(photo_id)


def test_a_deleted_photo_is_marked_broken(project: Project) -> None:
    first = project.photos.ids()[0]
    project.photos.get(first).path.unlink()
    with pytest.raises(PhotoError, match="is gone; put it back"):
        project.photos.read(first)
    assert project.photos.get(first).state == "broken"


def test_a_photo_replaced_after_labelling_is_not_used_silently(project: Project) -> None:
    first = project.photos.ids()[0]
    labels, provenance = some_mask()
    project.masks.save(first, labels, provenance, "ann", None)
    path = project.photos.get(first).path
    old = path.read_bytes()
    write_photo(path, seed=99)
    for _ in range(2):
        with pytest.raises(PhotoError, match="was replaced by another file after it had been labelled"):
            project.photos.read(first)
    assert project.masks.truth() == []
    path.write_bytes(old)
    project.registration.add_folder(path.parents[1] if path.parent.name == "ward" else path.parent)
    assert project.photos.read(first).shape == (60, 80, 3)
    assert [truth.photo_id for truth in project.masks.truth()] == [first]


def test_a_photo_replaced_before_labelling_is_read_afresh(project: Project) -> None:
    first = project.photos.ids()[0]
    project.photos.read(first)
    labels, confidence = some_mask()
    project.predictions.save(first, "0001", labels, confidence)
    write_photo(project.photos.get(first).path, 30, 50, seed=99)
    assert project.photos.read(first).shape == (30, 50, 3)
    assert (project.photos.get(first).height, project.photos.get(first).width) == (30, 50)
    assert project.predictions.get(first) is None


def test_touching_a_photo_changes_nothing(project: Project) -> None:
    first = project.photos.ids()[0]
    labels, provenance = some_mask()
    project.masks.save(first, labels, provenance, "ann", None)
    os.utime(project.photos.get(first).path, (1, 1))
    assert project.photos.read(first).shape == (60, 80, 3)
    assert project.photos.get(first).state == "labelled"


def test_scaling_never_enlarges_and_keeps_the_proportion() -> None:
    assert scaled_size(3000, 4000, 1024) == (768, 1024)
    assert scaled_size(60, 80, 1024) == (60, 80)
    assert scaled_size(1, 5000, 1000) == (1, 1000)


def test_counts_and_lists_agree(project: Project) -> None:
    ids = project.photos.ids()
    labels, provenance = some_mask()
    project.masks.save(ids[2], labels, provenance, "ann", None)
    counts = project.photos.counts()
    assert (counts.photos, counts.labelled) == (8, 1)
    assert sum(total for total, _ in counts.by_split.values()) == 8
    assert project.photos.ids(labelled=True) == [ids[2]]
    assert len(project.photos.ids(labelled=False)) == 7
    assert project.photos.ids(limit=3) == ids[:3]
    for split, (total, _) in counts.by_split.items():
        assert len(project.photos.ids(split=split)) == total
