"""Unfinished work that is damaged, gone, or of another size: it is set aside, and its photo opens."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from field_masks import MakeStudy
from PIL import Image

from napari_skinseg.session.loading import LoadedPhoto, load_photo
from trainer.project.maintenance.janitor import collect_orphans
from trainer.project.masks.drafts import Draft
from trainer.project.project import Project


def opened(project: Project, photo_id: int) -> LoadedPhoto:
    session = project.sessions.start("ann")
    return load_photo(project, session.id, "ann", project.queue.claim(session.id, photo_id))


def cut(draft: Draft) -> None:
    next(path for path in (draft.path / "labels" / "c").rglob("*") if path.is_file()).write_bytes(b"x")


def gone(draft: Draft) -> None:
    shutil.rmtree(draft.path)


@pytest.mark.parametrize(
    ("height", "harm", "said"),
    [
        (60, cut, "is damaged"),
        (60, gone, "is damaged"),
        (40, lambda draft: None, "is of another size than the photo"),
    ],
)
def test_a_photo_opens_whatever_its_draft_is(
    make_study: MakeStudy, height: int, harm: Callable[[Draft], None], said: str
) -> None:
    with Project.open(make_study()) as project:
        photo_id = project.photos.ids()[0]
        work = np.full((height, 80), 3, np.uint8)
        harm(project.drafts.save(photo_id, "ann", work, work, None))
        photo = opened(project, photo_id)
        assert said in photo.damage
        assert not photo.labels.any()
        assert not photo.unsaved
        assert project.drafts.get(photo_id, "ann") is None
        kept = list((project.path / "aside").iterdir())
        assert len(kept) == (harm is not gone)
        assert all(str(place) in photo.damage for place in kept)
        collect_orphans(project, older_than=-1)
        assert all(Path(place).is_dir() for place in kept)


def test_work_on_a_photo_that_was_replaced_is_set_aside(
    make_study: MakeStudy,
) -> None:
    with Project.open(make_study()) as project:
        photo_id = project.photos.ids()[0]
        known = project.photos.probe(photo_id)
        work = np.full((60, 80), 3, np.uint8)
        draft = project.drafts.save(photo_id, "ann", work, work, None, None, known.sha256)
        assert project.drafts.is_of(known, draft)
        with Image.open(known.path) as picture:
            picture.transpose(Image.Transpose.ROTATE_180).save(known.path)
        photo = opened(project, photo_id)
        assert "is of another file than the photo: it is kept in" in photo.damage
        assert not photo.labels.any()


def test_good_work_comes_back(make_study: MakeStudy) -> None:
    with Project.open(make_study()) as project:
        photo_id = project.photos.ids()[0]
        work = np.full((60, 80), 3, np.uint8)
        project.drafts.save(photo_id, "ann", work, work, None)
        photo = opened(project, photo_id)
        assert (photo.labels == 3).all()
        assert (photo.damage, photo.unsaved) == ("", True)
