"""`predict` writes into a folder; what is there already stays."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

from PIL import Image

if TYPE_CHECKING:
    from pathlib import Path


def test_predict_never_overwrites_a_photo_or_a_mask(skinseg: Any, trained: Any, tmp_path: Path) -> None:
    photo = tmp_path / "photo.png"
    Image.new("RGB", (90, 80), (180, 140, 120)).save(photo)
    before = photo.read_bytes()
    onto_the_photos = skinseg("predict", trained[0], tmp_path, "--out", tmp_path, "--device", "cpu")
    assert onto_the_photos.code == 2
    assert "holds the photos" in onto_the_photos.err
    assert photo.read_bytes() == before
    out = tmp_path / "out"
    assert skinseg("predict", trained[0], photo, "--out", out, "--device", "cpu").code == 0
    corrected = (out / "photo.png").read_bytes()
    assert skinseg("predict", trained[0], photo, "--out", out, "--device", "cpu").code == 2
    assert (out / "photo.png").read_bytes() == corrected


def test_predict_leaves_a_folder_of_photos_to_the_photos(
    skinseg: Any, trained: Any, tiny_folder: Any, tmp_path: Path
) -> None:
    """Masks among them would be taken for photos the next time, and for truth by an import."""
    photos = tmp_path / "photos"
    photos.mkdir()
    shutil.copy(tiny_folder.photos / "tiny_00.jpg", photos)
    said = skinseg("predict", trained[0], photos, "--out", photos, "--device", "cpu")
    assert said.code == 2
    assert "name another" in said.err
    assert [path.name for path in photos.iterdir()] == ["tiny_00.jpg"]
