"""Classes as the window draws them over skin: every pair stays apart, for every eye, and redness is seen."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from napari_skinseg.layers import drawing
from trainer.labels.classes import CLASS_SETS
from trainer.settings.window import WindowSettings

SCRIPT = Path(__file__).parents[2] / "tools" / "palette.py"
OPACITY = WindowSettings().opacity
pytestmark = pytest.mark.skipif(not SCRIPT.is_file(), reason="needs the sources, not the wheel alone")


@pytest.fixture(scope="module")
def palette() -> ModuleType:
    spec = importlib.util.spec_from_file_location("palette", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["skin9", "lesion"])
@pytest.mark.parametrize("against_skin", [False, True])
def test_classes_are_told_apart_by_their_rims_on_every_skin_by_every_eye(palette, name, against_skin):
    classes = CLASS_SETS[name]
    covers = [drawing.rim(OPACITY)] * classes.count
    if not against_skin:  # between its dots the background is bare, so that these pairs count below too
        covers[classes.background] = 0.0
    for cover in (drawing.rim(OPACITY), covers):
        seen = classes.names, classes.colours, cover, against_skin
        assert palette.worst_pair(*seen).distance >= 11.8, palette.worst_pair(*seen)
        normal = palette.worst_pair(*seen, eyes=("normal",))
        assert normal.distance >= 16.7, normal


@pytest.mark.parametrize("name", ["skin9", "lesion"])
def test_their_lines_are_farther_apart_and_their_fill_is_still_seen(palette, name):
    classes = CLASS_SETS[name]
    seen = classes.names, classes.colours
    assert palette.worst_pair(*seen, drawing.OUTLINE, False).distance >= 24
    assert palette.worst_pair(*seen, drawing.OUTLINE, True).distance >= 22
    assert palette.worst_pair(*seen, drawing.fill(OPACITY), False).distance >= 4.8


def test_redness_is_seen_through_every_class(palette):
    skin = palette.bare()
    bare = palette.lab(skin, "normal")
    for classes in (CLASS_SETS["skin9"], CLASS_SETS["lesion"]):
        for name, colour in zip(classes.names, palette.rgb(classes.colours), strict=True):
            cover = drawing.fill(OPACITY)
            under = palette.lab(cover * colour + (1 - cover) * skin, "normal")
            left = np.linalg.norm(under[:, 0] - under[:, 1], axis=-1)
            left /= np.linalg.norm(bare[:, 0] - bare[:, 1], axis=-1)
            assert left.min() >= 0.58, name


def test_the_dots_of_the_background_are_seen_on_every_tone_from_black_to_white(palette):
    navy = palette.rgb(CLASS_SETS["skin9"].colours[:1])
    dots = np.concatenate([navy, navy + drawing.PALE * (1 - navy)])
    greys = np.linspace(0, 1, 11)[:, None] * np.ones(3)
    tones = np.concatenate([palette.rgb(palette.MONK), greys])[:, None]
    cover = drawing.marks(OPACITY)
    for eye in palette.EYES:
        apart = palette.lab(cover * dots + (1 - cover) * tones, eye) - palette.lab(tones, eye)
        assert np.linalg.norm(apart, axis=-1).max(axis=1).min() >= 25, eye


def test_the_measure_is_the_one_it_says(palette):
    white, black, red = palette.lab(palette.rgb(("#ffffff", "#000000", "#ff0000")), "normal")
    assert white == pytest.approx((100, 0, 0), abs=0.1)
    assert black == pytest.approx((0, 0, 0), abs=0.1)
    assert red == pytest.approx((53.24, 80.09, 67.2), abs=0.1)
    for eye in palette.EYES:
        assert palette.lab(palette.rgb(("#808080",)), eye)[0, 1:] == pytest.approx((0, 0), abs=0.1)
    green, brown = palette.lab(palette.rgb(("#4a8a2c", "#a0702c")), "deutan")
    assert abs(green - brown)[1] < 12, "red and green fall together for a green-blind eye"
