"""Sensitive classes: hidden in small pictures and reports until somebody asks to see them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from trainer.errors import ConfigError, SkinsegError
from trainer.spelling import did_you_mean

if TYPE_CHECKING:
    from trainer.labels.classes import ClassSet
    from trainer.project.project import Project
    from trainer.settings.privacy import PrivacySettings

__all__ = ["hides", "known_labels", "sensitive_values", "veil", "veil_photo"]

Bytes = npt.NDArray[np.uint8]

BLOCKS = 12
"""So many blocks along the long side are left of what is hidden."""
MARGIN = 40
"""What is hidden grows by the long side divided by this: outlines are never exact."""


def sensitive_values(classes: ClassSet, settings: PrivacySettings) -> frozenset[int]:
    """Return the stored values of the classes to hide: those of the class set, and those of the settings.

    Raises
    ------
    ConfigError
        If the settings name a class that the project does not have; the default names are passed over.
    """
    by_name = {name.casefold(): index + 1 for index, name in enumerate(classes.names)}
    default = type(settings).model_fields["sensitive"].default
    found = {index + 1 for index in classes.sensitive}
    for name in filter(None, (word.strip() for word in settings.sensitive.split(","))):
        if name.casefold() in by_name:
            found.add(by_name[name.casefold()])
        elif settings.sensitive != default:
            raise ConfigError(
                f"privacy.sensitive: there is no class {name!r}; {did_you_mean(name, classes.names)}"
            )
    return frozenset(found)


def veil(picture: Bytes, labels: Bytes | None, hidden: frozenset[int]) -> Bytes:
    """Return a picture with what is sensitive, and what nothing is known of, reduced to coarse blocks.

    Parameters
    ----------
    picture
        uint8 (height, width, 3).
    labels
        Stored values of the same scene, of any size; None: nothing is known, and all is reduced.
    hidden
        Stored values of the classes to hide; empty: nothing is hidden.
    """
    if not hidden:
        return picture
    image = Image.fromarray(picture)
    scale = BLOCKS / max(image.size)
    blocks = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    coarse = image.resize(blocks, Image.Resampling.BOX).resize(image.size, Image.Resampling.BILINEAR)
    if labels is None:
        return np.asarray(coarse)
    secret = np.isin(labels, [0, *hidden])
    mask = Image.fromarray(np.where(secret, np.uint8(255), np.uint8(0)))
    # Reduced by area first: with the nearest pixel a small region could fall between two.
    fitted = np.asarray(mask.resize(image.size, Image.Resampling.BOX)) > 0
    grown = Image.fromarray(np.where(fitted, np.uint8(255), np.uint8(0)))
    reach = max(image.size) // MARGIN
    grown = grown.filter(ImageFilter.MaxFilter(2 * reach + 1))
    image.paste(coarse, mask=grown)
    return np.asarray(image)


def hides(project: Project) -> bool:
    """Whether anything is hidden in small pictures of a project; also where its settings are misspelt."""
    try:
        return bool(sensitive_values(project.classes, project.settings.privacy))
    except ConfigError:
        return True


def veil_photo(project: Project, photo_id: int, picture: Bytes) -> Bytes:
    """Return a small picture of a photo, its sensitive classes hidden as far as the project knows them."""
    hidden = sensitive_values(project.classes, project.settings.privacy)
    return veil(picture, known_labels(project, photo_id), hidden) if hidden else picture


def known_labels(project: Project, photo_id: int) -> Bytes | None:
    """Return the labels of the saved mask, filled with the suggestion's; None where there is neither.

    Stored values, uint8 (height, width).
    """
    found: Bytes | None = None
    head = project.masks.head(photo_id)
    suggestion = project.predictions.get(photo_id)
    try:
        if head is not None:
            found = project.masks.read(head)[0]
    except SkinsegError:
        found = None
    try:
        said = None if suggestion is None else project.predictions.read(suggestion)[0]
    except SkinsegError:
        said = None
    if found is None or said is None or said.shape != found.shape:
        return said if found is None else found
    return np.where(found == 0, said, found).astype(np.uint8)
