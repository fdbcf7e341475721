"""Classes on the screen: colours, names, and hiding without changing."""

from __future__ import annotations

import numpy as np
import pytest
from napari.layers import Labels

from napari_skinseg.layers.palette import class_name, colormap, stored_values
from trainer.labels.classes import CLASS_SETS
from trainer.labels.values import lookup


@pytest.mark.parametrize("name", sorted(CLASS_SETS))
def test_every_class_has_its_colour_and_zero_is_clear(name):
    classes = CLASS_SETS[name]
    layer = Labels(np.zeros((4, 4), np.uint8), colormap=colormap(classes))
    assert list(stored_values(classes)) == list(range(1, classes.count + 1))
    for value in stored_values(classes):
        red, green, blue, alpha = layer.get_color(value)
        wanted = classes.colours[value - 1]
        assert f"#{round(red * 255):02x}{round(green * 255):02x}{round(blue * 255):02x}" == wanted.lower()
        assert alpha == 1
    assert layer.colormap.map(0)[3] == 0
    assert layer.colormap.map(200)[3] == 0, "a stranger is not shown as a class"


def test_a_hidden_class_is_clear_and_the_others_are_not():
    classes = CLASS_SETS["skin9"]
    shown = colormap(classes, hidden={3, 4})
    assert [bool(shown.map(value)[3]) for value in (2, 3, 4, 5)] == [True, False, False, True]


def test_hiding_all_classes_hides_all():
    classes = CLASS_SETS["lesion"]
    layer = Labels(np.ones((4, 4), np.uint8), colormap=colormap(classes, hidden=set(stored_values(classes))))
    assert layer.get_color(1)[3] == 0


def test_names_and_lookup():
    classes = CLASS_SETS["skin9"]
    assert class_name(classes, 1) == "background"
    assert class_name(classes, 9) == "anogenital"
    assert class_name(classes, 0) == class_name(classes, 77) == "not labelled"
    labels = np.array([[0, 3, 255]], np.uint8)
    assert lookup({3, 255})[labels].tolist() == [[False, True, True]]
