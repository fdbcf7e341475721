"""From the form to the map of likely errors: a recipe chosen in the window, trained by a real trainer."""

from __future__ import annotations

import time

import numpy as np
import pytest
from workbench import until

from napari_skinseg._training import TrainingPanel
from napari_skinseg.overlays import ERRORS
from trainer.project.trainer_process import start_trainer, stop_trainer, trainer_liveness
from trainer.settings import change_settings

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


@pytest.mark.slow
def test_a_recipe_chosen_in_the_window_trains_and_marks_its_likely_errors(project, open_session, qtbot):
    *labelled, waiting = project.photo_ids("train")
    for photo_id in labelled:
        shape = project.read_photo(photo_id).shape[:2]
        labels = np.ones(shape, np.uint8)
        labels[:, : shape[1] // 2] = 4
        project.save_mask(photo_id, labels, np.full(shape, 3, np.uint8), "ann", None)
    change_settings(project.path / "skinseg.toml", QUICK)
    start_trainer(project.path, device="cpu")
    try:
        wait(lambda: trainer_liveness(project) == "running", 60)
        panel = TrainingPanel(project, "ann")
        qtbot.addWidget(panel)
        panel.choose("adversarial")
        panel.methods["adversarial"].fields["lambda_adv"].enter(0.02)
        panel.schedule.fields["steps_full"].enter(6)
        panel.train.click()
        wait(lambda: project.served() is not None, 120)
        (round_,) = project.rounds()
        assert (round_.recipe, round_.lane) == ("adversarial", "full")
        assert {"loss", "d_real", "d_fake"} <= set(project.curve(round_.id))
        session = open_session(project)
        session.open_photo(waiting)
        until(session, lambda: session.overlays.available[ERRORS], 60)
        assert session.current.model_id == project.served().id
        session.toggle(ERRORS)
        assert session.overlays.errors.visible
        assert len(np.unique(session.overlays.errors.data)) > 1
    finally:
        assert stop_trainer(project, seconds=30)


def wait(reached, seconds: float) -> None:
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < end, "not reached in time"
        time.sleep(0.1)
