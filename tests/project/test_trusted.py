"""Photos that wait and whose suggestions the model in use is surest of."""

from __future__ import annotations

import numpy as np
import pytest
import sqlalchemy as sa

from trainer.project.catalog.schema import photo
from trainer.project.project import Project
from trainer.project.queue.statistics import Rating, Statistic
from trainer.project.review.review import Trusted
from trainer.settings.plan import Lane

pytestmark = pytest.mark.both_stores

LABELS = np.full((60, 80), 3, np.uint8)


def rate(project: Project, photo_id: int, margin: float | None) -> None:
    said = Statistic(photo_id, numbers={"margin": margin, "disagreement": None})
    project.statistics.save([Rating(photo_id, said=said)], None, "0001")


def test_the_surest_come_first_without_those_labelled_in_hands_or_unrated(project: Project) -> None:
    with project.catalog.write() as connection:  # by chance so many are for validation and test
        connection.execute(sa.update(photo).values(split="train"))
    project.models.add("0001", "supervised", Lane.FULL)
    assert project.review.trusted("0001", 9) == []
    for photo_id in project.photos.ids():
        rate(project, photo_id, photo_id / 100)
    unrated, held, labelled, made, *rest = sorted(project.photos.ids("train"), reverse=True)
    rate(project, unrated, None)
    project.queue.claim(project.sessions.start("bob").id, held)
    project.masks.save(labelled, LABELS, LABELS, "ann", None)
    project.predictions.save(made, "0001", LABELS, LABELS)
    found = project.review.trusted("0001", 3)
    assert [one.photo_id for one in found] == [made, *rest][:3]
    assert found[0] == Trusted(
        made, project.photos.get(made).relpath, "0001", pytest.approx(made / 100), there=True
    )
    assert not any(one.there for one in found[1:])
