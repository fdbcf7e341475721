"""An annotator's filter of the queue."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import numpy as np
import pytest
import sqlalchemy as sa

from trainer.project.catalog.schema import photo, photo_group
from trainer.project.catalog.schema_choice import handout
from trainer.project.queue.queue_filter import QueueFilter
from trainer.project.queue.statistics import Rating, Statistic
from trainer.project.states import Slot
from trainer.ranking.older_suggestions import OlderSuggestions
from trainer.settings.model import Settings

from .conftest import MakeProject, some_mask

if TYPE_CHECKING:
    from pathlib import Path

    from trainer.project.project import Project
    from trainer.project.queue.queue import Lease

pytestmark = pytest.mark.both_stores

HAND, FOOT = 3, 4


@pytest.fixture
def project(make_project: MakeProject, tmp_path: Path) -> Project:
    """Forty photos in two folders, none for validation or test but where a test says so."""
    for index in range(40):
        path = tmp_path / "photos" / ("left" if index % 2 else "right") / f"p{index:02}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    project = make_project(
        settings=Settings.model_validate({"queue": {"blind_after": 0, "blind_share": 0.5}})
    )
    project.registration.add_folder(tmp_path / "photos")
    with project.catalog.write() as connection:
        connection.execute(sa.update(photo).values(split="train"))
    return project


def suggest(project: Project, photo_id: int, class_index: int) -> None:
    labels, _ = some_mask(class_index + 1)
    project.predictions.save(photo_id, "0001", labels, np.full(labels.shape, 200, np.uint8))


def claims(project: Project, wanted: QueueFilter, most: int = 100) -> list[Lease]:
    session = project.sessions.start("ann").id
    found = []
    while len(found) < most and (claim := project.queue.claim_next(session, wanted=wanted)) is not None:
        found.append(claim)
    return found


def got(project: Project, wanted: QueueFilter) -> set[int]:
    head = [entry.photo_id for entry in project.queue.head(100, wanted=wanted)]
    found = [claim.photo_id for claim in claims(project, wanted)]
    assert head == found, "what the list shows is what comes"
    for photo_id in found:
        with project.catalog.write() as connection:
            connection.execute(sa.text("DELETE FROM lease WHERE photo_id = :id"), {"id": photo_id})
    return set(found)


def test_only_photos_that_pass_the_filter_are_handed_out(project: Project) -> None:
    ids = project.photos.ids()
    for photo_id in ids[:5]:
        suggest(project, photo_id, HAND)
    suggest(project, ids[4], FOOT)  # a newer suggestion counts, alone
    left = {i for i in ids if project.photos.get(i).relpath.startswith("left")}
    said = Statistic(ids[5], numbers={"class_share": [0.0] * HAND + [0.9, 0.001, None]})
    project.statistics.save([Rating(ids[5], said=said)], None, "0001")
    with project.catalog.write() as connection:
        connection.execute(sa.update(photo).where(photo.c.id.in_(ids[:3])).values(group_name="P7"))
        connection.execute(sa.insert(photo_group).values(name="P7", split="train"))
    assert got(project, QueueFilter(class_index=HAND)) == {*ids[:4], ids[5]}
    assert got(project, QueueFilter(class_index=FOOT)) == {ids[4]}
    assert got(project, QueueFilter(suggested=True)) == set(ids[:5])
    assert got(project, QueueFilter(suggested=False)) == set(ids[5:])
    for part in ("P7", "p", "7"):
        assert got(project, QueueFilter(group=part)) == set(ids[:3])
    assert got(project, QueueFilter(group="p", text="left")) == left & set(ids[:3])
    assert got(project, QueueFilter(group="left")) == set(), "a photo of no group is found by its name"
    assert got(project, QueueFilter(text="LEFT\\P")) == left
    assert got(project, QueueFilter(text="left/", class_index=HAND)) == left & {*ids[:4], ids[5]}
    assert got(project, QueueFilter(text="%")) == set()
    assert got(project, QueueFilter(class_index=HAND, suggested=False, text="nowhere")) == set()
    assert got(project, QueueFilter()) == set(ids)


def test_suggestions_and_statistics_of_before_are_found_by_their_classes_too(project: Project) -> None:
    ids = project.photos.ids()
    for photo_id in ids[:3]:
        suggest(project, photo_id, HAND)
    said = Statistic(ids[5], numbers={"class_share": [0.0] * HAND + [0.9, 0.001, None]})
    project.predictions.set_scores("0001", [(ids[5], 0.5, "hand or foot?")])
    project.statistics.save([Rating(ids[5], said=said)], None, "0001")
    made = project.predictions.get(ids[1])
    assert made is not None
    shutil.rmtree(made.path)
    with project.catalog.write() as connection:  # as an earlier version left it
        connection.execute(sa.text("DELETE FROM shows"))
    assert got(project, QueueFilter(class_index=HAND)) == set()
    older = OlderSuggestions(project)
    while older.step():
        pass
    assert got(project, QueueFilter(class_index=HAND)) == {ids[0], ids[2], ids[5]}, "all that can be read"
    assert not older.step()


def test_ranks_go_on_counting_among_those_that_pass(project: Project) -> None:
    ids = project.photos.ids()
    project.predictions.set_scores("0001", [(i, -i / 100, "hand or foot?") for i in ids[:20]])
    wanted = QueueFilter(text="right")
    passing = [i for i in ids if project.photos.get(i).relpath.startswith("right")]
    found = claims(project, wanted)  # all: a random check may come in a ranked one's turn, not in every one's
    ranked = [claim.photo_id for claim in found if claim.why == "hand or foot?"]
    assert ranked == sorted(ranked)
    assert ranked
    assert {claim.photo_id for claim in found} == set(passing)


def test_photos_that_models_are_compared_on_come_whatever_the_filter_says_and_say_so(
    project: Project,
) -> None:
    ids = project.photos.ids()
    with project.catalog.write() as connection:
        connection.execute(sa.update(photo).where(photo.c.id.in_(ids[20:30])).values(split="val"))
    unfiltered = [e.photo_id for e in project.queue.head(40) if e.why == "to compare models"]
    found = claims(project, QueueFilter(text="left"))
    fair = [c for c in found if c.why == "to compare models, whatever the filter says"]
    assert fair
    assert [c.photo_id for c in fair] == unfiltered[: len(fair)], "those of an unfiltered queue, in its order"
    held_out = [c for c in found if "you chose it by the filter" in c.why]
    assert {c.photo_id for c in held_out} <= set(ids[20:30]), "a chosen one says so"
    chosen = [c for c in found if c not in fair]
    assert all("left" in project.photos.get(c.photo_id).relpath for c in chosen)
    assert not any(c.blind for c in chosen), "no fair sample of how good suggestions are"
    with project.catalog.read() as connection:
        slots = {row.photo_id: row.slot for row in connection.execute(sa.select(handout))}
    assert {slots[c.photo_id] for c in chosen} == {Slot.ASKED}
    assert {slots[c.photo_id] for c in fair} == {Slot.VALIDATION}
    assert claims(project, QueueFilter(text="nowhere")) == [], (
        "a filter that nothing passes hands out nothing"
    )


def test_a_filter_of_more_photos_than_are_looked_up_hands_out_the_same(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = [claim.photo_id for claim in claims(project, QueueFilter(text="left"))]
    with project.catalog.write() as connection:
        connection.execute(sa.text("DELETE FROM lease"))
    monkeypatch.setattr("trainer.project.queue.queue_filter.FEW", 2)
    assert [claim.photo_id for claim in claims(project, QueueFilter(text="left"))] == few
    assert len(few) == 20
