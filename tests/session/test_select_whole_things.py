"""Select with MobileSAM: superpixels until the trainer has looked at the photo, then whole things."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage
from workbench import beat, until

from napari_skinseg.demo.simulated_annotator import SimulatedAnnotator
from napari_skinseg.session.click_proposers import STROKES
from trainer.labels.truth import to_labels
from trainer.networks.published.folder import FOLDER_VARIABLE
from trainer.networks.published.registry import MOBILESAM
from trainer.project.project import Project
from trainer.selection.proposals import ClickModel
from trainer.selection.superpixels import Superpixels
from trainer.service import embedding_worker
from trainer.service.embedding_worker import EmbeddingWorker
from trainer.service.photo_server import PhotoServer
from trainer.synthetic.render import render_photo

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HAND = 3


@pytest.fixture
def rendered(tmp_path: Path, real_weights, monkeypatch) -> Iterator[tuple[Project, np.ndarray]]:
    """A project of one rendered hand on a machine with MobileSAM's weights, and its mask."""
    monkeypatch.setenv(FOLDER_VARIABLE, str(real_weights(MOBILESAM)))
    photo, mask = render_photo(1, 240, 320, "hand")[:2]
    (tmp_path / "photos").mkdir()
    Image.fromarray(photo).save(tmp_path / "photos" / "hand.png")
    with Project.create(tmp_path / "project") as project:
        project.registration.add_folder(tmp_path / "photos")
        yield project, mask


def middle_of(part: np.ndarray) -> tuple[float, float]:
    row, column = np.unravel_index(ndimage.distance_transform_edt(part).argmax(), part.shape)
    return float(row), float(column)


def test_a_click_finds_the_hand_once_the_trainer_has_looked_at_the_photo(rendered, open_session):
    project, mask = rendered
    parts, _ = ndimage.label(mask > 1)
    hand = parts == 1 + np.bincount(parts.ravel())[1:].argmax()  # with its forearm, as one sees it
    session = open_session(project)
    beat(project)  # a trainer is running
    session.open_next()
    until(session, lambda: session.current is not None)
    select = session._editor.select
    session.toggle_select()
    until(session, lambda: select._found is not None)
    assert isinstance(select._found.proposer, Superpixels)
    assert session.notices[-1][1] == "colour patches, until the trainer has looked at this photo" + STROKES
    select.click(*middle_of(hand), added=True)

    worker = EmbeddingWorker(project, "cpu")
    assert worker.serve_one() == session.current.photo.id
    assert worker.serve_one() is None, "nothing else is wanted"
    until(session, lambda: isinstance(select._found.proposer, ClickModel))
    until(session, lambda: len(select._proposals) == 3 and select._proposals[0].values.shape == (256, 256))
    overlap = overlaps(session, hand)
    assert max(overlap) > 0.9
    for _ in range(int(np.argmax(overlap))):
        session.next_proposal()
    session.select_class(HAND + 1)
    painted = session.annotation_layer.data == HAND + 1
    assert (painted & hand).sum() / (painted | hand).sum() > 0.9
    session.undo()
    assert not session.annotation_layer.data.any()


def test_what_select_waits_for_is_said_as_it_changes_on_the_open_photo(
    rendered, open_session, tmp_path, monkeypatch
):
    weights = os.environ[FOLDER_VARIABLE]
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "none"))
    session = open_session(rendered[0])
    session.open_next()
    until(session, lambda: session.current is not None)
    session.toggle_select()
    until(session, lambda: session.notices and "skinseg weights get mobilesam" in session.notices[-1][1])
    monkeypatch.setenv(FOLDER_VARIABLE, weights)
    until(session, lambda: "the trainer is not running: Start it below" in session.notices[-1][1])
    beat(rendered[0])
    until(session, lambda: "until the trainer has looked at this photo" in session.notices[-1][1])
    assert len(session.notices) == 3, "each is said once"


def overlaps(session, part: np.ndarray) -> list[float]:
    """IoU of each proposal with a part of the photo."""
    masks = [proposal.at(part.shape) for proposal in session._editor.select._proposals]
    return [(mask & part).sum() / (mask | part).sum() for mask in masks]


def test_an_embedding_that_is_damaged_or_of_another_photo_is_none(rendered):
    project, _ = rendered
    (photo,) = project.photos.ids()
    project.photos.read(photo)
    sha256 = project.photos.get(photo).sha256
    project.embeddings.save(photo, sha256, "weights", np.zeros((256, 64, 64), np.float16))
    assert project.embeddings.read(photo, sha256, "weights") is not None
    assert project.embeddings.read(photo, "f" * 64, "weights") is None
    assert project.embeddings.read(photo, None, "weights") is None
    assert project.embeddings.read(photo, sha256, "others") is None
    (file,) = (project.path / "cache" / "embeddings").glob("*.npy")
    file.write_bytes(file.read_bytes()[:500])
    assert project.embeddings.read(photo, sha256, "weights") is None


def test_a_photo_is_looked_at_amid_other_work_once_its_window_has_waited_long(rendered, monkeypatch):
    project, _ = rendered
    session = project.sessions.start("anna")
    (photo,) = project.photos.ids()
    assert project.queue.claim(session.id, photo) is not None
    server = PhotoServer(project, "cpu")
    assert server.serve_one(head=False, clicks=False) == "", "a probe comes first"
    monkeypatch.setattr(embedding_worker, "OVERDUE_SECONDS", 0.0)
    assert "click" in server.serve_one(head=False, clicks=False)
    assert server.serve_one(head=True) == ""


def test_the_simulated_annotator_selects_what_it_would_have_to_draw(rendered, open_session):
    project, mask = rendered
    session = open_session(project)
    beat(project)
    session.open_next()
    until(session, lambda: session.current is not None)
    EmbeddingWorker(project, "cpu").serve_one()
    truth = to_labels(mask)
    effort = SimulatedAnnotator(session, lambda _: truth, selects=True).annotate()
    assert effort.after >= 0.97
    assert effort.by_select < 0.5 * effort.from_nothing
    assert effort.seconds == pytest.approx(effort.by_select, rel=0.1), "the window does as the reckoning says"
    assert session.selecting
    for _ in range(effort.strokes):
        session.undo()
    assert not session.annotation_layer.data.any(), "each selection is one undo step"
