"""Purge: nothing that was made from a photo stays, the photo's file does, and it can be interrupted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import sqlalchemy as sa

from trainer.errors import ConflictError, PhotoError
from trainer.project.catalog import schema
from trainer.project.doctor import doctor
from trainer.project.maintenance.stranded import keep_stranded, take_up_stranded
from trainer.project.privacy import purge
from trainer.project.privacy.proof import prove
from trainer.project.privacy.purge import Purged, find_traces, purge_photo
from trainer.project.states import AccessKind

from .conftest import some_mask, write_photo

if TYPE_CHECKING:
    from trainer.project.project import Project

NAME = "ward/p1.jpg"


def fill(project: Project, name: str = NAME) -> int:
    """Make all that a project makes of a photo."""
    known = project.photos.find(name)
    project.photos.read(known.id)
    sha256 = project.photos.get(known.id).sha256
    assert sha256 is not None
    labels, provenance = some_mask()
    saved = project.masks.save(known.id, labels, provenance, "anna", None)
    project.models.add("m1", "skinseg", "fast", [], {"worst": [name]}, project.models.folder("m1"))
    project.models.trained_on("m1", [saved.id])
    project.predictions.save(known.id, "m1", labels, provenance, score=0.5)
    project.drafts.save(known.id, "anna", labels, provenance, saved.id)
    project.drafts.set_aside(project.drafts.of("anna")[0])
    project.drafts.save(known.id, "bob", labels, provenance, saved.id)
    keep_stranded(project, known.id, "bob", labels, provenance, None, None)
    take_up_stranded(project, "bob")
    keep_stranded(project, known.id, "bob", labels, provenance, None, None)
    features = np.zeros((1, 2, 2), np.float16)
    project.embeddings.save(known.id, sha256, "weights", features)
    project.activations.save(known.id, sha256, "m1", features)
    session = project.sessions.start("anna")
    project.queue.claim(session.id, known.id)
    project.queue.flag(session.id, known.id, f"who is this on {name}?")
    project.sessions.end(session)
    project.access.note("anna", AccessKind.WINDOW, [known.id])
    project.events.add("round note", "trainer", message=f"{known.path} cannot be read")
    decoded = project.path / "cache" / "decoded"
    for file in (f"c-{sha256[:32]}-96.npy", f"t-{saved.id}-60x80.npy"):
        decoded.mkdir(parents=True, exist_ok=True)
        np.save(decoded / file, labels)
    (project.path / "cache" / "features").mkdir(parents=True)
    np.save(project.path / "cache" / "features" / "f-0-1.npy", labels)
    for folder, learns in (("r1", known.id), ("r2", known.id + 1)):
        (project.path / "rounds" / folder).mkdir()
        begun = {"items": [[learns, saved.id, "1:x"]]}
        (project.path / "rounds" / folder / "begun.json").write_text(json.dumps(begun))
    (project.path / "panels").mkdir()
    write_photo(project.path / "panels" / "unet.png")
    runs = project.path / "studies" / "s"
    runs.mkdir(parents=True)
    ids = [known.id + 1, known.id]
    (runs / "a.json").write_text(json.dumps({"photo_ids": ids, "groups": ["1:x", f"1:{name}"]}))
    np.savez(runs / "a.npz", matrices=np.array([[[1]], [[2]]]), one=np.zeros(3))
    (project.path / "trainer.log").write_text(f"good line\nno suggestion for {name}: broken\n")
    return known.id


def purged(project: Project, name: str | int = NAME, masks: bool = False) -> Purged:
    (traces,) = find_traces(project, [str(name)], masks)
    return purge_photo(project, traces, "eva")


def test_nothing_is_left_of_a_purged_photo_but_its_file(project: Project, photo_folder: Path) -> None:
    before = (photo_folder / NAME).read_bytes()
    photo_id = fill(project)
    done = purged(project, masks=True)
    assert done.proof.remains == ()
    assert (photo_folder / NAME).read_bytes() == before
    assert {place.place for place in done.proof.looked} >= {"rounds", "studies", "project folder"}
    assert not (project.path / "rounds" / "r1").exists()
    assert (project.path / "rounds" / "r2").exists(), "a round that did not learn from it goes on"
    run = json.loads((project.path / "studies" / "s" / "a.json").read_text())
    assert run == {"photo_ids": [photo_id + 1], "groups": ["1:x"]}
    assert np.load(project.path / "studies" / "s" / "a.npz")["matrices"].tolist() == [[[1]]]
    assert (project.path / "trainer.log").read_text() == (
        f"good line\nno suggestion for purged photo {photo_id}: broken\n"
    )
    assert project.models.get("m1").metrics == {"worst": [f"purged photo {photo_id}"]}
    for folder in ("masks", "drafts", "stranded", "aside"):
        assert list((project.path / folder).iterdir()) == []
    assert project.photos.counts().photos == 7
    with pytest.raises(PhotoError, match="was purged by eva"):
        find_traces(project, [NAME], False)


def test_who_did_what_stays_under_the_bare_number(project: Project) -> None:
    photo_id = fill(project)
    purged(project)
    assert [(line.who, line.relpath) for line in project.access.entries(photo_id)] == [("anna", None)]
    events = {event.kind: event for event in project.events.latest() if event.photo_id == photo_id}
    assert events["flag"].who == "anna"
    assert events["flag"].data == {}
    assert events["purge"].who == "eva"
    with pytest.raises(Exception, match="append-only"), project.catalog.write() as connection:
        connection.execute(sa.update(schema.event).values(who="nobody"))


def test_masks_stay_unless_they_are_named_and_can_go_later(project: Project) -> None:
    photo_id = fill(project)
    done = purged(project)
    (kept,) = done.traces.kept
    assert (project.path / kept).is_dir()
    assert done.proof.is_clean
    with pytest.raises(PhotoError, match="add --masks"):
        find_traces(project, [str(photo_id)], False)
    assert purged(project, photo_id, masks=True).proof.is_clean
    assert not (project.path / kept).exists()


def test_the_proof_finds_what_is_there(project: Project, photo_folder: Path) -> None:
    photo_id = fill(project)
    (traces,) = find_traces(project, [NAME], True)
    found = prove(project, traces)
    for place in ("catalog", "masks", "predictions", "drafts", "aside", "cache", "rounds", "project folder"):
        assert [item for looked in found.looked if looked.place.startswith(place) for item in looked.remains]
    assert found.pictures == ("panels/unet.png",)
    done = purge_photo(project, traces, "eva")
    (project.path / "page.html").write_text(f"<p>{NAME}</p>")
    write_photo(photo_folder / "new.jpg", seed=1)
    assert prove(project, traces).remains == ("page.html",)
    assert done.proof.is_clean
    assert photo_id == traces.photo_id


@pytest.mark.parametrize("step", ["remove_files", "_stop_rounds", "_set_todo", "scrub", "prove"])
def test_an_interrupted_purge_is_run_again_and_finishes(
    project: Project, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    photo_id = fill(project)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    (traces,) = find_traces(project, [NAME], True)
    with monkeypatch.context() as patch:
        patch.setattr(purge, step, killed)
        with pytest.raises(KeyboardInterrupt):
            purge_photo(project, traces, "eva")
    if step == "prove":  # all was done, only nobody was told
        assert prove(project, traces).is_clean
        return
    (said,) = [finding for finding in doctor(project) if "interrupted" in finding.what]
    assert said.mend.endswith(f"purge {project.path} {photo_id}")
    assert purged(project, photo_id).proof.is_clean
    assert prove(project, traces).is_clean
    assert not [finding for finding in doctor(project) if "interrupted" in finding.what]


def test_a_photo_in_somebodys_hands_stays(project: Project) -> None:
    known = project.photos.find(NAME)
    bob = project.sessions.start("Bøb 張")
    project.queue.claim(bob.id, known.id)
    with pytest.raises(ConflictError, match=r"in the hands of Bøb 張 \(window on .*, open since"):
        purged(project)
    assert project.photos.get(known.id).state == "new"
    project.queue.release(bob.id, known.id)
    assert purged(project).proof.is_clean


def test_a_purged_photo_is_not_registered_again(project: Project, photo_folder: Path) -> None:
    project.photos.read(project.photos.find(NAME).id)
    purged(project)
    added = project.registration.add_folder(photo_folder)
    assert (added.new, added.known, added.purged) == (0, 7, 1)
    assert "stay out" in " ".join(added.lines)
    (photo_folder / NAME).rename(photo_folder / "renamed.jpg")
    assert project.registration.add_folder(photo_folder).new == 1
    with pytest.raises(PhotoError, match="was purged from the project under another name"):
        project.photos.read(project.photos.find("renamed").id)


def test_of_twins_none_stays_alone(project: Project, photo_folder: Path) -> None:
    (photo_folder / "twin.jpg").write_bytes((photo_folder / NAME).read_bytes())
    project.registration.add_folder(photo_folder)
    for name in (NAME, "twin.jpg"):
        project.photos.read(project.photos.find(name).id)
    with pytest.raises(PhotoError, match=r"same pixels as twin\.jpg.*name both"):
        find_traces(project, [NAME], False)
    both = find_traces(project, [NAME, "twin.jpg"], False)
    proofs = [purge_photo(project, traces, "eva").proof for traces in both]
    assert proofs[-1].is_clean


def test_names_that_hold_each_other_are_told_apart(project: Project, photo_folder: Path) -> None:
    write_photo(photo_folder / "p1.jpg", seed=11)
    write_photo(photo_folder / "ward" / "xp1.jpg", seed=12)
    project.registration.add_folder(photo_folder)
    project.events.add("note", "x", message="p1.jpg, ward/p1.jpg and ward/xp1.jpg")
    done = purged(project, "p1.jpg")
    assert done.proof.is_clean
    (note,) = project.events.latest(kind="note")
    assert note.data == {"message": f"purged photo {done.traces.photo_id}, ward/p1.jpg and ward/xp1.jpg"}
    assert {p.relpath for p in map(project.photos.get, project.photos.ids())} >= {NAME, "ward/xp1.jpg"}
