"""Rounds of the probe on a real project: trained, resumed, served, and right after masks have changed."""

import json
import shutil

import numpy as np
import pytest
import torch

from trainer.data.photo_cache import resize_nearest
from trainer.errors import ConfigError, SkinsegError
from trainer.inference.disagreement import disagreement
from trainer.inference.predictor import Predictor, to_working_size
from trainer.networks.architectures import build_segmenter
from trainer.networks.weights import read_weights
from trainer.project.import_export.mask_import import import_masks
from trainer.project.project import Project
from trainer.settings.model import Settings
from trainer.settings.plan import Lane
from trainer.training.resolve_plan import make_plan
from trainer.training.round import run_round
from trainer.training.round_context import StopRound

PROBE = {"backbone": "handmade", "heads": 2, "width": 32, "steps_heads": 30, "photo_side": 96, "pixels": 128}
ENOUGH = {"steps_heads": 120, "lr_heads": 5e-3}
HAND, LIMB = 4, 6
"""Values of labels, as they are stored."""


@pytest.fixture(autouse=True)
def no_weights(monkeypatch, tmp_path):
    """A user without weights."""
    monkeypatch.setenv("SKINSEG_WEIGHTS", str(tmp_path / "nothing"))


def probe_settings(**changes):
    return Settings.model_validate({"training": {"threads": 1}, "probe": PROBE | changes})


def probe_round(project, **changes):
    lane = changes.pop("lane", Lane.BATCH)
    choices = {key: changes.pop(key) for key in ("round_id", "tick", "labels_fraction") if key in changes}
    return run_round(project, probe_settings(**changes), lane=lane, recipe="probe", device="cpu", **choices)


def weights_of(project, model_id):
    return read_weights(project.models.folder(model_id) / "weights.safetensors")


def test_a_round_gives_a_model_that_is_served_and_finds_the_blobs(project, tmp_path):
    result = probe_round(project, **ENOUGH)
    assert result.served
    assert result.val["dice9"] > 0.8
    folder = project.models.folder(result.model_id)
    card = json.loads((folder / "model.json").read_text())
    assert card["network"]["arch"] == "probe"
    assert card["network"]["encoder"] == "handmade"
    assert card["plan"]["long_side"] == 96
    assert card["plan"]["edges"] is True
    assert card["temperature"] > 0
    shutil.copytree(folder, tmp_path / "elsewhere")  # a model folder is all that a prediction needs
    photo = project.photos.read(1)
    here, there = (Predictor(path, "cpu").predict(photo) for path in (folder, tmp_path / "elsewhere"))
    assert (here.labels == there.labels).all()
    assert {HAND, 7} & set(np.unique(here.labels).tolist())


def test_a_stopped_round_goes_on_to_the_same_weights(project):
    straight = probe_round(project)

    def stop(progress):
        if progress.phase == "train" and progress.step == 12:
            raise StopRound("test")

    with pytest.raises(StopRound):
        probe_round(project, tick=stop)
    left = next(r.id for r in project.trainer.rounds() if r.ended is None)
    resumed = probe_round(project, round_id=left)
    first, second = (weights_of(project, r.model_id) for r in (straight, resumed))
    assert first.keys() == second.keys()
    assert all(torch.equal(first[name], second[name]) for name in first)


def relabel_hands(project):
    """Correct every train mask with a hand to a limb; returns the photos, each with its mask before."""
    corrected = {}
    for truth in project.masks.truth("train"):
        labels, provenance = project.masks.read(project.masks.revision(truth.revision_id))
        if (labels == HAND).any():
            labels = np.where(labels == HAND, LIMB, labels).astype(np.uint8)
            project.masks.save(truth.photo_id, labels, provenance, "test", truth.revision_id)
            corrected[truth.photo_id] = truth.revision_id
    return corrected


def found_on(project, model_id, photos):
    predictor = Predictor(project.models.folder(model_id), "cpu")
    return {
        int(v) for photo in photos for v in np.unique(predictor.predict(project.photos.read(photo)).labels)
    }


def test_a_fast_round_starts_anew_and_learns_corrected_masks_until_they_are_taken_back(project):
    probe_round(project)
    corrected = relabel_hands(project)
    result = probe_round(project, lane=Lane.FAST, **ENOUGH)
    assert json.loads((project.models.folder(result.model_id) / "model.json").read_text())["parents"] == []
    found = found_on(project, result.model_id, corrected)
    assert LIMB in found
    assert HAND not in found
    for photo, before in corrected.items():
        project.masks.revert(photo, before, "test")
    found = found_on(project, probe_round(project, **ENOUGH).model_id, corrected)
    assert HAND in found
    assert LIMB not in found


def test_the_cache_deleted_under_a_round_changes_nothing(project):
    before = weights_of(project, probe_round(project).model_id)

    def delete(progress):
        if progress.phase == "prepare":
            shutil.rmtree(project.path / "cache" / "features", ignore_errors=True)

    after = weights_of(project, probe_round(project, tick=delete).model_id)
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_a_tiny_cache_changes_nothing(project):
    free = weights_of(project, probe_round(project).model_id)
    shutil.rmtree(project.path / "cache" / "features")
    full = weights_of(project, probe_round(project, cache_bytes=4000).model_id)
    assert all(torch.equal(free[name], full[name]) for name in free)
    assert sum(path.stat().st_size for path in (project.path / "cache" / "features").glob("*.npy")) <= 4000


def test_a_share_of_the_labels_and_mirrored_photos(project):
    result = probe_round(project, labels_fraction=0.5, mirrored=True)
    card = json.loads((project.models.folder(result.model_id) / "model.json").read_text())
    assert card["trained_photos"] == 4


def test_photos_that_cannot_be_read_are_left_out(tiny_folder, tmp_path):
    photos = shutil.copytree(tiny_folder.photos, tmp_path / "photos")
    with Project.create(tmp_path / "project") as project:
        project.registration.add_folder(photos, groups=tiny_folder.groups)
        import_masks(project, tiny_folder.masks)
        project.photos.get(project.photos.ids("train")[0]).path.write_bytes(b"nothing")
        shutil.rmtree(project.path / "cache", ignore_errors=True)
        result = probe_round(project)
        assert any("left out of training" in message for message in result.messages)


def test_without_weights_the_round_says_what_the_features_are(project):
    result = probe_round(project, backbone="auto")
    assert any("skinseg weights list" in message for message in result.messages)


def test_weights_asked_for_by_name_that_are_not_there_stop_the_round_with_a_line(project):
    with pytest.raises(ConfigError, match="skinseg weights get mobilesam"):
        probe_round(project, backbone="mobilesam")


def test_a_project_without_masks_is_refused(empty_project):
    with pytest.raises(SkinsegError, match="no labels yet"):
        probe_round(empty_project)


def test_its_section_decides_and_a_person_may_switch_the_edges_off():
    settings = Settings.model_validate(
        {"training": {"encoder": "resnet18", "init": "scratch", "long_side": 1024, "edges": False}}
    )
    plan = make_plan(settings, "cpu", Lane.FAST, recipe="probe")
    assert (plan.arch, plan.encoder, plan.long_side, plan.edges) == ("probe", "handmade", 384, False)
    assert make_plan(Settings(), "cpu", Lane.FAST, recipe="probe").edges
    assert not make_plan(Settings(), "cpu", Lane.FAST, recipe="skinseg").edges
    assert make_plan(settings, "cpu", Lane.FAST, recipe="probe", steps=7).steps == 7


def test_heads_disagree_more_where_the_model_is_wrong_and_one_head_never(project):
    several, alone = (
        Predictor(project.models.folder(probe_round(project, heads=heads).model_id), "cpu")
        for heads in (4, 1)
    )
    several.edges = False  # the heads' own answers, before the photo's edges move them
    wrong, right = [], []
    for truth in project.masks.truth("val"):
        photo = project.photos.read(truth.photo_id)
        assert not disagreement(alone, photo).any()
        working = to_working_size(photo, several.long_side)
        target = resize_nearest(project.masks.read_truth(truth), *working.shape[:2])
        found, missed = disagreement(several, photo), several.classes_of(working) != target
        missed = missed[::4, ::4][: found.shape[0], : found.shape[1]]
        assert found.min() >= 0
        wrong.append(found[missed])
        right.append(found[~missed])
    assert np.concatenate(wrong).mean() > 1.2 * np.concatenate(right).mean()


def test_a_model_without_heads_has_no_disagreement():
    predictor = Predictor(build_segmenter(classes=4), "cpu", 64)
    with pytest.raises(SkinsegError, match="probe"):
        disagreement(predictor, np.zeros((32, 32, 3), np.uint8))
