"""What strokes are followed by is made by the trainer: by the served probe, of photos that windows hold."""

import shutil

import numpy as np
import pytest
from PIL import Image

from trainer.features.cache import feature_cache
from trainer.inference.predictor import Predictor
from trainer.instant.cues import DEPTH, cues_of, usable
from trainer.instant.follow import follow
from trainer.labels.values import PAINTED, PROPOSED
from trainer.service.photo_server import PhotoServer
from trainer.settings.model import Settings
from trainer.settings.plan import Lane
from trainer.training.round import run_round

PROBE = {
    "backbone": "handmade",
    "heads": 2,
    "width": 32,
    "steps_heads": 120,
    "lr_heads": 5e-3,
    "photo_side": 96,
    "pixels": 128,
}

HAND, LIMB = 4, 6


@pytest.fixture
def held(project):
    """A project with a served probe, and a photo without a mask that a window holds."""
    settings = Settings.model_validate({"training": {"threads": 1}, "probe": PROBE})
    result = run_round(project, settings, lane=Lane.BATCH, recipe="probe", device="cpu")
    session = project.sessions.start("anna")
    photo_id = project.photos.ids("val")[0]
    assert project.queue.claim(session.id, photo_id) is not None
    return project, result.model_id, photo_id


def served(project, server):
    """Serve until nothing is wanted; return what was said."""
    return list(iter(lambda: server.serve_one(head=False), ""))


def kept(project, photo_id, model_id):
    return project.activations.read(photo_id, project.photos.get(photo_id).sha256, model_id)


def test_they_hold_the_probabilities_and_the_distances_between_cells(held):
    project, model_id, photo_id = held
    photo = project.photos.read(photo_id)
    predictor = Predictor(project.models.folder(model_id), "cpu")
    values = predictor.activations(photo)
    assert values.dtype == np.float16
    assert usable(values, 9)
    height, width = photo.shape[:2]
    long = max(height, width)
    assert values.shape == (-(-round(height * 96 / long) // 4), -(-round(width * 96 / long) // 4), 9 + DEPTH)
    assert np.allclose(values[..., :9].astype(float).sum(axis=-1), 1, atol=0.01)
    again = Predictor(project.models.folder(model_id), "cpu", features=feature_cache(project))
    assert np.allclose(values[..., :9], again.activations(photo)[..., :9], atol=0.01)


def test_they_are_made_for_photos_that_windows_hold_and_made_again_when_the_cache_is_gone(held):
    project, model_id, photo_id = held
    server = PhotoServer(project, "cpu")
    said = served(project, server)
    assert any("strokes" in words for words in said)
    assert kept(project, photo_id, model_id) is not None
    assert kept(project, photo_id, "9999") is None
    assert len(list((project.path / "cache" / "activations").iterdir())) == 1, "of the held photo only"
    shutil.rmtree(project.path / "cache")
    assert any("strokes" in words for words in served(project, server))
    assert kept(project, photo_id, model_id) is not None


def test_a_replaced_photo_gets_its_own(held, tmp_path):
    project, model_id, labelled = held
    (tmp_path / "more").mkdir()
    shutil.copy(project.photos.get(labelled).path, tmp_path / "more" / "new.jpg")
    with Image.open(tmp_path / "more" / "new.jpg") as picture:
        picture.resize((120, 100)).save(tmp_path / "more" / "new.jpg")
    project.registration.add_folder(tmp_path / "more")
    (photo_id,) = project.photos.ids(labelled=False)
    session = project.sessions.start("bert")
    assert project.queue.claim(session.id, photo_id) is not None
    server = PhotoServer(project, "cpu")
    served(project, server)
    before = kept(project, photo_id, model_id)
    path = project.photos.get(photo_id).path
    with Image.open(path) as picture:
        turned = picture.rotate(180)
    turned.save(path, quality=95)
    project.photos.read(photo_id)
    assert kept(project, photo_id, model_id) is None, "those of the old picture are never found"
    served(project, server)
    after = kept(project, photo_id, model_id)
    assert after is not None
    assert not np.array_equal(before, after)


def test_a_stroke_on_the_blob_of_a_probe_takes_the_blob_along(held):
    project, model_id, photo_id = held
    photo = project.photos.read(photo_id)
    predictor = Predictor(project.models.folder(model_id), "cpu")
    labels = predictor.predict(photo).labels.copy()
    blob = np.isin(labels, (HAND, 7))
    rows, columns = np.nonzero(blob)
    middle = np.argmin((rows - rows.mean()) ** 2 + (columns - columns.mean()) ** 2)
    there = (slice(rows[middle] - 5, rows[middle] + 6), slice(columns[middle] - 2, columns[middle] + 3))
    provenance = np.full(labels.shape, PROPOSED, np.uint8)
    labels[there], provenance[there] = LIMB, PAINTED
    found = follow(cues_of(photo, 9, predictor.activations(photo)), labels, provenance)
    assert found.area is not None
    labels[found.area] = found.labels
    around = (slice(rows[middle] - 11, rows[middle] + 12), slice(columns[middle] - 11, columns[middle] + 12))
    assert (labels[around][blob[around]] == LIMB).mean() > 0.85
    assert (labels[~blob] == LIMB).mean() < 0.1
