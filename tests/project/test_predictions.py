"""What a prediction holds besides the mask: a discriminator's map of errors, and boxes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from trainer.errors import MaskError
from trainer.labels.boxes import Box

if TYPE_CHECKING:
    from trainer.project.project import Project

SHAPE = (60, 80)
BOXES = (
    Box(3, 0.93, 4.5, 10.0, 30.25, 60.0, (0.0, 0.0, 0.02, 0.93, 0.05)),
    Box(0, 0.5, 0.0, 0.0, 9.0, 9.0),
)


def save(project: Project, **extra: object) -> int:
    photo_id = project.photos.ids()[0]
    labels = np.ones(SHAPE, np.uint8)
    project.predictions.save(photo_id, "0001", labels, np.full(SHAPE, 200, np.uint8), **extra)
    return photo_id


@pytest.mark.both_stores
def test_errors_and_boxes_come_back_as_they_were(project: Project) -> None:
    error = np.arange(60 * 80, dtype=np.uint8).reshape(SHAPE)
    made = project.predictions.get(save(project, error=error, boxes=BOXES))
    assert made is not None
    np.testing.assert_array_equal(project.predictions.read_error(made), error)
    back = project.predictions.read_boxes(made)
    assert [box.class_index for box in back] == [3, 0]
    assert back[0] == Box(3, 0.93, 4.5, 10.0, 30.2, 60.0, (0.0, 0.0, 0.02, 0.93, 0.05))


def test_a_prediction_without_them_has_none(project: Project) -> None:
    made = project.predictions.get(save(project))
    assert made is not None
    assert project.predictions.read_error(made) is None
    assert project.predictions.read_boxes(made) == ()


def test_a_prediction_of_an_older_version_still_opens(project: Project) -> None:
    made = project.predictions.get(save(project))
    assert made is not None
    import zarr

    group = zarr.open_group(made.path, mode="r+", zarr_format=3)
    kept = dict(group.attrs["skinseg"])
    del kept["boxes"]
    group.attrs["skinseg"] = kept
    older = type(made)(**{**vars(made), "checksum": None})
    assert project.predictions.read_boxes(older) == ()
    assert project.predictions.read_error(older) is None
    assert project.predictions.read(older)[0].shape == SHAPE


def test_a_damaged_map_is_refused(project: Project) -> None:
    made = project.predictions.get(save(project, error=np.full(SHAPE, 9, np.uint8)))
    assert made is not None
    chunk = next(file for file in (made.path / "error").rglob("*") if file.is_file() and "c" in file.parts)
    chunk.write_bytes(b"x")
    with pytest.raises(MaskError, match="damaged"):
        project.predictions.read_error(made)
    with pytest.raises(MaskError, match="damaged"):
        project.predictions.read_boxes(made)
