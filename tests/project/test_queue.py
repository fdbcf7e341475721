"""Handing out photos."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from trainer.errors import ConfigError, ConflictError, ProjectError
from trainer.project.catalog.schema import session as session_table
from trainer.project.catalog.schema_choice import handout, likeness
from trainer.project.project import Project
from trainer.settings.model import Settings

from .conftest import MakeProject, some_mask, write_photo

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.both_stores


def many_photos(make_project: MakeProject, tmp_path: Path, count: int, **queue: float) -> Project:
    folder = tmp_path / "photos"
    folder.mkdir()
    for index in range(count):
        (folder / f"p{index:03}.jpg").touch()
    project = make_project(settings=Settings.model_validate({"queue": queue}))
    project.registration.add_folder(folder)
    return project


def test_the_first_photos_come_at_random_but_always_in_the_same_order(
    make_project: MakeProject, tmp_path: Path
) -> None:
    project = many_photos(make_project, tmp_path, 30)
    head = [entry.photo_id for entry in project.queue.head(30)]
    assert head != sorted(head)
    session = project.sessions.start("ann")
    claims = [project.queue.claim_next(session.id) for _ in range(30)]
    assert [claim.photo_id for claim in claims if claim] == head
    of_split = {"train": "first photos", "val": "to compare models", "test": "for the final test"}
    trained = set(project.photos.ids("train"))
    for claim in claims:
        assert claim is not None
        # When no training photo is left, its slots go to whatever remains.
        last = {"one of the last"} if not trained else set()
        assert claim.why in {of_split[project.photos.get(claim.photo_id).split], *last}
        trained.discard(claim.photo_id)
    assert project.queue.claim_next(session.id) is None


def test_two_annotators_never_get_the_same_photo(make_project: MakeProject, tmp_path: Path) -> None:
    project = many_photos(make_project, tmp_path, 100)
    got: list[int] = []
    errors: list[BaseException] = []

    def annotate(name: str) -> None:
        try:
            with Project.open(project.path) as mine:
                session = mine.sessions.start(name)
                while (claim := mine.queue.claim_next(session.id)) is not None:
                    got.append(claim.photo_id)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=annotate, args=(f"annotator {index}",)) for index in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert sorted(got) == sorted(project.photos.ids())


def test_a_lease_that_ran_out_blocks_nobody(make_project: MakeProject, tmp_path: Path) -> None:
    project = many_photos(make_project, tmp_path, 1, lease_seconds=0.3)
    ann, bob = project.sessions.start("ann"), project.sessions.start("bob")
    claim = project.queue.claim_next(ann.id)
    assert claim is not None
    assert project.queue.claim_next(bob.id) is None
    time.sleep(0.2)
    assert project.queue.extend(ann.id, [claim.photo_id]) == [claim.photo_id]
    time.sleep(0.2)
    assert project.queue.claim_next(bob.id) is None
    time.sleep(0.2)
    taken = project.queue.claim_next(bob.id)
    assert taken is not None
    assert taken.photo_id == claim.photo_id
    assert project.queue.extend(ann.id, [claim.photo_id]) == []


def test_photos_of_a_dead_window_are_free_at_the_next_start(
    make_project: MakeProject, tmp_path: Path
) -> None:
    project = many_photos(make_project, tmp_path, 1)
    dead = project.sessions.start("ann")
    assert project.queue.claim_next(dead.id) is not None
    with project.catalog.write() as connection:  # as if its process had another start time
        connection.execute(sa.update(session_table).values(born=1.0))
    bob = project.sessions.start("bob")
    assert project.queue.claim_next(bob.id) is not None
    with pytest.raises(ProjectError, match="session has ended"):
        project.queue.claim_next(dead.id)


def test_a_photo_in_hands_is_refused_with_a_name(project: Project) -> None:
    ann, bob = project.sessions.start("ann"), project.sessions.start("bob")
    claim = project.queue.claim_next(ann.id)
    assert claim is not None
    with pytest.raises(ConflictError, match="is being worked on by ann"):
        project.queue.claim(bob.id, claim.photo_id)
    assert project.queue.claim(ann.id, claim.photo_id).photo_id == claim.photo_id
    again = project.sessions.start("ann")
    with pytest.raises(ConflictError, match="open or comes next in your other window"):
        project.queue.claim(again.id, claim.photo_id)
    with project.catalog.write() as connection:  # as if that window had crashed
        connection.execute(sa.update(session_table).where(session_table.c.id == ann.id).values(born=1.0))
    assert project.queue.claim(again.id, claim.photo_id).photo_id == claim.photo_id
    project.queue.release(again.id, claim.photo_id)
    assert project.queue.claim(bob.id, claim.photo_id).photo_id == claim.photo_id
    project.sessions.end(bob)
    assert project.queue.claim(ann.id, claim.photo_id).photo_id == claim.photo_id


def test_a_skipped_photo_goes_to_the_end_and_not_to_the_same_annotator(project: Project) -> None:
    ann, bob = project.sessions.start("ann"), project.sessions.start("bob")
    claim = project.queue.claim_next(ann.id)
    assert claim is not None
    project.queue.skip(ann.id, claim.photo_id)
    assert project.queue.head(8)[-1].photo_id == claim.photo_id
    assert project.photos.counts().skipped == 1
    for_ann = [project.queue.claim_next(ann.id) for _ in range(8)]
    assert sum(found is not None for found in for_ann) == 7
    last = project.queue.claim_next(bob.id)
    assert last is not None
    assert last.photo_id == claim.photo_id


def test_a_flagged_photo_leaves_the_queue_with_its_note(project: Project) -> None:
    ann = project.sessions.start("ann")
    claim = project.queue.claim_next(ann.id)
    assert claim is not None
    project.queue.flag(ann.id, claim.photo_id, "wrong patient")
    photo = project.photos.get(claim.photo_id)
    assert (photo.state, photo.reason) == ("flagged", "wrong patient")
    assert claim.photo_id not in [entry.photo_id for entry in project.queue.head(8)]
    assert project.photos.counts().flagged == 1
    labels, provenance = some_mask()
    project.masks.save(claim.photo_id, labels, provenance, "ann", None)
    assert project.photos.get(claim.photo_id).state == "labelled"


def test_what_became_of_photos_can_be_reviewed(project: Project) -> None:
    ann = project.sessions.start("ann")
    photos = project.photos.ids()[:4]
    for photo_id in photos[:2]:
        project.masks.save(photo_id, *some_mask(), "ann", None)
    project.masks.save(photos[2], *some_mask(), "bob", None, kind="part")
    project.queue.flag(ann.id, photos[3], "wrong patient")
    assert [entry.photo_id for entry in project.review.entries("labelled", 9)] == [photos[1], photos[0]]
    assert len(project.review.entries("labelled", 1)) == 1
    (part,) = project.review.entries("part", 9)
    assert (part.photo_id, part.annotator) == (photos[2], "bob")
    (flagged,) = project.review.entries("flagged", 9)
    assert (flagged.reason, flagged.saved) == ("wrong patient", None)
    assert project.review.entries("broken", 9) == []


def test_excluded_photos_are_not_handed_out(project: Project) -> None:
    session = project.sessions.start("ann")
    head = [entry.photo_id for entry in project.queue.head(8)]
    claim = project.queue.claim_next(session.id, exclude=head[:2])
    assert claim is not None
    train = project.photos.ids("train")
    assert claim.photo_id == next(photo_id for photo_id in head[2:] if photo_id in train)


def test_scores_rank_training_photos_and_a_share_stays_random(
    make_project: MakeProject, tmp_path: Path
) -> None:
    project = many_photos(make_project, tmp_path, 200, random_share=0.5)
    scores = {photo_id: float(photo_id) for photo_id in project.photos.ids()}
    project.predictions.set_scores(
        "0001", [(photo_id, value, "limb or hand?") for photo_id, value in scores.items()]
    )
    session = project.sessions.start("ann")
    claims = [project.queue.claim_next(session.id) for _ in range(150)]
    ranked = [claim.photo_id for claim in claims if claim and claim.why == "limb or hand?"]
    drawn = [claim.photo_id for claim in claims if claim and claim.why == "random check"]
    assert ranked == sorted(ranked, reverse=True)
    assert {project.photos.get(photo_id).split for photo_id in (*ranked, *drawn)} == {"train"}
    assert 0.35 < len(drawn) / (len(drawn) + len(ranked)) < 0.65


def test_without_a_random_share_training_photos_come_by_rank(
    make_project: MakeProject, tmp_path: Path
) -> None:
    project = many_photos(make_project, tmp_path, 40, random_share=0)
    train = project.photos.ids("train")
    project.predictions.set_scores("0001", [(photo_id, 1.0, "unsure") for photo_id in train[:3]])
    session = project.sessions.start("ann")
    claims = [project.queue.claim_next(session.id) for _ in range(40)]
    assert all(claim is not None for claim in claims)
    reasons = [claim.why for claim in claims if claim and claim.photo_id in train]
    assert reasons[:3] == ["unsure"] * 3
    assert set(reasons[3:]) <= {"not ranked yet", "one of the last"}
    assert len(reasons) == len(train)


def test_validation_photos_come_early_and_then_in_proportion(
    make_project: MakeProject, tmp_path: Path
) -> None:
    project = many_photos(make_project, tmp_path, 300)
    session = project.sessions.start("ann")
    claims = [project.queue.claim_next(session.id) for _ in range(120)]
    splits = [project.photos.get(claim.photo_id).split for claim in claims if claim]
    assert splits[:2] == ["train", "train"], "the first model learns from them"
    assert splits[:15].count("val") == 5, "so that models can be compared after fifteen masks"
    counts = project.photos.counts().by_split
    for split, (photos, _) in counts.items():
        wanted = 120 * photos / 300
        assert abs(splits.count(split) - wanted) <= max(1, 5 - wanted) + 1, split


@pytest.mark.parametrize("together", [False, True])
def test_two_photos_of_a_burst_come_in_one_batch_only_where_asked(
    make_project: MakeProject, tmp_path: Path, together: bool
) -> None:
    project = many_photos(make_project, tmp_path, 60, bursts_apart=6, bursts_together=together)
    ids = project.photos.ids()
    rows = [{"photo_id": i, "hash": 0, "burst": ids[n - n % 4]} for n, i in enumerate(ids)]
    with project.catalog.write() as connection:
        connection.execute(sa.insert(likeness), rows)
    burst = {row["photo_id"]: row["burst"] for row in rows}
    head = [burst[entry.photo_id] for entry in project.queue.head(40)]
    session = project.sessions.start("ann")
    claims = [project.queue.claim_next(session.id) for _ in range(40)]
    got = [burst[claim.photo_id] for claim in claims if claim]
    apart = [len(set(order[i : i + 6])) == 6 for order in (got, head) for i in range(30)]
    assert all(apart) is not together


def test_why_each_photo_was_handed_out_is_kept(make_project: MakeProject, tmp_path: Path) -> None:
    project = many_photos(make_project, tmp_path, 9, random_share=0)
    session = project.sessions.start("ann")
    claim = project.queue.claim_next(session.id)
    assert claim is not None
    assert project.queue.why(claim.photo_id) == claim.why == "first photos"
    project.queue.release(session.id, claim.photo_id)
    project.queue.claim(session.id, claim.photo_id)
    assert project.queue.why(claim.photo_id) == "you opened it"
    with project.catalog.read() as connection:
        kept = connection.execute(sa.select(handout).order_by(handout.c.id)).all()
    assert [(row.slot, row.blind, row.ranking) for row in kept] == [("ranked", 0, None), ("asked", 0, None)]


def test_a_blind_share_is_asked_for(make_project: MakeProject, tmp_path: Path) -> None:
    project = many_photos(make_project, tmp_path, 2, blind_share=1, blind_after=0)
    session = project.sessions.start("ann")
    claim = project.queue.claim_next(session.id)
    assert claim is not None
    assert claim.blind


def test_stats_count_finished_photos_only(project: Project) -> None:
    session = project.sessions.start("ann")
    one, other = project.photos.ids()[:2]
    project.sessions.record_visit(session.id, one, 10, 4, "saved")
    project.sessions.record_visit(session.id, other, 30, 8, "saved")
    project.sessions.record_visit(session.id, other, 5, 1, "skipped")
    stats = project.sessions.stats(session.id)
    assert (stats.photos, stats.seconds_per_photo, stats.strokes_per_photo) == (2, 20.0, 6.0)
    assert project.sessions.today("ann") == stats
    assert project.sessions.today("bob").photos == 0


def test_an_annotator_needs_a_name(project: Project) -> None:
    with pytest.raises(ConfigError, match="needs a name"):
        project.sessions.start(" ")


def test_labelling_a_scored_photo_takes_it_from_the_ranking(
    make_project: MakeProject, tmp_path: Path
) -> None:
    write_photo(tmp_path / "photos" / "a.jpg")
    settings = Settings.model_validate(
        {"splits": {"val_share": 0, "test_share": 0}, "queue": {"random_share": 0}}
    )
    project = make_project(settings=settings)
    project.registration.add_folder(tmp_path / "photos")
    project.predictions.set_scores("0001", [(1, 0.5, "unsure"), (1, float("nan"), "?")])
    assert [(entry.photo_id, entry.score) for entry in project.queue.head(5)] == [(1, 0.5)]
    labels, provenance = some_mask()
    project.masks.save(1, labels, provenance, "ann", None)
    assert project.queue.head(5) == []
