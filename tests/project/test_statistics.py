"""Statistics of photos: kept per model and photo, twice without harm, and gone with the photo they are of."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from trainer.project.masks.measurements import ToMeasure
from trainer.project.project import Project
from trainer.project.queue.statistics import RankingState, Rating, Statistic

from .conftest import some_mask, write_photo

pytestmark = pytest.mark.both_stores

LARGEST = 2**64 - 1


def rating(photo_id: int, entropy: float = 0.5) -> Rating:
    feature = np.arange(4, dtype=np.float16).tobytes()
    said = Statistic(photo_id, "hand or foot?", {"entropy": entropy, "error": None})
    return Rating(photo_id, Statistic(photo_id, feature=feature), said, LARGEST - photo_id)


def test_what_is_kept_twice_is_kept_once_and_the_later_counts(project: Project) -> None:
    ids = project.photos.ids()[:3]
    project.statistics.save([rating(photo_id) for photo_id in ids], "looks", "0001")
    project.statistics.save([rating(ids[0], 0.9)], "looks", "0001")
    kept = project.statistics.get("0001", ids)
    assert {photo_id: item.numbers["entropy"] for photo_id, item in kept.items()} == {
        ids[0]: 0.9,
        ids[1]: 0.5,
        ids[2]: 0.5,
    }
    assert kept[ids[0]].why == "hand or foot?"
    assert project.statistics.get("looks", ids)[ids[1]].feature == rating(1).looks.feature  # type: ignore[union-attr]
    assert project.statistics.hashes(ids) == {photo_id: LARGEST - photo_id for photo_id in ids}
    assert project.statistics.known("0002", ids) == set()


def test_only_what_is_still_asked_for_stays(project: Project) -> None:
    ids = project.photos.ids()[:2]
    for model in ("0001", "0002"):
        project.statistics.save([rating(photo_id) for photo_id in ids], "looks", model)
    project.statistics.keep_only(["looks", "0002"])
    assert project.statistics.known("0001", ids) == set()
    assert project.statistics.known("0002", ids) == project.statistics.known("looks", ids) == set(ids)


def test_the_pool_is_of_training_photos_without_a_mask(project: Project) -> None:
    train = project.photos.ids("train")
    project.masks.save(train[0], *some_mask(), "ann", None)
    assert set(project.statistics.pool(None)) == set(train[1:])
    assert len(project.statistics.pool(2)) == 2
    assert project.statistics.labelled(9) == [train[0]]


def test_how_far_the_ranking_goes_is_said_in_words(project: Project) -> None:
    assert project.statistics.state() is None
    project.statistics.set_state(RankingState("0001", "default", 400, 330_000, 400))
    state = project.statistics.state()
    assert state is not None
    assert state.text == "ranked 400 of 330,000"


def test_a_replaced_photo_loses_what_was_said_of_it(project: Project) -> None:
    photo_id = project.photos.ids()[0]
    project.photos.read(photo_id)
    project.statistics.save([rating(photo_id)], "looks", "0001")
    path: Path = project.photos.get(photo_id).path
    write_photo(path, seed=99)
    os.utime(path, (1, 1))
    project.photos.read(photo_id)
    assert project.statistics.get("0001", [photo_id]) == project.statistics.get("looks", [photo_id]) == {}
    assert project.statistics.hashes([photo_id]) == {}


def test_measured_masks_are_kept_with_and_without_a_comparison(project: Project) -> None:
    first, second = project.photos.ids()[:2]
    for photo_id in (first, second):
        project.masks.save(photo_id, *some_mask(), "ann", None)
    missing = project.measurements.missing(9)
    assert {item.photo_id for item in missing} == {first, second}
    project.measurements.save(missing[0], [3, 4])
    project.measurements.save(missing[1], [3, 4], 45.0, "0001", [[3, 0], [1, 3]])
    again = ToMeasure(missing[1].revision_id, missing[1].photo_id, None, False, False)
    project.measurements.save(again, [0, 0])
    assert project.measurements.missing(9) == []
    found = {item.photo_id: item for item in project.measurements.all()}
    assert found[missing[0].photo_id].confusion is None
    assert found[missing[1].photo_id].confusion == ((3, 0), (1, 3))
    assert found[missing[1].photo_id].tone == 45.0
