"""What a rendered photo must be: the same each time, exactly masked, and worth learning colours from."""

from __future__ import annotations

import colorsys
import subprocess
import sys

import numpy as np
import pytest

from trainer.labels.classes import CLASS_SETS
from trainer.synthetic.materials import MATERIALS
from trainer.synthetic.noise import srgb_from_linear
from trainer.synthetic.render import render_photo
from trainer.synthetic.scene import FRAMINGS

CLASS_NAMES = CLASS_SETS["skin9"].names

FACE, HAND, FOOT, LIMB, TRUNK, SCALP, ANOGENITAL = range(2, 9)


def test_the_same_seed_gives_the_same_photo_and_another_seed_another() -> None:
    first, mask, info = render_photo(5, 120, 90)
    again, mask_again, info_again = render_photo(5, 120, 90)
    other, _, _ = render_photo(6, 120, 90)
    np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(mask, mask_again)
    assert info == info_again
    assert (first != other).mean() > 0.5


def test_a_generator_can_stand_in_for_the_seed() -> None:
    rng = np.random.default_rng(0)
    first, second = (render_photo(rng, 64, 48)[0] for _ in range(2))
    assert (first != second).any()
    np.testing.assert_array_equal(first, render_photo(np.random.default_rng(0), 64, 48)[0])


@pytest.mark.parametrize("size", [(97, 64), (64, 97), (33, 201), (1201, 901), (2305, 1801)])
def test_photo_and_mask_have_the_size_asked_for(size: tuple[int, int]) -> None:
    rgb, mask, _ = render_photo(1, *size)
    assert rgb.shape == (*size, 3)
    assert rgb.dtype == mask.dtype == np.uint8
    assert mask.shape == size
    assert mask.max() < 9


def test_all_classes_come_up_and_rare_ones_are_rare() -> None:
    pixels = np.zeros(9)
    for seed in range(60):
        _, mask, _ = render_photo(1000 + seed, 96, 72)
        pixels += np.bincount(mask.ravel(), minlength=9)
    assert (pixels > 0).all(), dict(zip(CLASS_NAMES, pixels, strict=True))
    rare = [pixels[ANOGENITAL], pixels[SCALP], pixels[FOOT]]
    assert max(rare) < min(pixels[LIMB], pixels[TRUNK])
    assert pixels[ANOGENITAL] < pixels[[FACE, HAND, FOOT]].min()


@pytest.mark.parametrize(
    ("framing", "label"),
    [
        ("face", FACE),
        ("hand", HAND),
        ("foot", FOOT),
        ("forearm", LIMB),
        ("leg", LIMB),
        ("trunk", TRUNK),
        ("scalp", SCALP),
    ],
)
def test_a_close_up_shows_its_part(framing: str, label: int) -> None:
    shares = [float((render_photo(seed, 96, 96, framing)[1] == label).mean()) for seed in range(8)]
    assert np.median(shares) > 0.05


def test_the_shares_of_the_framings_add_up_to_one() -> None:
    assert pytest.approx(1) == sum(FRAMINGS.values())


def test_a_mask_follows_the_picture_to_the_pixel() -> None:
    """Across the mask's rim colours change more than two pixels away from it on either side."""
    rim, away = [], []
    for seed in range(6):
        rgb, mask, _ = render_photo(seed, 192, 144, "hand")
        step = np.abs(np.diff(rgb.astype(float), axis=1)).sum(-1)
        edge = (mask[:, 1:] == HAND) & (mask[:, :-1] == 0)
        rim.append(step[edge].mean())
        away.append(step[np.roll(edge, 4, axis=1)].mean())
    assert np.median(np.array(rim) / np.array(away)) > 1.5


def test_later_shots_of_a_burst_are_near_duplicates() -> None:
    first, mask, _ = render_photo(9, 128, 96)
    second, mask_second, _ = render_photo(9, 128, 96, shot=1)
    other, _, _ = render_photo(10, 128, 96)
    assert (mask != mask_second).any()
    assert np.abs(first.mean((0, 1)) - second.mean((0, 1))).max() < 30
    colours = [
        np.histogramdd(p.reshape(-1, 3) // 32, bins=8, range=[(0, 8)] * 3)[0] for p in (first, second, other)
    ]
    shared = [np.minimum(colours[0], c).sum() / colours[0].sum() for c in colours[1:]]
    assert shared[0] > shared[1]


def hue_and_light(name: str, seed: int) -> tuple[float, float]:
    """Median hue (degrees) and luminance of a material."""
    linear = MATERIALS[name](np.random.default_rng(seed), (96, 96), 4.0)
    r, g, b = np.median(srgb_from_linear(linear).reshape(-1, 3), axis=0)
    return 360 * colorsys.rgb_to_hsv(r, g, b)[0], float(0.3 * r + 0.59 * g + 0.11 * b)


def test_hue_follows_from_the_material_and_not_from_its_brightness() -> None:
    seen = {name: [hue_and_light(name, seed) for seed in range(12)] for name in MATERIALS}
    means = {name: float(np.mean([hue for hue, _ in values])) for name, values in seen.items()}
    for name, values in seen.items():
        assert np.ptp([hue for hue, _ in values]) < 45, name
    assert 70 < means["grass"] < 140
    assert 15 < means["wood"] < 45
    assert 165 < means["tiles"] < 200
    ranges = {name: (min(v for _, v in values), max(v for _, v in values)) for name, values in seen.items()}
    same_light = [
        (a, b)
        for a in MATERIALS
        for b in MATERIALS
        if abs(means[a] - means[b]) > 60 and min(ranges[a][1], ranges[b][1]) > max(ranges[a][0], ranges[b][0])
    ]
    assert len(same_light) >= 8


def test_skin_covers_the_range_of_tones() -> None:
    angles = [render_photo(seed, 32, 24)[2].ita for seed in range(60)]
    assert min(angles) < -40
    assert max(angles) > 50
    values = []
    for seed in range(24):
        rgb, mask, _ = render_photo(seed, 96, 72, "forearm")
        values.append(rgb[mask == LIMB].mean())
    assert max(values) > 2 * min(values)


def test_the_renderer_needs_neither_torch_nor_napari() -> None:
    code = (
        "import sys, trainer.synthetic; print([m for m in ('torch', 'napari', 'qtpy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
