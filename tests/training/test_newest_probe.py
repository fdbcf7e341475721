"""After a mask the newest probe is served unless surely worse; not in the place of what a person chose."""

from __future__ import annotations

import pytest

from trainer.settings.model import Settings
from trainer.settings.plan import Lane
from trainer.training import candidate
from trainer.training.round import run_round

PROBE = {"backbone": "handmade", "heads": 2, "width": 16, "steps_heads": 40, "photo_side": 96, "pixels": 128}


@pytest.fixture
def turned_round(project, settings, monkeypatch):
    """Run a round after a mask; return whether it had to be shown that it is worse."""
    chosen = Settings.model_validate({**settings.model_dump(), "gate": {"min_photos": 2}, "probe": PROBE})
    asked = []

    def compare(*args, **options):
        asked.append(options["succeeds"])
        return real(*args, **options)

    real = candidate.compare_with_served
    monkeypatch.setattr(candidate, "compare_with_served", compare)

    def after_a_mask(recipe="probe", lane=Lane.PROBE):
        run_round(project, chosen, recipe=recipe, lane=lane, device="cpu")
        return asked[-1]

    return after_a_mask


def test_it_succeeds_a_probe_that_the_gate_served(project, turned_round):
    assert not turned_round()
    assert turned_round()
    assert not turned_round(lane=Lane.FULL)


def test_what_a_person_chose_stays_unless_it_is_shown_to_be_worse(project, turned_round):
    turned_round()
    assert project.models.chosen_by() == "gate"
    project.models.promote(project.models.served().id, "by hand", "anna")
    assert project.models.chosen_by() == "anna"
    assert not turned_round()


def test_a_network_trained_whole_has_to_be_beaten(project, turned_round):
    turned_round(recipe="supervised", lane=Lane.FULL)
    assert project.models.served().recipe == "supervised"
    assert not turned_round()
