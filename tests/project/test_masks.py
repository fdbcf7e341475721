"""Saving, reading, undoing masks; drafts."""

from __future__ import annotations

import json
import os
import shutil
from typing import TYPE_CHECKING

import numpy as np
import pytest
import zarr
from yaozarrs import v05, validate_zarr_store

from trainer.errors import MaskError
from trainer.labels.values import IGNORE
from trainer.project.maintenance.janitor import collect_orphans
from trainer.project.project import Project
from trainer.project.revisions import MaskConflictError

from .conftest import MakeProject, some_mask, write_photo

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.both_stores
def test_a_saved_mask_comes_back_exactly(project: Project) -> None:
    first = project.photos.ids()[0]
    labels, provenance = some_mask()
    saved = project.masks.save(
        first, labels, provenance, "ann", None, model_id="0003", seconds=12.5, strokes=4
    )
    with Project.open(project.path) as again:
        head = again.masks.head(first)
        assert head == saved
        read = again.masks.read(saved)
    assert np.array_equal(read[0], labels)
    assert np.array_equal(read[1], provenance)
    assert (saved.kind, saved.model_id, saved.seconds, saved.strokes) == ("save", "0003", 12.5, 4)
    assert project.photos.get(first).state == "labelled"


def test_truth_is_what_was_accepted_or_painted(project: Project) -> None:
    first = project.photos.ids()[0]
    labels, provenance = some_mask(value=3)
    project.masks.save(first, labels, provenance, "ann", None)
    target = project.masks.read_truth(first)
    assert target.dtype == np.uint8
    assert set(np.unique(target)) == {2, IGNORE}
    assert np.array_equal(target == 2, provenance == 3)
    assert np.array_equal(project.masks.read_truth(project.masks.truth()[0]), target)


def test_a_mask_without_truth_teaches_nothing(project: Project) -> None:
    first = project.photos.ids()[0]
    labels, _ = some_mask()
    project.masks.save(first, labels, np.ones_like(labels), "ann", None)
    assert project.masks.truth() == []


@pytest.mark.both_stores
def test_truth_lists_the_latest_first_and_by_split(project: Project) -> None:
    labels, provenance = some_mask()
    ids = project.photos.ids()[:4]
    for photo_id in ids:
        project.masks.save(photo_id, labels, provenance, "ann", None)
    assert [truth.photo_id for truth in project.masks.truth()] == ids[::-1]
    by_split = [truth.photo_id for split in ("train", "val", "test") for truth in project.masks.truth(split)]
    assert sorted(by_split) == sorted(ids)


def test_the_group_opens_in_any_ngff_reader(project: Project) -> None:
    labels, provenance = some_mask()
    saved = project.masks.save(project.photos.ids()[0], labels, provenance, "ann", None)
    validate_zarr_store(str(saved.path))
    ome = json.loads((saved.path / "zarr.json").read_text())["attributes"]["ome"]
    v05.LabelImage.model_validate(ome)
    names = {entry["label-value"]: entry["name"] for entry in ome["image-label"]["properties"]}
    assert names[9] == "anogenital"
    assert ome["image-label"]["colors"][0]["rgba"] == [*bytes.fromhex(project.classes.colours[0][1:]), 255]
    group = zarr.open_group(saved.path, mode="r")
    assert np.array_equal(group["labels"][...], labels)
    assert (saved.path / "labels" / "c").is_dir()


def test_a_large_mask_is_one_shard_of_small_chunks(make_project: MakeProject, tmp_path: Path) -> None:
    write_photo(tmp_path / "photos" / "large.png", 2100, 1500)
    project = make_project()
    project.registration.add_folder(tmp_path / "photos")
    labels = np.random.default_rng(0).integers(0, 10, (2100, 1500), dtype=np.uint8)
    saved = project.masks.save(1, labels, np.full_like(labels, 3), "ann", None)
    array = zarr.open_group(saved.path, mode="r")["labels"]
    assert isinstance(array, zarr.Array)
    assert (array.chunks, array.shards) == ((1024, 1024), (3072, 2048))
    assert sum(1 for path in (saved.path / "labels" / "c").rglob("*") if path.is_file()) == 1
    assert np.array_equal(project.masks.read(saved)[0], labels)


@pytest.mark.parametrize("harm", ["delete", "truncate", "flip", "metadata", "all"])
def test_a_damaged_mask_is_never_read_as_empty(project: Project, harm: str) -> None:
    labels, provenance = some_mask()
    saved = project.masks.save(project.photos.ids()[0], labels, provenance, "ann", None)
    chunk = next(path for path in (saved.path / "labels" / "c").rglob("*") if path.is_file())
    content = chunk.read_bytes()
    if harm == "delete":
        chunk.unlink()
    elif harm == "truncate":
        chunk.write_bytes(content[: len(content) // 2])
    elif harm == "flip":
        chunk.write_bytes(bytes([content[0] ^ 1]) + content[1:])
    elif harm == "metadata":
        path = saved.path / "labels" / "zarr.json"
        path.write_text(path.read_text().replace("60", "61", 1))
    else:
        shutil.rmtree(saved.path)
    with pytest.raises(MaskError, match="damaged or missing"):
        project.masks.read(saved)
    with pytest.raises(MaskError, match="damaged or missing"):
        project.masks.read_truth(saved.photo_id)


@pytest.mark.parametrize(
    ("labels", "provenance", "message"),
    [
        (np.zeros((60, 81), np.uint8), np.zeros((60, 81), np.uint8), r"needs uint8 \(60, 80\)"),
        (np.zeros((60, 80), np.int32), np.zeros((60, 80), np.uint8), "labels are int32"),
        (np.full((60, 80), 10, np.uint8), np.zeros((60, 80), np.uint8), "labels hold 10, the highest is 9"),
        (np.zeros((60, 80), np.uint8), np.full((60, 80), 4, np.uint8), "provenance hold 4"),
    ],
)
def test_a_mask_that_does_not_fit_is_refused(
    project: Project, labels: np.ndarray, provenance: np.ndarray, message: str
) -> None:
    first = project.photos.ids()[0]
    with pytest.raises(MaskError, match=message):
        project.masks.save(first, labels, provenance, "ann", None)
    assert project.masks.history(first) == []
    assert list((project.path / "masks").iterdir()) == []


@pytest.mark.both_stores
def test_of_two_savers_one_is_told_and_both_masks_are_kept(project: Project) -> None:
    first = project.photos.ids()[0]
    mine, provenance = some_mask(2)
    theirs, _ = some_mask(5)
    base = project.masks.save(first, mine, provenance, "ann", None)
    won = project.masks.save(first, mine, provenance, "bob", base.id)
    with pytest.raises(
        MaskConflictError, match="bob saved this photo meanwhile; both masks are kept"
    ) as caught:
        project.masks.save(first, theirs, provenance, "ann", base.id)
    assert project.masks.head(first) == won
    lost = caught.value.revision
    assert np.array_equal(project.masks.read(lost)[0], theirs)
    assert {made.id for made in project.masks.history(first)} == {base.id, won.id, lost.id}
    assert project.events.latest(1)[0].kind == "conflict"


@pytest.mark.both_stores
def test_history_can_be_walked_back_and_forth(project: Project) -> None:
    first = project.photos.ids()[0]
    one, provenance = some_mask(1)
    two, _ = some_mask(2)
    old = project.masks.save(first, one, provenance, "ann", None)
    new = project.masks.save(first, two, provenance, "bob", old.id)
    back = project.masks.revert(first, old.id, "cy")
    assert back is not None
    assert np.array_equal(project.masks.read(back)[0], one)
    assert [made.kind for made in project.masks.history(first)] == ["revert", "save", "save"]
    assert project.masks.head(first) == back
    forth = project.masks.revert(first, new.id, "cy")
    assert forth is not None
    assert np.array_equal(project.masks.read(forth)[0], two)
    assert collect_orphans(project, 0) == 0
    assert project.masks.revert(first, None, "cy") is None
    assert project.masks.head(first) is None
    assert project.photos.get(first).state == "new"
    assert len(project.masks.history(first)) == 4


def test_only_a_photos_own_revisions_can_be_gone_back_to(project: Project) -> None:
    one, other = project.photos.ids()[:2]
    labels, provenance = some_mask()
    saved = project.masks.save(one, labels, provenance, "ann", None)
    with pytest.raises(MaskError, match="belongs to another photo"):
        project.masks.revert(other, saved.id, "ann")
    with pytest.raises(MaskError, match="no mask revision"):
        project.masks.revert(one, "nothing", "ann")


@pytest.mark.both_stores
def test_a_part_stays_in_the_queue(project: Project) -> None:
    labels, provenance = some_mask()
    session = project.sessions.start("ann")
    claim = project.queue.claim_next(session.id)
    assert claim is not None
    part = project.masks.save(claim.photo_id, labels, provenance, "ann", None, kind="part")
    assert project.photos.get(claim.photo_id).state == "part"
    assert len(project.masks.truth()) == 1
    project.queue.release(session.id, claim.photo_id)
    assert claim.photo_id in [entry.photo_id for entry in project.queue.head(8)]
    project.masks.save(claim.photo_id, labels, provenance, "ann", part.id)
    assert claim.photo_id not in [entry.photo_id for entry in project.queue.head(8)]


@pytest.mark.both_stores
def test_a_draft_is_found_again_and_ends_with_the_save(project: Project) -> None:
    one, other = project.photos.ids()[:2]
    labels, provenance = some_mask()
    first = project.drafts.save(one, "ann", labels, provenance, None, "0001")
    later = labels.copy()
    later[0] = 7
    project.drafts.save(one, "ann", later, provenance, None, "0001")
    project.drafts.save(other, "ann", labels, provenance, None)
    assert not first.path.exists()
    with Project.open(project.path) as again:
        found = again.drafts.of("ann")
        assert [draft.photo_id for draft in found] == [other, one]
        assert np.array_equal(again.drafts.read(found[1])[0], later)
        assert found[1].model_id == "0001"
        assert again.drafts.of("bob") == []
    project.masks.save(one, later, provenance, "ann", None)
    assert project.drafts.get(one, "ann") is None
    project.drafts.drop(other, "ann")
    assert project.drafts.of("ann") == []
    assert list((project.path / "drafts").iterdir()) == []


@pytest.mark.both_stores
def test_orphans_are_collected_and_nothing_else(project: Project) -> None:
    first = project.photos.ids()[0]
    labels, provenance = some_mask()
    saved = project.masks.save(first, labels, provenance, "ann", None)
    orphan = saved.path.with_name("f" * 32 + ".zarr")
    shutil.copytree(saved.path, orphan)
    assert collect_orphans(project, older_than=3600) == 0
    os.utime(orphan, (1, 1))
    os.utime(saved.path, (1, 1))
    assert collect_orphans(project, older_than=3600) == 1
    assert not orphan.exists()
    assert np.array_equal(project.masks.read(saved)[0], labels)
