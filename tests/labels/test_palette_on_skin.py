"""Class colours as the window blends them over skin: every pair stays apart, for every eye."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from trainer.labels.classes import CLASS_SETS
from trainer.settings.window import WindowSettings

SCRIPT = Path(__file__).parents[2] / "tools" / "palette.py"
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
def test_classes_are_told_apart_on_every_skin_by_every_eye(palette, name, against_skin):
    classes = CLASS_SETS[name]
    seen = classes.names, classes.colours, WindowSettings().opacity, against_skin
    assert palette.worst_pair(*seen).distance >= 11.8, palette.worst_pair(*seen)
    normal = palette.worst_pair(*seen, eyes=("normal",))
    assert normal.distance >= 16.7, normal


def test_the_measure_is_the_one_it_says(palette):
    white, black, red = palette.lab(palette.rgb(("#ffffff", "#000000", "#ff0000")), "normal")
    assert white == pytest.approx((100, 0, 0), abs=0.1)
    assert black == pytest.approx((0, 0, 0), abs=0.1)
    assert red == pytest.approx((53.24, 80.09, 67.2), abs=0.1)
    for eye in palette.EYES:
        assert palette.lab(palette.rgb(("#808080",)), eye)[0, 1:] == pytest.approx((0, 0), abs=0.1)
    green, brown = palette.lab(palette.rgb(("#4a8a2c", "#a0702c")), "deutan")
    assert abs(green - brown)[1] < 12, "red and green fall together for a green-blind eye"
