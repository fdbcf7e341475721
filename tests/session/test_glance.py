"""A large photo shows a coarse picture while its pixels are decoded, and the view stays as it was moved."""

import threading

import numpy as np
import pytest
from PIL import ExifTags, Image
from workbench import until

from napari_skinseg.session import loading
from napari_skinseg.session.glance import coarse_levels
from trainer.project.project import Project
from trainer.project.states import AccessKind

HEIGHT, WIDTH = 1601, 2003  # more than are decoded at once, and no multiple of anything


@pytest.fixture
def large(tmp_path):
    """A project of one photo of 3.2 megapixels that lies on its side; its left half is red, upright."""
    (tmp_path / "photos").mkdir()
    upright = np.full((HEIGHT, WIDTH, 3), (40, 90, 200), np.uint8)
    upright[:, : WIDTH // 2] = (200, 60, 40)
    turned = Image.fromarray(upright).transpose(Image.Transpose.ROTATE_90)
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    turned.save(tmp_path / "photos" / "large.jpg", quality=95, exif=exif)
    with Project.create(tmp_path / "project") as project:
        project.registration.add_folder(tmp_path / "photos")
        yield project


@pytest.fixture
def decoding(monkeypatch):
    """An event without which no photo is decoded at full size."""
    go, load = threading.Event(), loading.load_photo

    def wait(*args, **options):
        assert go.wait(20)
        return load(*args, **options)

    monkeypatch.setattr(loading, "load_photo", wait)
    return go


def test_the_coarse_picture_is_upright_and_has_the_sizes_of_the_photo_s_pyramid(large):
    photo_id = large.photos.ids()[0]
    levels = coarse_levels(large, photo_id)
    assert [level.shape for level in levels] == [(1601, 2003, 3), (801, 1002, 3), (401, 501, 3)]
    whole = large.photos.read(photo_id).astype(int)
    assert np.abs(levels[0].astype(int) - whole).mean() < 3


def test_a_photo_is_seen_before_it_is_decoded_and_the_view_stays(large, decoding, open_session):
    session = open_session(large)
    session.open_next()
    until(session, lambda: session._navigator.glance.photo_id is not None)
    assert session.current is None, "nothing can be painted that would be lost"
    assert session.photo_layer.data[0].shape == (HEIGHT, WIDTH, 3)
    order, camera = list(session.viewer.layers), session.viewer.scene.camera
    camera.zoom, camera.center = 3.0, (0.0, 400.0, 700.0)
    decoding.set()
    until(session, lambda: session.current is not None)
    assert (camera.zoom, camera.center) == (3.0, (0.0, 400.0, 700.0))
    assert list(session.viewer.layers) == order
    assert session.viewer.layers.selection.active is session.annotation_layer
    assert np.array_equal(session.photo_layer.data[0], large.photos.read(session.current.photo.id))
    assert session.annotation_layer.data.shape == (HEIGHT, WIDTH)
    until(session, lambda: not session._background.busy)
    assert [entry.how for entry in large.access.entries()] == [AccessKind.WINDOW], "seen once"


def test_a_photo_that_cannot_be_opened_leaves_no_picture_behind(large, decoding, open_session):
    session = open_session(large)
    session.open_next()
    until(session, lambda: session._navigator.glance.photo_id is not None)
    large.photos.get(large.photos.ids()[0]).path.write_bytes(b"\xff\xd8 no photo any more")
    decoding.set()
    until(session, lambda: "cannot be read" in session.status)
    assert session.photo_layer.data[0].shape[0] < 100
