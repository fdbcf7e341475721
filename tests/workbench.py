"""What the tests of the window work with: small real photos, and how to wait for a session."""

from __future__ import annotations

import os
import socket
import time
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from trainer.project.project import Project

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from napari_skinseg.session.session import AnnotationSession

COLOURS = ((60, 90, 130), (200, 150, 120), (140, 90, 70))


def write_photo(path: Path, number: int, height: int = 60, width: int = 80) -> None:
    """Write a small JPEG whose left half differs from photo to photo."""
    picture = np.zeros((height, width, 3), np.uint8)
    picture[:, : width // 2] = COLOURS[number % len(COLOURS)]
    picture[:, width // 2 :] = 20 * (number % 12)
    Image.fromarray(picture).save(path, quality=92)


def make_project(folder: Path, photos: int = 6) -> Project:
    """Make a project of small photos, each of another size."""
    (folder / "photos").mkdir(parents=True)
    for number in range(photos):
        write_photo(folder / "photos" / f"arm_{number:02}.jpg", number, 60 + number, 80 + 2 * number)
    project = Project.create(folder / "project")
    if photos:
        project.registration.add_folder(folder / "photos")
    return project


def until(session: AnnotationSession, reached: Callable[[], object], seconds: float = 30.0) -> None:
    """Poll the session, as the dock does, until something is so."""
    end = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < end, f"not reached within {seconds} s; the session says: {session.status}"
        session.poll()
        time.sleep(0.005)


def rest(session: AnnotationSession, seconds: float = 30.0) -> None:
    """Poll until every save is on the disk and nothing is under way."""
    until(session, lambda: not session.saving and not session._background.busy, seconds)


def serve(project: Project, model_id: str) -> str:
    """Register a model and serve it."""
    project.models.folder(model_id).mkdir(parents=True, exist_ok=True)
    project.models.add(model_id, recipe="supervised", lane="fast")
    project.models.promote(model_id, why="test", by="test")
    return model_id


def predict(project: Project, photo_id: int, model_id: str, value: int, top: int = 0) -> np.ndarray:
    """Write a prediction: `value` from row `top` down, not labelled above."""
    image = project.photos.read(photo_id)
    labels = np.zeros(image.shape[:2], np.uint8)
    labels[top:] = value
    project.predictions.save(photo_id, model_id, labels, np.full(labels.shape, 200, np.uint8))
    return labels


def beat(project: Project, **fields: object) -> None:
    """Write a trainer's sign of life: this process stands for it."""
    project.trainer.write_state(pid=os.getpid(), host=socket.gethostname(), **fields)
