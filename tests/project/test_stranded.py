"""Work left while the catalog was out of reach: a draft again the next time, and never over newer work."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from trainer.project.maintenance.stranded import keep_stranded, take_up_stranded

from .conftest import some_mask

if TYPE_CHECKING:
    from trainer.project.project import Project


def test_it_becomes_a_draft_of_the_same_annotator(project: Project) -> None:
    labels, provenance = some_mask()
    one, two = project.photos.ids()[:2]
    keep_stranded(project, one, "anna", labels * 0, provenance, None, None)
    keep_stranded(project, one, "anna", labels, provenance, None, "0001")
    keep_stranded(project, two, "bob", labels, provenance, None, None)
    assert take_up_stranded(project, "anna") == [one]
    draft = project.drafts.get(one, "anna")
    assert draft is not None
    assert (draft.base_revision, draft.model_id) == (None, "0001")
    np.testing.assert_array_equal(project.drafts.read(draft), (labels, provenance))
    assert project.drafts.get(two, "bob") is None
    assert take_up_stranded(project, "anna") == []
    assert take_up_stranded(project, "bob") == [two]


def test_the_window_that_left_it_holds_its_photos_no_longer(project: Project) -> None:
    labels, provenance = some_mask()
    left = project.sessions.start("anna").id
    claim = project.queue.claim_next(left)
    assert claim is not None
    keep_stranded(project, claim.photo_id, "anna", labels, provenance, None, None, session_id=left)
    later = project.sessions.start("anna").id
    project.sessions.end_left({later: 0.0})
    assert project.queue.claim_next(later) is not None, "a later sitting of that number goes on"
    assert take_up_stranded(project, "anna") == [claim.photo_id]
    assert project.queue.claim(later, claim.photo_id).photo_id == claim.photo_id


def test_of_a_photo_that_is_gone_it_is_kept_aside_and_keeps_nothing_else_back(project: Project) -> None:
    labels, provenance = some_mask()
    gone, here = max(project.photos.ids()) + 1, project.photos.ids()[0]
    for photo_id in (here, gone):
        keep_stranded(project, photo_id, "anna", labels, provenance, None, None)
    assert take_up_stranded(project, "anna") == [here]
    assert len(list((project.path / "aside").iterdir())) == 2


def test_what_was_overtaken_or_is_damaged_is_kept_aside(project: Project) -> None:
    labels, provenance = some_mask()
    saved_since, drafted_since, damaged, cut_off = project.photos.ids()[:4]
    for photo_id in (saved_since, drafted_since):
        keep_stranded(project, photo_id, "anna", labels, provenance, None, None)
    group = keep_stranded(project, damaged, "anna", labels, provenance, None, None)
    next(
        file for file in (group / "labels").rglob("*") if file.is_file() and file.parent.name == "0"
    ).write_bytes(b"no")
    unfinished = keep_stranded(project, cut_off, "anna", labels, provenance, None, None)
    (unfinished / "zarr.json").unlink()
    head = project.masks.save(saved_since, labels, provenance, "bob", None)
    project.drafts.save(drafted_since, "anna", labels * 0 + 2, provenance, None)
    assert take_up_stranded(project, "anna") == []
    assert project.masks.head(saved_since) == head
    draft = project.drafts.get(drafted_since, "anna")
    assert draft is not None
    assert (project.drafts.read(draft)[0] == 2).all()
    assert len(list((project.path / "aside").iterdir())) == 3
    assert list((project.path / "stranded").iterdir()) == [unfinished]
