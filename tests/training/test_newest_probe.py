"""After a mask the newest probe is served unless surely worse; not in the place of what a person chose."""

from __future__ import annotations

import pytest

from trainer.settings.model import Settings
from trainer.settings.plan import Lane
from trainer.training import candidate
from trainer.training.round import run_round

PROBE = {"backbone": "handmade", "heads": 2, "width": 16, "steps_heads": 40, "photo_side": 96, "pixels": 128}


@pytest.fixture
def passes_unless_worse(project, settings, monkeypatch):
    """Save a mask again and run a round; return whether its model need not show that it is not worse."""
    chosen = Settings.model_validate({**settings.model_dump(), "gate": {"min_photos": 2}, "probe": PROBE})
    real, asked = candidate.compare_with_served, []

    def compare(*args, **options):
        asked.append(options["succeeds"])
        return real(*args, **options)

    monkeypatch.setattr(candidate, "compare_with_served", compare)

    def after_a_mask(recipe="probe", lane=Lane.PROBE, saves=True):
        if saves:
            truth = project.masks.truth("train")[0]
            labels, provenance = project.masks.read(project.masks.head(truth.photo_id))
            project.masks.save(truth.photo_id, labels, provenance, "ann", truth.revision_id)
        run_round(project, chosen, recipe=recipe, lane=lane, device="cpu")
        return asked[-1]

    return after_a_mask


def test_it_succeeds_a_probe_that_the_gate_served_and_that_lacks_a_mask(project, passes_unless_worse):
    assert not passes_unless_worse(), "there is none yet"
    assert passes_unless_worse()
    newest = max(project.models.all(), key=lambda model: model.created)
    project.models.promote(newest.id, "whatever was said of it", "gate")
    assert not passes_unless_worse(saves=False)
    assert not passes_unless_worse(lane=Lane.FULL)


@pytest.mark.parametrize("goes_back", [True, False])
def test_what_a_person_chose_is_beaten_like_any_model(project, passes_unless_worse, goes_back):
    passes_unless_worse()
    assert project.models.chosen_by() == "gate"
    first = project.models.served().id
    if goes_back:
        passes_unless_worse(lane=Lane.FULL)
        other = next(model.id for model in project.models.all() if model.id != first)
        project.models.promote(other, "by hand", "gate")
        project.models.rollback("anna")
    else:
        project.models.promote(first, "by hand", "anna")
    assert project.models.served().id == first
    assert project.models.chosen_by() == "anna"
    assert not passes_unless_worse()


def test_a_network_trained_whole_has_to_be_beaten(project, passes_unless_worse):
    passes_unless_worse(recipe="supervised", lane=Lane.FULL)
    assert project.models.served().recipe == "supervised"
    assert not passes_unless_worse()


def test_what_a_person_chooses_while_a_round_compares_stays(project, settings, monkeypatch):
    real, gate = candidate.compare_with_served, {"min_photos": 20, "few_margin": 1.0}
    chosen = Settings.model_validate({**settings.model_dump(), "gate": gate, "probe": PROBE})
    first, second = (run_round(project, chosen, recipe="probe", device="cpu").model_id for _ in range(2))
    assert project.models.served().id == second, "with so few photos each is served for now"

    def meanwhile(*args, **options):
        project.models.rollback("anna")
        return real(*args, **options)

    monkeypatch.setattr(candidate, "compare_with_served", meanwhile)
    result = run_round(project, chosen, recipe="probe", device="cpu")
    assert project.models.served().id == first
    assert not result.served
    assert f"model {first} was chosen while this one was being compared" in result.why
