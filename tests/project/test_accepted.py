"""After a bad model: what was accepted from it goes back into the queue, and nothing is lost."""

from __future__ import annotations

import numpy as np
import pytest

from trainer.labels.values import IGNORE
from trainer.project.maintenance.accepted import accepted_masks, put_back
from trainer.project.project import Project
from trainer.settings.plan import Lane

pytestmark = pytest.mark.both_stores

LABELS = np.full((60, 80), 3, np.uint8)


def provenance(accepted_rows: int) -> np.ndarray:
    """Accepted above, painted below."""
    values = np.full((60, 80), 3, np.uint8)
    values[:accepted_rows] = 2
    return values


def test_accepted_masks_of_a_bad_model_come_back_and_painted_pixels_stay(project: Project) -> None:
    for model_id in ("0001", "0002"):
        project.models.add(model_id, "supervised", Lane.FULL)
        project.models.promote(model_id, "a test", "gate")
    whole, half, painted, good = project.photos.ids()[:4]
    first = project.masks.save(whole, LABELS, provenance(60), "ann", None, model_id="0002")
    project.masks.save(half, LABELS, provenance(30), "ann", None, model_id="0002")
    project.masks.save(painted, LABELS, provenance(0), "ann", None, model_id="0002")
    project.masks.save(good, LABELS, provenance(60), "ann", None, model_id="0001")
    assert project.models.rollback("ann").id == "0001"
    found = accepted_masks(project, "0002")
    assert [(mask.photo_id, mask.accepted) for mask in found] == [(whole, 1.0), (half, 0.5)]
    assert [mask.photo_id for mask in put_back(project, found, "ann")] == [whole, half]
    waiting = {entry.photo_id for entry in project.queue.head(8)}
    assert {whole, half} <= waiting
    assert not {painted, good} & waiting
    assert project.photos.get(whole).state == "part"
    assert whole not in [item.photo_id for item in project.masks.truth()], "nothing is learnt from it"
    target = project.masks.read_truth(half)
    assert (target[:30] == IGNORE).all()
    assert (target[30:] == 2).all()
    assert project.masks.history(whole)[-1].id == first.id
    kept, _ = project.masks.read(first)
    assert (kept == LABELS).all()
    assert accepted_masks(project, "0002") == []


def test_a_photo_saved_anew_meanwhile_is_left_alone(project: Project) -> None:
    photo_id = project.photos.ids()[0]
    first = project.masks.save(photo_id, LABELS, provenance(60), "ann", None, model_id="0002")
    found = accepted_masks(project, "0002")
    newer = project.masks.save(photo_id, LABELS, provenance(0), "bob", first.id)
    assert put_back(project, found, "ann") == []
    head = project.masks.head(photo_id)
    assert head is not None
    assert head.id == newer.id
    assert project.photos.get(photo_id).state == "labelled"
