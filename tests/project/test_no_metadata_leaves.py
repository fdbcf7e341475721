"""No place, time or device of a photo leaves with a mask or a picture: metadata stay in the photo's file."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from trainer.evaluation.report.pictures import data_uri, overlay, small
from trainer.labels.png import write_png
from trainer.labels.truth import to_targets
from trainer.project.import_export.formats import FORMATS
from trainer.project.import_export.mask_export import export_masks
from trainer.project.maintenance.backup import backup
from trainer.project.privacy.sensitive import veil

from .conftest import some_mask, write_photo

if TYPE_CHECKING:
    from trainer.project.import_export.formats import Format
    from trainer.project.project import Project

CAMERA, DEGREES = "Fieldcam-7Q", (47.0, 22.0, 33.25)
GPS, LATITUDE, MAKE = 0x8825, 2, 0x010F


@pytest.fixture
def tagged(project: Project, photo_folder: Path) -> int:
    """A labelled photo that says where and with what it was taken."""
    path = photo_folder / "p0.jpg"
    exif = Image.Exif()
    exif[MAKE] = CAMERA
    exif.get_ifd(GPS)[LATITUDE] = DEGREES
    with Image.open(write_photo(path)) as image:
        image.save(path, exif=exif)
    with Image.open(path) as image:
        assert tuple(image.getexif().get_ifd(GPS)[LATITUDE]) == DEGREES
    known = project.photos.find("p0")
    project.photos.read(known.id)
    project.masks.save(known.id, *some_mask(), "anna", None)
    return known.id


def leaks(content: bytes) -> list[str]:
    words = {"camera": CAMERA.encode(), "EXIF": b"Exif\0\0", "XMP": b"ns.adobe.com/xap", "PNG EXIF": b"eXIf"}
    return [name for name, word in words.items() if word in content]


def test_the_photo_itself_would_be_caught(project: Project, tagged: int) -> None:
    assert leaks(project.photos.get(tagged).path.read_bytes()) == ["camera", "EXIF"]


@pytest.mark.parametrize("kind", sorted(FORMATS))
def test_no_export_carries_metadata(project: Project, tagged: int, tmp_path: Path, kind: Format) -> None:
    assert export_masks(project, tmp_path / "out", kind).written == 1
    files = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert files
    assert {path.name: leaks(path.read_bytes()) for path in files if leaks(path.read_bytes())} == {}


def test_no_picture_of_a_report_carries_metadata(project: Project, tagged: int) -> None:
    photo = project.photos.read(tagged)
    labels = some_mask()[0]
    painted = overlay(photo, to_targets(labels), project.classes)
    for picture in (small(photo), painted, veil(photo, labels, frozenset({3}))):
        assert leaks(base64.b64decode(data_uri(picture).partition(",")[2])) == []


def test_neither_predictions_nor_the_project_nor_its_backup_hold_metadata(
    project: Project, tagged: int, tmp_path: Path
) -> None:
    labels, provenance = some_mask()
    project.predictions.save(tagged, "m", labels, provenance)
    project.drafts.save(tagged, "bob", labels, provenance, None)
    write_png(tmp_path / "predicted.png", to_targets(labels))
    written = [tmp_path / "predicted.png", backup(project, tmp_path / "copy")]
    written += [path for path in project.path.rglob("*") if path.is_file()]
    assert {path.name for path in written if leaks(path.read_bytes())} == set()
    assert np.array(Image.open(tmp_path / "predicted.png")).shape == (60, 80)
