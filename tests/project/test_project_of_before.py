"""A project made by the version before the modules moved into rooms opens, resumes and serves.

`before/project-0.1.tar.xz` was made by that version: eight photos of some 40 pixels, seven imported masks,
one mask corrected by an annotator, one U-Net (width 1) served for now, a round of seven steps stopped at its
third, a prediction and a draft on the photo without a mask.
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from trainer.labels.values import IGNORE
from trainer.project.doctor import doctor
from trainer.project.privacy.purge import find_traces, purge_photo
from trainer.project.project import Project
from trainer.project.review.verdicts import ReviewFilter
from trainer.project.states import AccessKind, Role

ARCHIVE = Path(__file__).parent / "before" / "project-0.1.tar.xz"
PHOTOS = "/tmp/old/photos"  # where they lay when it was made


@pytest.fixture
def before(tmp_path: Path) -> Iterator[Project]:
    """The project, unpacked beside its photos."""
    with tarfile.open(ARCHIVE) as tar:
        tar.extractall(tmp_path, filter="data")
    with Project.open(tmp_path / "project") as project:
        project.registration.remap_root(PHOTOS, tmp_path / "photos")
        yield project


def test_it_opens_with_all_that_was_made(before: Project) -> None:
    assert not [finding for finding in doctor(before) if finding.level == "error"]
    counts = before.photos.counts()
    assert (counts.photos, counts.labelled) == (8, 7)
    assert before.settings.unet.width == 1
    corrected = before.photos.find("p0")
    head = before.masks.head(corrected.id)
    assert head is not None
    assert (head.annotator, head.seconds, head.strokes) == ("anna", 12.5, 3)
    truth = before.masks.read_truth(head)
    assert (truth[:3] == 1).all()
    assert set(np.unique(truth)) <= {0, 1, 6, IGNORE}
    assert len(before.masks.history(corrected.id)) == 2


def test_its_unfinished_work_and_prediction_are_read(before: Project) -> None:
    last = before.photos.find("p7")
    draft = before.drafts.get(last.id, "anna")
    assert draft is not None
    labels, provenance = before.drafts.read(draft)
    assert ((labels == 4) == (provenance == 3)).all()
    prediction = before.predictions.get(last.id)
    assert prediction is not None
    assert (before.predictions.read(prediction)[0] == 1).all()


def test_its_model_serves_and_its_round_goes_on(before: Project) -> None:
    from trainer.inference.predictor import Predictor
    from trainer.training.round import run_round

    served = before.models.served()
    assert served is not None
    said = Predictor(served.path, "cpu").predict(before.photos.read(before.photos.find("p7").id))
    assert said.labels.shape == before.photos.read(before.photos.find("p7").id).shape[:2]
    (stopped,) = (found for found in before.trainer.rounds() if found.ended is None)
    steps = []
    result = run_round(
        before,
        before.settings,
        round_id=stopped.id,
        lane="batch",
        device="cpu",
        tick=lambda progress: steps.append(progress.step) if progress.phase == "train" else None,
    )
    assert result.steps == 7
    assert min(steps) == 3, "the first steps are not made again"
    assert before.trainer.round(stopped.id).state == "done"
    assert before.models.get(result.model_id).recipe == "unet"


def test_it_gets_the_tables_of_review_and_privacy(before: Project) -> None:
    before.annotators.set_role("eva", Role.REVIEWER, "owner")
    known = before.photos.find("p0")
    head = before.masks.head(known.id)
    assert head is not None
    assert before.verdicts.approve(known.id, head.id, "eva").annotator == "anna"
    before.access.note("eva", AccessKind.WINDOW, [known.id])
    (traces,) = find_traces(before, ["p0"], masks=True)
    assert purge_photo(before, traces, "eva").proof.is_clean
    assert [line.relpath for line in before.access.entries(known.id)] == [None]


def test_read_only_it_does_without_them(tmp_path: Path) -> None:
    with tarfile.open(ARCHIVE) as tar:
        tar.extractall(tmp_path, filter="data")
    with Project.open(tmp_path / "project", read_only=True) as project:
        project.access.note("eva", AccessKind.WINDOW, [1])
        assert project.access.entries() == []
        assert project.readings.both() == []
        assert project.verdicts.to_review(ReviewFilter(), 9) == []
        assert project.verdicts.of(1) is None
        assert project.annotators.role_of("anna") == Role.ANNOTATOR
        assert project.queue.head(9, "anna")
        assert doctor(project)
