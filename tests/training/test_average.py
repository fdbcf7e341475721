"""The mean of a probe and a network trained whole is served where validation says so, and like any model."""

from __future__ import annotations

import numpy as np
import pytest

from trainer.errors import SkinsegError
from trainer.evaluation.evaluate import evaluate
from trainer.inference.predictor import Predictor
from trainer.networks.weights import MEMBER, member_folder, read_card, save_average
from trainer.settings.model import Settings
from trainer.settings.plan import Lane
from trainer.training.round import run_round

PROBE = {"backbone": "handmade", "heads": 2, "width": 16, "steps_heads": 160, "photo_side": 96, "pixels": 128}


@pytest.fixture
def settings(settings):
    """Two validation photos are enough to compare, and a worse network may replace a better one."""
    gate = {"min_photos": 2, "margin_full": 1.9, "margin_fast": 1.9, "class_margin": 1.0, "best_margin": 1.0}
    return Settings.model_validate({**settings.model_dump(), "gate": gate, "probe": PROBE})


@pytest.fixture
def both(project, settings):
    """A probe; then a network that learnt hardly anything, and is served in its place."""
    for recipe in ("probe", "supervised"):
        run_round(project, settings, recipe=recipe, device="cpu")
    return [
        next(m for m in project.models.all() if m.recipe == r and not member_folder(m.path))
        for r in ("probe", "supervised")
    ]


def means(project):
    return [model for model in project.models.all() if member_folder(model.path)]


def test_it_is_served_where_it_is_better_than_what_is_served_and_scored_like_any_model(project, both):
    (mean,) = means(project)
    assert project.models.served().id == mean.id
    assert set(mean.parents) == {model.id for model in both}
    assert f"the mean of models {both[0].id} and {both[1].id}" in mean.why
    assert mean.metrics["dice9"] > both[1].metrics["dice9"]
    scores = evaluate(project, Predictor(mean.path, "cpu"), "val")
    assert scores.photos == 4
    # class by class: a single pixel of a class that no photo shows is worth a quarter of their mean
    for index in (0, 3, 6):
        name = project.classes.names[index]
        assert scores.headline()["per_class"][name] == pytest.approx(mean.metrics["per_class"][name], abs=0.1)


def test_after_a_mask_what_is_served_has_learnt_from_it(project, settings, both):
    run_round(project, settings, recipe="probe", lane=Lane.PROBE, device="cpu")
    newest = next(m for m in project.models.all() if m.recipe == "probe" and not member_folder(m.path))
    served = project.models.served()
    assert newest.id != both[0].id
    assert newest.id in (served.id, *served.parents)


def test_it_answers_with_the_mean_of_both(project, both, tmp_path):
    probe, whole = both
    save_average(tmp_path / "mean", probe.path, whole.path, {**read_card(probe.path), "temperature": 1.0})
    alone = [Predictor(model.path, "cpu") for model in both]
    for predictor in alone:
        predictor.temperature = 1.0
    mean = Predictor(tmp_path / "mean", "cpu")
    photo = project.photos.read(1)[:64, :64]
    own, found = (next(iter(predictor._plain_bands(photo)))[1] for predictor in (alone[0], mean))
    np.testing.assert_allclose(found, (own + alone[1]._small(photo)) / 2, atol=1e-5)
    assert mean.predict(photo).labels.shape == photo.shape[:2]


def test_a_damaged_half_is_named_and_what_was_shared_stays(both, tmp_path):
    probe, whole = both
    save_average(tmp_path / "mean", probe.path, whole.path, read_card(probe.path))
    (tmp_path / "mean" / MEMBER / "weights.safetensors").unlink()
    with pytest.raises(SkinsegError, match="no weights file"):
        Predictor(tmp_path / "mean", "cpu")
    assert (whole.path / "weights.safetensors").is_file()


def test_it_can_be_switched_off(project, settings):
    gate = {**settings.gate.model_dump(), "averages": False}
    off = Settings.model_validate({**settings.model_dump(), "gate": gate})
    for recipe in ("probe", "supervised"):
        run_round(project, off, recipe=recipe, device="cpu")
    assert not means(project)


def test_a_probe_on_the_encoder_of_the_network_that_was_trained_here(project, settings, both):
    network = Settings.model_validate(
        {**settings.model_dump(), "probe": {**PROBE, "backbone": "network"}, "training": settings.training}
    )
    result = run_round(project, network, recipe="probe", device="cpu")
    card = read_card(project.models.get(result.model_id).path)
    assert card["network"]["encoder"] == read_card(both[1].path)["network"]["encoder"]
    made = Predictor(project.models.get(result.model_id).path, "cpu").model.state_dict()
    learnt = Predictor(both[1].path, "cpu").model.state_dict()
    name = next(name for name in made if name.startswith("network.encoder.") and name in learnt)
    assert (made[name] == learnt[name]).all()
