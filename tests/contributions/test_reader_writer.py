"""What napari opens and saves for us, and what it refuses."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Labels
from PIL import Image

from napari_skinseg.contributions import reader
from napari_skinseg.contributions.reader import get_reader, read_group
from napari_skinseg.contributions.writer import classes_of, write_group, write_png
from napari_skinseg.layers.layers import WorkspaceLayers
from napari_skinseg.widgets import workspace
from trainer.errors import MaskError
from trainer.labels.classes import CLASS_SETS


@pytest.fixture
def labels() -> np.ndarray:
    picture = np.zeros((30, 40), np.int32)
    picture[5:10, 5:20] = 1
    picture[15:25, 10:30] = 9
    return picture


def test_a_saved_mask_opens_with_names_and_colours(project, labels):
    photo = project.photos.ids()[0]
    shape = project.photos.read(photo).shape[:2]
    mask = np.zeros(shape, np.uint8)
    mask[3:9] = 4
    revision = project.masks.save(photo, mask, np.where(mask, 3, 0).astype(np.uint8), "ann", None)
    read = get_reader(str(revision.path))
    (values, about, kind), (provenance, hidden, _) = read(str(revision.path))
    np.testing.assert_array_equal(values, mask)
    assert kind == "labels"
    assert about["metadata"]["classes"][4] == "hand"
    assert tuple(np.round(about["colormap"][4][:3] * 255)) == tuple(
        bytes.fromhex(CLASS_SETS["skin9"].colours[3][1:])
    )
    assert hidden["visible"] is False
    assert set(np.unique(provenance)) == {0, 3}


def test_the_layer_can_be_added_to_a_viewer(make_napari_viewer, labels, tmp_path):
    path = str(tmp_path / "arm.zarr")
    write_group(path, labels, {})
    viewer = make_napari_viewer()
    for data, about, _ in read_group(path):
        viewer.add_labels(data, **about)
    assert [layer.name for layer in viewer.layers] == ["arm", "arm provenance"]
    wanted = [*bytes.fromhex(CLASS_SETS["skin9"].colours[8][1:]), 255]
    np.testing.assert_allclose(viewer.layers[0].get_color(9) * 255, wanted, atol=1)


def test_a_group_comes_back_as_it_was_written(labels, tmp_path):
    path = str(tmp_path / "arm.zarr")
    assert write_group(path, labels, {}) == [path]
    (values, *_), (provenance, *_) = read_group(path)
    np.testing.assert_array_equal(values, labels)
    assert values.dtype == np.uint8
    np.testing.assert_array_equal(provenance, np.where(labels > 0, 3, 0))


def test_a_saved_layer_keeps_its_own_class_set(tmp_path):
    lesion = CLASS_SETS["lesion"]
    layer = WorkspaceLayers(ViewerModel(), lesion, brush_size=9, opacity=0.5).annotation
    layer.data = np.array([[0, 1], [2, 2]], np.uint8)
    first, second = str(tmp_path / "a.zarr"), str(tmp_path / "b.zarr")
    data, about, _ = layer.as_layer_data_tuple()
    write_group(first, data, about)
    values, about, _ = read_group(first)[0]
    assert about["metadata"]["classes"] == {0: "not labelled", 1: "background", 2: "lesion"}
    opened = Labels(values, **{k: v for k, v in about.items() if k != "name"})
    write_group(second, opened.data, opened.as_layer_data_tuple()[1])
    assert read_group(second)[0][1]["metadata"]["class_set"] == lesion.to_dict()
    with pytest.raises(MaskError, match="the label 3, but its classes end at 2"):
        write_group(str(tmp_path / "c.zarr"), np.full((2, 2), 3), opened.as_layer_data_tuple()[1])


def test_a_layer_of_others_gives_its_names_and_colours_or_neutral_ones(labels, tmp_path):
    red, green = np.array([1.0, 0, 0, 1]), np.array([0, 1.0, 0, 1])
    colours = {None: np.zeros(4), 1: red, 2: green}
    about = {"features": {"index": [0, 1, 2], "class": ["none", "nail", "wart"]}, "colormap": colours}
    classes = classes_of(np.array([[0, 2]], np.uint8), about)
    assert (classes.names, classes.colours) == (("nail", "wart"), ("#ff0000", "#00ff00"))
    neutral = classes_of(labels.astype(np.uint8), {})
    assert neutral.names == tuple(f"class {value}" for value in range(1, 10))
    with pytest.raises(MaskError, match="twice"):
        write_group(str(tmp_path / "x.zarr"), labels, {"metadata": {"classes": {1: "a", 2: "a"}}})


def test_a_group_is_never_overwritten(labels, tmp_path):
    path = str(tmp_path / "arm.zarr")
    write_group(path, labels, {})
    with pytest.raises(MaskError, match="choose a new name"):
        write_group(path, labels, {})


def test_a_png_holds_class_indices(labels, tmp_path):
    path = str(tmp_path / "arm.png")
    assert write_png(path, labels, {}) == [path]
    pixels = np.asarray(Image.open(path))
    assert pixels.dtype == np.uint8
    assert (pixels[0, 0], pixels[6, 6], pixels[20, 20]) == (255, 0, 8)


@pytest.mark.parametrize(
    ("data", "words"),
    [(np.zeros((2, 3, 4), int), "3 dimensions"), (np.full((3, 3), 10), "has 10"), (np.full((2, 2), -1), "0")],
)
def test_labels_that_are_no_mask_are_refused(data, words, tmp_path):
    with pytest.raises(MaskError, match=words):
        write_png(str(tmp_path / "x.png"), data, {})
    assert not list(tmp_path.iterdir())


def test_strangers_are_left_to_other_readers(tmp_path):
    (tmp_path / "other.zarr").mkdir()
    (tmp_path / "photo.jpg").write_bytes(b"")
    assert get_reader(str(tmp_path)) is None
    assert get_reader(str(tmp_path / "other.zarr")) is None
    assert get_reader(str(tmp_path / "photo.jpg")) is None
    assert get_reader([str(tmp_path)]) is None


def test_a_project_folder_opens_the_workspace(project, make_napari_viewer, monkeypatch):
    opened = []
    monkeypatch.setattr(workspace, "open_workspace", lambda viewer, path: opened.append((viewer, path)))
    viewer = make_napari_viewer()
    for path in (project.path, project.path / "skinseg.toml"):
        read = get_reader(str(path))
        assert read is reader.read_project
        assert read(str(path)) == [(None,)]
    assert opened == [(viewer, project.path)] * 2


def test_the_command_line_refuses_a_folder_that_is_no_project(tmp_path):
    command = [
        sys.executable,
        "-P",
        "-m",
        "napari_skinseg",
        "screenshot",
        str(tmp_path),
        str(tmp_path / "x.png"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 2
    assert str(tmp_path) in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_the_command_line_takes_a_picture_of_the_window(project, tmp_path):
    out = tmp_path / "pictures" / "window.png"
    command = [sys.executable, "-P", "-m", "napari_skinseg", "screenshot", str(project.path), str(out)]
    done = subprocess.run(
        [*command, "--size", "1200x800"], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert Image.open(out).size == (1200, 800)


def test_a_size_that_is_none_is_refused(project, tmp_path):
    command = [sys.executable, "-P", "-m", "napari_skinseg", "screenshot", str(project.path)]
    done = subprocess.run(
        [*command, str(tmp_path / "x.png"), "--size", "large"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "1440x900" in done.stderr
