"""Write a folder of synthetic photos: bursts, sizes, aspect ratios, EXIF orientations, masks and groups."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from trainer.labels.classes import CLASS_SETS
from trainer.synthetic.render import SceneInfo, render_photo

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

ASPECTS = ((4, 3), (4, 3), (16, 9), (1, 1), (3, 2))
STORED = {
    1: None,
    3: Image.Transpose.ROTATE_180,
    6: Image.Transpose.ROTATE_90,
    8: Image.Transpose.ROTATE_270,
}
"""EXIF orientation: how the sensor's pixels lie, as a turn of the upright picture."""


@dataclass(frozen=True)
class Written:
    """One photo on disk."""

    photo: Path
    mask: Path
    group: str
    split: str | None
    orientation: int
    size: tuple[int, int]
    """Oriented (height, width)."""
    info: SceneInfo


def render_photos(
    out: str | Path,
    count: int,
    seed: int,
    long_side: int = 1024,
    progress: Callable[[int], None] | None = None,
    splits: bool = False,
    quality: int = 86,
) -> list[Written]:
    """Render `count` photos under `out`.

    Writes `out/photos/<stem>.jpg`, `out/masks/<stem>.png` (pixel = class index 0..8, oriented pixels) and
    `out/groups.csv` with columns photo, group and, with `splits`, split. Same arguments, same files.

    Parameters
    ----------
    long_side
        Longest side of the largest photos, pixels; some are up to a quarter smaller.
    progress
        Called with the number of photos written so far.
    splits
        Also write a split column: every fourth group val, every eighth test.
    quality
        JPEG quality of the photos.
    """
    out = Path(out)
    (out / "photos").mkdir(parents=True, exist_ok=True)
    (out / "masks").mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng([seed, 77])
    written: list[Written] = []
    group = 0
    while len(written) < count:
        shots = int(rng.choice([1, 2, 3], p=[0.78, 0.14, 0.08]))
        scene_seed = int(rng.integers(2**62))
        size = _size(rng, long_side)
        split = (
            ("train", "train", "train", "val", "train", "train", "train", "test")[group % 8]
            if splits
            else None
        )
        for shot in range(min(shots, count - len(written))):
            orientation = int(rng.choice([1, 3, 6, 8], p=[0.55, 0.1, 0.25, 0.1]))
            written.append(
                _write(out, len(written), group, scene_seed, shot, size, orientation, split, quality)
            )
            if progress is not None:
                progress(len(written))
        group += 1
    _write_groups(out / "groups.csv", written, splits)
    return written


def _size(rng: np.random.Generator, long_side: int) -> tuple[int, int]:
    long = round(long_side * float(rng.choice([1, 1, 0.9, 0.75])))
    a, b = ASPECTS[int(rng.integers(len(ASPECTS)))]
    short = round(long * b / a)
    return (long, short) if rng.random() < 0.62 else (short, long)


def _write(
    out: Path, number: int, group: int, scene: int, shot: int, size: tuple[int, int], orientation: int,
    split: str | None, quality: int,
) -> Written:  # fmt: skip
    rgb, mask, info = render_photo(scene, *size, shot=shot)
    stem = f"photo_{number:04d}"
    photo, target = out / "photos" / f"{stem}.jpg", out / "masks" / f"{stem}.png"
    picture = Image.fromarray(rgb)
    turn = STORED[orientation]
    if turn is not None:
        picture = picture.transpose(turn)
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F], exif[0x0110] = "SkinSeg", "Synthetic phone"
    picture.save(photo, quality=quality, exif=exif, subsampling=2, optimize=True)
    _indexed(mask).save(target, optimize=True)
    return Written(photo, target, f"visit_{group:04d}", split, orientation, size, info)


def _indexed(mask: NDArray[np.uint8]) -> Image.Image:
    picture = Image.fromarray(mask)
    colours = bytes.fromhex("".join(colour[1:] for colour in CLASS_SETS["skin9"].colours))
    picture.putpalette(colours)
    return picture


def _write_groups(path: Path, written: list[Written], splits: bool) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["photo", "group", "split"] if splits else ["photo", "group"])
        for item in written:
            row = [item.photo.stem, item.group]
            writer.writerow([*row, item.split] if splits else row)
