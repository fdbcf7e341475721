"""Class sets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from trainer.errors import ConfigError
from trainer.labels.classes import CLASS_SETS, ClassSet, load_class_set

if TYPE_CHECKING:
    from pathlib import Path

# Machado, Oliveira, Fernandes 2009, severity 1, linear RGB.
COLOUR_BLIND = {
    "normal": np.eye(3),
    "protan": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deutan": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritan": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}


def test_the_nine_classes_have_their_order_and_keys() -> None:
    classes = CLASS_SETS["skin9"]
    assert classes.names == (
        "background",
        "uncertain",
        "face",
        "hand",
        "foot",
        "limb",
        "trunk",
        "scalp",
        "anogenital",
    )
    assert classes.keys == tuple("123456789")
    assert classes.skin == (1, 2, 3, 4, 5, 6, 7, 8)
    assert classes.uncertain == 1


@pytest.mark.parametrize("name", CLASS_SETS)
@pytest.mark.parametrize("eye", COLOUR_BLIND)
def test_colours_can_be_told_apart_by_every_eye(name: str, eye: str) -> None:
    colours = _lab(CLASS_SETS[name].colours, np.asarray(COLOUR_BLIND[eye]))
    apart = np.linalg.norm(colours[:, None] - colours[None], axis=-1)
    assert apart[np.triu_indices(len(colours), 1)].min() > 25


@pytest.mark.parametrize("name", CLASS_SETS)
def test_a_set_survives_being_written_down(name: str) -> None:
    assert ClassSet.from_dict(CLASS_SETS[name].to_dict()) == CLASS_SETS[name]


def test_a_file_may_name_background_and_leave_colours_out(tmp_path: Path) -> None:
    path = tmp_path / "nails.toml"
    path.write_text('names = ["skin", "nail", "rest"]\nbackground = "rest"\n')
    classes = load_class_set(path)
    assert (classes.name, classes.count, classes.background) == ("nails", 3, 2)
    assert len(classes.colours) == 3


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('names = ["a", "b", "A"]', "twice"),
        ('names = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"]', "10 classes"),
        ('names = ["a"]', "1 classes"),
        ('names = ["a", " "]', "without a name"),
        ('names = ["a", "b"]\ncolours = ["#112233", "red"]', "#rrggbb"),
        ('names = ["a", "b"]\ncolours = ["#112233", "#112233"]', "one colour twice"),
        ('names = ["a", "b"]\ncolour = ["#112233", "#112234"]', "unknown field 'colour'"),
        ('names = ["a", "b"]\nbackground = "c"', "not one of its classes"),
        ("names = [", "cannot be read"),
        ("name = 'x'", "list of class names"),
    ],
)
def test_a_bad_class_file_is_refused_in_one_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "classes.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=message) as caught:
        load_class_set(path)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)


def test_an_unknown_set_names_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="skin9, lesion, podocyte"):
        load_class_set("skin8")


def _lab(colours: tuple[str, ...], seen: np.ndarray) -> np.ndarray:
    rgb = np.array([list(bytes.fromhex(colour[1:])) for colour in colours]) / 255
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    linear = np.clip(linear @ seen.T, 0, 1)
    to_xyz = np.array(
        [
            [0.4124564, 0.3575761, 0.1804375],
            [0.2126729, 0.7151522, 0.072175],
            [0.0193339, 0.119192, 0.9503041],
        ]
    )
    xyz = linear @ to_xyz.T / (0.95047, 1, 1.08883)
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.stack([116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])], -1)
