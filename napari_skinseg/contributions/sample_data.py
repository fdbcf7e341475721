"""`File › Open Sample`: rendered photos with their true masks, as a photo layer and a labels layer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageOps

from napari_skinseg.layers.palette import colormap
from trainer.errors import PhotoError
from trainer.labels.classes import CLASS_SETS
from trainer.labels.png import read_values
from trainer.labels.truth import to_labels
from trainer.settings.window import WindowSettings

if TYPE_CHECKING:
    from numpy.typing import NDArray

LayerData = tuple["NDArray[np.uint8]", dict[str, Any], str]

WHOLE_BODY = "photo_0013"
FACE = "photo_0010"
HAND = "photo_0020"
FOOT = "photo_0008"


def sample_folder() -> Path:
    """Return the folder of sample photos: in the installed package, or else in the repository.

    Raises
    ------
    PhotoError
        If neither is there.
    """
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "sample_data", package.parent / "sample_data"):
        if (folder / "photos").is_dir():
            return folder
    raise PhotoError(
        f"no sample photos beside {package}; render some with `python -P -m trainer.synthetic FOLDER`"
    )


def load_sample(stem: str) -> list[LayerData]:
    """Load a sample photo and its true mask as napari layer data.

    Returns
    -------
    list of (data, metadata, type)
        An `image` layer, uint8 (rows, columns, 3) in upright pixels, and a `labels` layer, uint8 of the same
        size, whose values are class index + 1.
    """
    folder = sample_folder()
    with Image.open(folder / "photos" / f"{stem}.jpg") as picture:
        photo = np.asarray(ImageOps.exif_transpose(picture).convert("RGB"))
    labels = to_labels(read_values(folder / "masks" / f"{stem}.png").astype(np.uint8))
    classes = CLASS_SETS["skin9"]
    features = {"index": list(range(classes.count + 1)), "class": ["not labelled", *classes.names]}
    look = {"opacity": WindowSettings().opacity, "colormap": colormap(classes)}
    meta = {"name": "annotation", "features": features, **look}
    return [(photo, {"name": stem, "rgb": True}, "image"), (labels, meta, "labels")]


def whole_body() -> list[LayerData]:
    """Load a whole person."""
    return load_sample(WHOLE_BODY)


def face() -> list[LayerData]:
    """Load a face."""
    return load_sample(FACE)


def hand() -> list[LayerData]:
    """Load a hand."""
    return load_sample(HAND)


def foot() -> list[LayerData]:
    """Load a foot."""
    return load_sample(FOOT)
