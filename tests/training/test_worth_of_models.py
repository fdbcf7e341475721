"""What a model's suggestions are worth is measured with it, and what is not worth its while is held back."""

from __future__ import annotations

import json

import sqlalchemy as sa

from trainer.effort.worth import FEWEST, Worth
from trainer.labels.held_back import NOTHING
from trainer.networks.weights import read_card
from trainer.project.catalog.schema import photo
from trainer.service.prediction_worker import PredictionWorker
from trainer.settings.model import Settings
from trainer.training.round import run_round


def worth(project, model_id) -> Worth:
    return Worth.from_card(read_card(project.models.folder(model_id)))


def held_by(project, model_id, photo_id):
    """Predict a photo by a model, as the trainer does for a window; return what is held back of it."""
    project.queue.request_prediction(project.sessions.start("ann").id, [photo_id])
    assert PredictionWorker(project, "cpu").serve_one() == photo_id
    found = project.predictions.get(photo_id)
    labels, _ = project.predictions.read(found)
    assert found.model_id == model_id
    assert labels.all(), "all of it is kept, to be shown on demand and to measure the model"
    return project.predictions.read_held(found)


def test_it_is_measured_on_validation_photos_and_taken_over_while_there_are_too_few(project, settings):
    first = run_round(project, settings, lane="full", recipe="supervised", device="cpu")
    measured = worth(project, first.model_id)
    assert measured.photos == 4
    assert measured.whole > 0
    assert (measured.below == NOTHING) == (measured.share == 1)
    with project.catalog.write() as connection:
        ids = project.photos.ids("val")[: 5 - FEWEST]
        connection.execute(sa.update(photo).where(photo.c.id.in_(ids)).values(split="train"))
    further = run_round(project, settings, lane="fast", recipe="supervised", device="cpu")
    assert read_card(project.models.folder(further.model_id))["parents"] == [first.model_id]
    assert worth(project, further.model_id) == measured


def test_of_a_model_that_saves_nothing_all_is_held_back_but_where_somebody_wants_it_whole(project, settings):
    made = run_round(project, settings, lane="full", recipe="supervised", device="cpu")
    card = project.models.folder(made.model_id) / "model.json"
    card.write_text(json.dumps({**json.loads(card.read_text()), "worth": Worth(NOTHING).to_dict()}))
    first, second = project.photos.ids()[:2]
    assert held_by(project, made.model_id, first).all()
    project.settings = Settings.model_validate({"gate": {"hold_back": False}})
    assert held_by(project, made.model_id, second) is None
