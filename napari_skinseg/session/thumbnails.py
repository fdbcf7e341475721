"""Small pictures of photos with their masks, drawn in a thread and kept, the newest wish first."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from trainer.project.privacy.sensitive import sensitive_values, veil, veil_photo

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from napari_skinseg.session.background import Background
    from trainer.labels.classes import ClassSet
    from trainer.project.project import Project

SIDE = 80
"""Long side of a thumbnail, pixels."""
KEPT = 1000
"""Thumbnails in memory: at most 28 MB."""
WAITING = 60
"""Wishes that wait: who scrolls past a thousand photos wants those in sight, not all of them."""
TINT, BACKGROUND_TINT = 0.55, 0.2
"""Share of a class's colour over the photo, and of the background's, which is most of it."""
AGREED_LIGHT = 0.6
"""Lightness that is left where two masks agree, so that the rest is seen first."""


@dataclass(frozen=True)
class Suggested:
    """What a model suggested for a photo, in place of a saved mask."""

    model_id: str


@dataclass(frozen=True)
class Compared:
    """The mask of a revision, marked where another revision differs from it."""

    revision: str
    other: str


Mask = str | Suggested | Compared | None
"""What is drawn over a photo: the mask of a revision, a suggestion, a mask beside another, or nothing."""
Wish = tuple[int, Mask, bool, int]
"""A photo, what is drawn over it, whether sensitive classes are shown bare, and the long side."""


class Thumbnails:
    """Thumbnails by photo and mask. All methods belong to the main thread.

    Parameters
    ----------
    may_see
        Whether this annotator may see a photo's mask; asked in the thread.
    """

    def __init__(self, project: Project, background: Background, may_see: Callable[[int], bool]) -> None:
        self._project, self._background, self._may_see = project, background, may_see
        self._kept: OrderedDict[Wish, NDArray[np.uint8] | None] = OrderedDict()
        self._waiting: dict[Wish, Callable[[], None]] = {}
        self._drawing = False

    def get(
        self,
        photo_id: int,
        mask: Mask,
        drawn: Callable[[], None],
        bare: bool = False,
        side: int = SIDE,
    ) -> NDArray[np.uint8] | None:
        """Return a thumbnail, uint8 (height, width, 3), if it is there; else `drawn` is called once it is.

        None, and no call, for a photo that cannot be read. Sensitive classes are hidden unless `bare`.
        """
        wish = photo_id, mask, bare, side
        if wish in self._kept:
            self._kept.move_to_end(wish)
            return self._kept[wish]
        self._waiting.pop(wish, None)
        self._waiting[wish] = drawn
        while len(self._waiting) > WAITING:
            del self._waiting[next(iter(self._waiting))]
        self._draw_next()
        return None

    def _draw_next(self) -> None:
        if self._drawing or not self._waiting:
            return
        wish, tell = self._waiting.popitem()
        self._drawing = True

        def keep(picture: NDArray[np.uint8] | None) -> None:
            self._drawing = False
            self._kept[wish] = picture
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
            tell()
            self._draw_next()

        self._background.draw(lambda: self._drawn(*wish), keep, lambda _: keep(None))

    def _drawn(self, photo_id: int, mask: Mask, bare: bool, side: int) -> NDArray[np.uint8]:
        image = self._project.photos.read_scaled(photo_id, side)
        if not bare:
            image = veil_photo(self._project, photo_id, image)
        labels = self._labels(photo_id, mask) if mask and self._may_see(photo_id) else None
        if labels is None:
            return image
        if not isinstance(mask, Compared):
            return tinted(image, labels, self._project.classes)
        other = self._labels(photo_id, mask.other)
        if not bare:  # what either reader calls sensitive
            hidden = sensitive_values(self._project.classes, self._project.settings.privacy)
            for said in (labels, other):
                image = veil(image, said, hidden)
        drawn = tinted(image, labels, self._project.classes)
        return drawn if other is None else marked(drawn, labels, other)

    def _labels(self, photo_id: int, mask: Mask) -> NDArray[np.uint8] | None:
        if isinstance(mask, Compared):
            mask = mask.revision
        if isinstance(mask, str):
            return self._project.masks.read(self._project.masks.revision(mask))[0]
        prediction = self._project.predictions.get(photo_id)
        return None if prediction is None else self._project.predictions.read(prediction)[0]


def tinted(image: NDArray[np.uint8], labels: NDArray[np.uint8], classes: ClassSet) -> NDArray[np.uint8]:
    """Return a picture with labels over it, of the picture's size; the background hardly covers it.

    Parameters
    ----------
    image
        uint8 (height, width, 3), maybe smaller than the labels.
    labels
        uint8, stored values of the whole photo.
    classes
        For their colours.
    """
    values = _reduced(labels, image)
    table = np.zeros((256, 3), np.float32)
    table[1 : classes.count + 1] = [
        [int(colour[i : i + 2], 16) for i in (1, 3, 5)] for colour in classes.colours
    ]
    tints = np.zeros(256, np.float32)
    tints[1 : classes.count + 1] = TINT
    tints[classes.background + 1] = BACKGROUND_TINT
    tint = tints[values][..., None]
    return ((1 - tint) * image.astype(np.float32) + tint * table[values]).astype(np.uint8)


def marked(
    picture: NDArray[np.uint8], labels: NDArray[np.uint8], other: NDArray[np.uint8]
) -> NDArray[np.uint8]:
    """Return a picture with a white line around what two masks see differently; all else is darkened.

    Parameters
    ----------
    picture
        uint8 (height, width, 3), maybe smaller than the labels.
    labels, other
        uint8, stored values of the whole photo.
    """
    differs = np.pad(_reduced(labels, picture) != _reduced(other, picture), 1)
    inner = differs[:-2, 1:-1] & differs[2:, 1:-1] & differs[1:-1, :-2] & differs[1:-1, 2:]
    found = differs[1:-1, 1:-1]
    light = np.where(found, np.float32(1), np.float32(AGREED_LIGHT))[..., None]
    return np.where((found & ~inner)[..., None], np.uint8(255), (light * picture).astype(np.uint8))


def _reduced(labels: NDArray[np.uint8], picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width, _ = picture.shape
    rows = np.arange(height) * labels.shape[0] // height
    columns = np.arange(width) * labels.shape[1] // width
    return labels[np.ix_(rows, columns)]
