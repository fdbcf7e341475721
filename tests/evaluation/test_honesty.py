"""The honesty meter: from saved masks to figures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from trainer.evaluation.honesty import look_honestly
from trainer.evaluation.measure_saved import MeasuringPass
from trainer.labels.classes import load_class_set
from trainer.project.masks.measurements import Measured
from trainer.project.project import Project
from trainer.settings.model import Settings

CLASSES = load_class_set("skin9")


def row(
    number: int, right: float, slot: str | None = "ranked", blind: bool = False, tone: float | None = 45.0
) -> Measured:
    """A mask of 1,000 pixels, half background and half face, of which a share was proposed rightly."""
    matrix = np.zeros((9, 9), int)
    good = int(500 * right)
    matrix[0, 0], matrix[0, 2], matrix[2, 2], matrix[2, 0] = good, 500 - good, good, 500 - good
    pixels = tuple(matrix.sum(1).tolist())
    confusion = tuple(tuple(line) for line in matrix.tolist())
    return Measured(f"r{number}", number, f"g{number}", "train", pixels, tone, "0001", slot, blind, confusion)


def test_blind_photos_alone_tell_the_live_dice() -> None:
    rows = [row(i, 1.0) for i in range(10)] + [row(10 + i, 0.6, "random", blind=True) for i in range(5)]
    found = look_honestly(rows, CLASSES)
    assert found.live_dice.photos == 5
    assert found.live_dice.value == pytest.approx(0.6)
    assert found.live_dice.low == pytest.approx(0.6)


def test_what_chosen_photos_teach_more_than_random_ones() -> None:
    rows = [row(i, 0.5 + 0.02 * i) for i in range(6)]
    rows += [row(10 + i, 0.9 + 0.01 * i, "random") for i in range(6)]
    found = look_honestly(rows, CLASSES)
    assert found.wrong_chosen.value == pytest.approx(0.45)
    assert found.wrong_random.value == pytest.approx(0.075)
    assert found.gain.value == pytest.approx(0.375)
    assert found.gain.low is not None
    assert found.gain.low > 0.3


def test_a_proposed_class_survives_more_often_where_it_was_seen() -> None:
    rows = [row(i, 0.95) for i in range(4)] + [row(10 + i, 0.7, blind=True) for i in range(4)]
    found = {item.name: item for item in look_honestly(rows, CLASSES).survival}
    assert set(found) == {"background", "face"}
    assert found["face"].shown.value == pytest.approx(0.95)
    assert found["face"].blind.value == pytest.approx(0.7)


def test_coverage_counts_photos_once_and_names_what_was_never_shown() -> None:
    rows = [row(1, 1.0), row(1, 1.0), row(2, 1.0, tone=-40.0), row(3, 1.0, tone=None)]
    found = look_honestly(rows, CLASSES)
    assert (found.masks, found.groups) == (3, 3)
    assert (found.classes["face"], found.classes["hand"]) == (3, 0)
    assert (found.tones["light"], found.tones["dark"]) == (1, 1)


def test_nothing_measured_says_nothing() -> None:
    found = look_honestly([], CLASSES)
    assert found.live_dice.value is None
    assert found.survival == ()
    assert found.masks == 0


def test_a_saved_mask_is_compared_with_what_was_hidden_from_its_painter(tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    for name in ("a", "b"):
        Image.new("RGB", (40, 30), (200, 150, 120)).save(folder / f"{name}.png")
    settings = Settings.model_validate(
        {
            "queue": {"blind_share": 1, "blind_after": 0, "random_share": 0},
            "splits": {"val_share": 0, "test_share": 0},
        }
    )
    labels = np.ones((30, 40), np.uint8)
    labels[:, 20:] = 3
    said = np.ones((30, 40), np.uint8)
    said[:, 25:] = 3
    sure, painted = np.full((30, 40), 200, np.uint8), np.full((30, 40), 3, np.uint8)
    with Project.create(tmp_path / "project", settings=settings) as project:
        project.registration.add_folder(folder)
        session = project.sessions.start("ann")
        claim = project.queue.claim_next(session.id)
        assert claim is not None
        project.predictions.save(claim.photo_id, "0001", said, sure)
        first = project.masks.save(claim.photo_id, labels, painted, "ann", None)
        imported = next(photo_id for photo_id in project.photos.ids() if photo_id != claim.photo_id)
        project.masks.save(imported, labels, painted, "ann", None)
        project.predictions.save(imported, "0002", labels, sure)  # of a model that may have learnt from it
        measuring = MeasuringPass(project)
        assert [measuring.step() for _ in range(3)] == [True, True, False]
        found = {item.photo_id: item for item in project.measurements.all()}
        blind = found[claim.photo_id]
        assert (blind.revision_id, blind.blind, blind.model_id, blind.slot) == (
            first.id,
            True,
            "0001",
            "ranked",
        )
        assert blind.confusion is not None
        assert (blind.confusion[2][0], blind.confusion[2][2]) == (5 * 30, 15 * 30)
        assert blind.tone is not None
        assert found[imported].confusion is None
        assert look_honestly(list(found.values()), project.classes).live_dice.photos == 1
