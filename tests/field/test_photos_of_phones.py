"""Photos as phones and computers make them: other names and kinds, wide colours, sizes, damage."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from command_line import Skinseg
from field_masks import disc, save
from PIL import Image, ImageCms
from test_photos_with_wrong_headers import LIMIT, QUICK, picture

from trainer.errors import PhotoError
from trainer.project.files.decode import decode
from trainer.project.project import Project


def wide_profile() -> bytes:
    """An ICC profile of colours far from sRGB's: its own, with red and green exchanged."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    at = {bytes(profile[132 + 12 * i : 136 + 12 * i]): 132 + 12 * i for i in range(profile[131])}
    red, green = at[b"rXYZ"], at[b"gXYZ"]
    profile[red + 4 : red + 12], profile[green + 4 : green + 12] = (
        profile[green + 4 : green + 12],
        profile[red + 4 : red + 12],
    )
    return bytes(profile)


def by_profile(values: np.ndarray, profile: bytes) -> np.ndarray:
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    seen = ImageCms.profileToProfile(Image.fromarray(values), source, ImageCms.createProfile("sRGB"))
    assert seen is not None
    return np.asarray(seen)


@pytest.mark.parametrize("suffix", [".png", ".tif", ".webp"])
def test_colours_are_read_by_the_embedded_profile(tmp_path: Path, suffix: str) -> None:
    path, profile = tmp_path / f"wide{suffix}", wide_profile()
    options = {"lossless": True} if suffix == ".webp" else {}
    Image.fromarray(picture()).save(path, icc_profile=profile, **options)
    wanted = by_profile(picture(), profile)
    assert np.abs(wanted.astype(int) - picture()).max() > 20
    assert np.array_equal(decode(path, LIMIT).pixels, wanted)


def test_a_broken_profile_or_that_of_srgb_changes_nothing(tmp_path: Path) -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for index, profile in enumerate((srgb, b"no profile", wide_profile()[:300], srgb[:200] + bytes(400))):
        path = tmp_path / f"{index}.png"
        Image.fromarray(picture()).save(path, icc_profile=profile)
        assert np.array_equal(decode(path, LIMIT).pixels, picture())


def test_the_limit_of_pixels_is_the_setting_and_not_the_decoder_s(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1_000)
    path = tmp_path / "photos" / "large.png"
    save(picture(), path)  # 4,800 pixels: more than twice as many
    assert decode(path, 4_800).pixels.shape == (60, 80, 3)
    with pytest.raises(PhotoError, match=r"photos\.max_pixels \(4799\) allows; raise it"):
        decode(path, 4_799)


def test_a_round_goes_on_when_no_photo_without_a_mask_can_be_read(skinseg: Skinseg, tmp_path: Path) -> None:
    photos, masks = tmp_path / "photos", tmp_path / "masks"
    rows = ["photo,group,split"]
    for index in range(6):
        save(picture(index), photos / f"p{index}.jpg")
        save(disc(1), masks / f"p{index}.png")
        rows.append(f"p{index},g{index},{'val' if index == 5 else 'train'}")
    for index in range(2):
        (photos / f"u{index}.jpg").write_bytes(b"\xff\xd8 and nothing that follows from it")
        rows.append(f"u{index},u{index},train")
    (tmp_path / "groups.csv").write_text("\n".join(rows))
    study = tmp_path / "study"
    made = ("new", study, "--photos", photos, "--groups", tmp_path / "groups.csv", "--classes", "lesion")
    assert skinseg(*made, "--masks", masks).code == 0
    trained = skinseg("retrain", study, "--recipe", "consistency", *QUICK.split(), "--json")
    assert trained.code == 0, trained.err
    with Project.open(study, read_only=True) as project:
        assert project.photos.counts().broken == 2
    with (study / "skinseg.toml").open("a") as file:
        file.write("\n[photos]\nmax_pixels = 1_000_000\n")
    save(np.zeros((1001, 1000, 3), np.uint8), tmp_path / "more" / "large.png")
    save(np.zeros((1, 1, 3), np.uint8), tmp_path / "more" / "one.png")
    said = skinseg("predict", study, tmp_path / "more", "--out", tmp_path / "out", "--json").data
    assert (said["written"], [item["photo"] for item in said["failed"]]) == (1, ["large.png"])
    assert "photos.max_pixels (1000000)" in said["failed"][0]["why"]
    assert skinseg("predict", study, photos, "--out", photos / "out", "--json").data["written"] == 6
    save(picture(11), photos / "new.jpg")
    again = skinseg("add", study, photos, "--json").data
    assert (again["new"], again["passed_over"]) == (1, {"folders of masks": 1})


@pytest.mark.parametrize("size", [(1, 1), (1, 400), (400, 1)])
def test_a_photo_may_be_one_pixel_wide(tmp_path: Path, size: tuple[int, int]) -> None:
    save(np.full((*size, 3), 90, np.uint8), tmp_path / "thin.png")
    assert decode(tmp_path / "thin.png", LIMIT).pixels.shape == (*size, 3)
