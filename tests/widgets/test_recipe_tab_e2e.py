"""From the form to the map of likely errors: a recipe chosen in the window, trained by a real trainer."""

from __future__ import annotations

import json
import time

import numpy as np
import pytest
from workbench import until

from napari_skinseg.layers.overlays import ERRORS
from napari_skinseg.views.recipe import RECIPES
from napari_skinseg.widgets.recipe_tab import RecipeTab
from trainer.service.process import start_trainer, stop_trainer, trainer_liveness
from trainer.service.schedule import PRETEXT
from trainer.settings.toml_file import change_settings

QUICK = {
    "training": {
        "encoder": "resnet18",
        "long_side": 96,
        "size": 64,
        "batch": 4,
        "steps_fast": 4,
        "lr": 0.003,
        "init": "scratch",
    },
    "service": {"poll_seconds": 0.05},
    "queue": {"first_model_after": 100, "predict_ahead": 2},
}


@pytest.fixture
def trained(project):
    """A project with masks for all photos but the last, and a real trainer on it."""
    for photo_id in project.photos.ids("train")[:-1]:
        shape = project.photos.read(photo_id).shape[:2]
        labels = np.ones(shape, np.uint8)
        labels[:, : shape[1] // 2] = 4
        project.masks.save(photo_id, labels, np.full(shape, 3, np.uint8), "ann", None)
    change_settings(project.path / "skinseg.toml", QUICK)
    start_trainer(project.path, device="cpu")
    wait(lambda: trainer_liveness(project) == "running", 60)
    yield project
    assert stop_trainer(project, seconds=30)


@pytest.mark.slow
def test_a_recipe_chosen_in_the_window_trains_and_marks_its_likely_errors(trained, open_session, qtbot):
    panel = RecipeTab(trained, "ann")
    qtbot.addWidget(panel)
    panel.forms.choose("adversarial")
    panel.forms.methods["adversarial"].fields["lambda_adv"].enter(0.02)
    panel.forms.schedule.fields["steps_full"].enter(6)
    panel.train.click()
    wait(lambda: trained.models.served() is not None, 120)
    (round_,) = trained.trainer.rounds()
    assert (round_.recipe, round_.lane) == ("adversarial", "full")
    assert {"loss", "d_real", "d_fake"} <= set(trained.trainer.curve(round_.id))
    session = open_session(trained)
    session.open_photo(trained.photos.ids("train")[-1])
    until(session, lambda: session.overlays.available[ERRORS], 60)
    assert session.current.model_id == trained.models.served().id
    session.toggle(ERRORS)
    assert session.overlays.errors.visible
    assert len(np.unique(session.overlays.errors.data)) > 1


@pytest.mark.slow
def test_every_recipe_trains_from_the_window_on_weights_made_there(trained, qtbot):
    panel = RecipeTab(trained, "ann")
    qtbot.addWidget(panel)
    panel.forms.choose(PRETEXT)
    panel.forms.schedule.fields["steps_full"].enter(4)
    panel.train.click()
    weights = trained.path / "pretrained" / "colorization-resnet18.safetensors"
    wait(lambda: weights.is_file() and trained.trainer.rounds()[-1].ended, 120)
    panel.forms.start.fields["init"].enter("colorization")
    for recipe in (name for name in RECIPES if name != PRETEXT):
        panel.forms.choose(recipe)
        panel.from_start.setChecked(True)
        panel.train.click()
        assert "asked the trainer" in panel.notice.text()
        wait(lambda r=recipe: made(trained, r), 180)
        round_ = made(trained, recipe)
        assert round_.model_id, round_.why
        card = json.loads((trained.models.folder(round_.model_id) / "model.json").read_text())
        assert card["recipe"] == recipe
        assert card["init"].startswith("colorization-resnet18.safetensors")


def made(project, recipe):
    """The round of a recipe, once it is over."""
    return next((r for r in project.trainer.rounds() if r.recipe == recipe and r.ended), None)


def wait(reached, seconds: float) -> None:
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < end, "not reached in time"
        time.sleep(0.1)
