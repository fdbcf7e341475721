"""Review and double reading in the store: who gets what, who sees what, and what stands at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from trainer.errors import ConfigError, ConflictError
from trainer.project.annotators.annotators import parse_role
from trainer.project.review.verdicts import ReviewFilter
from trainer.project.states import Chosen, RevisionKind, Role
from trainer.settings.model import Settings
from trainer.settings.review import ReviewSettings

from .conftest import MakeProject, some_mask

if TYPE_CHECKING:
    from pathlib import Path

    from trainer.project.project import Project
    from trainer.project.revisions import Revision

ANNA, BOB, EVA = "Änna 張=1", "bob", "Ева"
DOUBLE = Settings(review=ReviewSettings(double_share=1.0))


def labelled(project: Project, name: str, who: str = ANNA, value: int = 3) -> Revision:
    known = project.photos.find(name)
    head = project.masks.head(known.id)
    return project.masks.save(known.id, *some_mask(value), who, None if head is None else head.id)


@pytest.fixture
def reviewed(project: Project) -> Project:
    """A project in which Eva reviews."""
    project.annotators.set_role(EVA, Role.REVIEWER, "owner")
    return project


@pytest.fixture
def double(make_project: MakeProject, photo_folder: Path) -> Project:
    """A project in which every photo is read twice, and Eva reviews."""
    made = make_project(settings=DOUBLE)
    made.registration.add_folder(photo_folder)
    made.annotators.set_role(EVA, Role.REVIEWER, "owner")
    return made


def test_roles_are_kept_for_names_in_every_script(reviewed: Project) -> None:
    labelled(reviewed, "p0")
    people = {one.name: (one.role, one.masks) for one in reviewed.annotators.all()}
    assert people == {ANNA: (Role.ANNOTATOR, 1), EVA: (Role.REVIEWER, 0)}
    reviewed.annotators.set_role(EVA, Role.ANNOTATOR, "owner")
    assert reviewed.annotators.role_of(EVA) == Role.ANNOTATOR
    assert parse_role(f"{ANNA}=reviewer") == (ANNA, Role.REVIEWER)
    for wrong, said in (
        ("eva", "write NAME=reviewer"),
        ("=reviewer", "write NAME"),
        ("eva=boss", "reviewer"),
    ):
        with pytest.raises(ConfigError, match=said):
            parse_role(wrong)


def test_what_is_sent_back_comes_first_to_its_annotator_with_the_note(reviewed: Project) -> None:
    mask = labelled(reviewed, "p0")
    note = "the left hand\n" + "ist größer " * 1000
    reviewed.verdicts.send_back(mask.photo_id, mask.id, EVA, note)
    anna, bob = reviewed.sessions.start(ANNA), reviewed.sessions.start(BOB)
    assert mask.photo_id not in {entry.photo_id for entry in reviewed.queue.head(9, BOB)}
    first = reviewed.queue.head(9, ANNA)[0]
    assert (first.photo_id, first.why[:35]) == (mask.photo_id, "Ева sent it back: the left hand ist")
    assert len(first.why) < 300
    assert reviewed.queue.claim_next(bob.id).photo_id != mask.photo_id  # type: ignore[union-attr]
    lease = reviewed.queue.claim_next(anna.id)
    assert lease is not None
    assert (lease.photo_id, lease.blind) == (mask.photo_id, False)
    verdict = reviewed.verdicts.of(mask.photo_id)
    assert verdict is not None
    assert verdict.note == note.strip()
    labelled(reviewed, "p0", ANNA, 4)
    reviewed.queue.release(anna.id, mask.photo_id)
    assert reviewed.verdicts.of(mask.photo_id) is None, "resolved by the next save"
    assert reviewed.queue.claim_next(anna.id).photo_id != mask.photo_id  # type: ignore[union-attr]


def test_a_skipped_return_goes_to_nobody_else(reviewed: Project) -> None:
    mask = labelled(reviewed, "p0")
    reviewed.verdicts.send_back(mask.photo_id, mask.id, EVA, "again")
    anna = reviewed.sessions.start(ANNA)
    assert reviewed.queue.claim_next(anna.id).photo_id == mask.photo_id  # type: ignore[union-attr]
    reviewed.queue.skip(anna.id, mask.photo_id)
    assert reviewed.queue.claim_next(anna.id).photo_id != mask.photo_id  # type: ignore[union-attr]
    second = reviewed.sessions.start(ANNA)
    assert reviewed.queue.claim_next(second.id).photo_id == mask.photo_id  # type: ignore[union-attr]


def test_two_windows_of_one_annotator_get_a_returned_photo_once(reviewed: Project) -> None:
    mask = labelled(reviewed, "p0")
    reviewed.verdicts.send_back(mask.photo_id, mask.id, EVA, "again")
    one, two = reviewed.sessions.start(ANNA), reviewed.sessions.start(ANNA)
    got = [reviewed.queue.claim_next(sitting.id) for sitting in (one, two)]
    assert [lease.photo_id == mask.photo_id for lease in got if lease] == [True, False]


def test_a_verdict_is_a_reviewers_on_the_mask_that_was_looked_at(reviewed: Project) -> None:
    mask = labelled(reviewed, "p0")
    with pytest.raises(ConfigError, match=r"bob is no reviewer.*--role 'bob=reviewer'"):
        reviewed.verdicts.approve(mask.photo_id, mask.id, BOB)
    with pytest.raises(ConfigError, match="needs a note"):
        reviewed.verdicts.send_back(mask.photo_id, mask.id, EVA, " \n")
    anna, eva = reviewed.sessions.start(ANNA), reviewed.sessions.start(EVA)
    reviewed.queue.claim(anna.id, mask.photo_id)
    with pytest.raises(ConflictError, match="is being corrected by Änna 張=1"):
        reviewed.verdicts.approve(mask.photo_id, mask.id, EVA, eva.id)
    labelled(reviewed, "p0", ANNA, 4)
    reviewed.queue.release(anna.id, mask.photo_id)
    reviewed.queue.claim(eva.id, mask.photo_id)
    with pytest.raises(ConflictError, match="saved again meanwhile"):
        reviewed.verdicts.approve(mask.photo_id, mask.id, EVA, eva.id)
    new = reviewed.masks.head(mask.photo_id)
    assert new is not None
    assert reviewed.verdicts.approve(mask.photo_id, new.id, EVA, eva.id).annotator == ANNA


def test_the_reviewer_finds_what_waits_by_state_annotator_split_and_class(reviewed: Project) -> None:
    masks = [labelled(reviewed, f"p{i}", ANNA if i < 2 else BOB, 3 + i) for i in range(4)]
    ids = [mask.photo_id for mask in masks]
    reviewed.verdicts.approve(ids[0], masks[0].id, EVA)
    reviewed.verdicts.send_back(ids[1], masks[1].id, EVA, "no")

    def found(**wanted: object) -> list[int]:
        return [one.photo_id for one in reviewed.verdicts.to_review(ReviewFilter(**wanted), 9)]  # type: ignore[arg-type]

    assert found() == ids[2:], "the oldest first"
    assert found(state="returned") == ids[1:2]
    assert found(state="approved") == ids[:1]
    assert found(state=None, annotator=BOB) == ids[2:]
    by_split = [found(state=None, split=split) for split in ("train", "val", "test")]
    assert sorted(photo_id for part in by_split for photo_id in part) == sorted(ids)
    for item in reviewed.measurements.missing(9):
        pixels = [0] * 9
        pixels[ids.index(item.photo_id)] = 5
        reviewed.measurements.save(item, pixels)
    assert found(state=None, class_index=3) == ids[3:]
    labelled(reviewed, "p0", ANNA, 5)
    assert ids[0] in found(), "a mask that was saved anew waits again"


def test_only_approved_masks_are_learnt_from_where_the_project_says_so(
    make_project: MakeProject, photo_folder: Path
) -> None:
    project = make_project(settings=Settings(review=ReviewSettings(approved_only=True)))
    project.registration.add_folder(photo_folder)
    project.annotators.set_role(EVA, Role.REVIEWER, "owner")
    masks = [labelled(project, f"p{i}") for i in range(8)]
    train = {truth.revision_id for truth in project.masks.truth("train")}
    approved = next(mask for mask in masks if mask.id in train)
    assert project.masks.truth("train", to_learn=True) == []
    assert project.models.untrained_labels(None) == 0
    project.verdicts.approve(approved.photo_id, approved.id, EVA)
    assert [t.revision_id for t in project.masks.truth("train", to_learn=True)] == [approved.id]
    assert project.models.untrained_labels(None) == 1
    project.verdicts.send_back(approved.photo_id, approved.id, EVA, "after all not")
    assert project.models.untrained_labels(None) == 0


def test_a_photo_is_read_again_by_another_and_the_first_mask_stands(double: Project) -> None:
    mask = labelled(double, "p0")
    anna, bob = double.sessions.start(ANNA), double.sessions.start(BOB)
    mine = double.queue.claim_next(anna.id)
    assert mine is not None
    assert mine.photo_id != mask.photo_id, "nobody reads their own again"
    lease = double.queue.claim_next(bob.id)
    assert lease is not None
    assert (lease.photo_id, lease.blind) == (mask.photo_id, True)
    assert "without the first mask" in lease.why
    part = double.masks.save(mask.photo_id, *some_mask(5), BOB, None, RevisionKind.PART)
    found = double.readings.get(mask.photo_id)
    assert found is not None
    assert (found.second, found.second_revision, found.waits) == (BOB, part.id, False)
    whole = double.masks.save(mask.photo_id, *some_mask(4), BOB, None)
    found = double.readings.get(mask.photo_id)
    assert found is not None
    assert (found.second_revision, found.waits) == (whole.id, True)
    head = double.masks.head(mask.photo_id)
    assert head is not None
    assert head.id == mask.id, "the first mask stands until somebody decides"
    double.queue.release(bob.id, mask.photo_id)
    assert double.queue.claim_next(bob.id).photo_id != mask.photo_id  # type: ignore[union-attr]
    double.readings.settle(mask.photo_id, Chosen.SECOND, EVA)
    with pytest.raises(ConflictError, match="no two readings wait"):
        double.readings.settle(mask.photo_id, Chosen.FIRST, EVA)
    after = double.masks.save(mask.photo_id, *some_mask(6), BOB, head.id)
    assert double.masks.head(mask.photo_id).id == after.id, "settled, it is a photo like any other"  # type: ignore[union-attr]


def test_who_has_seen_the_first_mask_is_no_second_reader(double: Project) -> None:
    mask = labelled(double, "p0")
    bob = double.sessions.start(BOB)
    double.queue.claim(bob.id, mask.photo_id)
    double.queue.release(bob.id, mask.photo_id)
    assert double.queue.claim_next(bob.id).photo_id != mask.photo_id  # type: ignore[union-attr]
    carl = double.sessions.start("carl")
    assert double.queue.claim_next(carl.id).photo_id == mask.photo_id  # type: ignore[union-attr]
    dora = double.sessions.start("dora")
    double.sessions.end(carl)
    assert double.queue.claim_next(dora.id).photo_id != mask.photo_id  # type: ignore[union-attr]


def test_imports_are_not_read_twice(double: Project) -> None:
    known = double.photos.find("p1")
    double.masks.save(known.id, *some_mask(), "import", None, RevisionKind.IMPORT)
    assert double.readings.get(known.id) is None
