"""Everyday tasks at the desk: what is asked of a photo, and what a hand does, with all keys and without."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage
from skimage.graph import route_through_array
from skimage.measure import approximate_polygon, find_contours

from napari_skinseg.widgets.event_loop import settle

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from napari_skinseg.session.select_tool import SelectTool
    from napari_skinseg.session.session import AnnotationSession
    from tools.x_hand import XHand

BACKGROUND, HAND, FOOT = 1, 4, 5
BRUSH = 8
"""Pixels on the screen of a brush that draws outlines."""
MOST_CLICKS = 12
ROOM = 14
"""Pixels of a photo between the ways of a hand that drags over a thing."""


@dataclass(frozen=True)
class Task:
    """What is asked of a photo, and how it opens.

    Attributes
    ----------
    most
        Inputs that are promised with the keys of today.
    asked
        Labels ``(height, width)`` that shall be saved; 0: any.
    suggested, painted
        Labels that a model and a person have given before.
    exact
        To the pixel; else as good as the simulated hand wants it.
    """

    name: str
    most: int
    scene: tuple[int, str]
    asked: Callable[[NDArray[np.uint8]], NDArray[np.uint8]]
    now: Callable[[Desk], None]
    before: Callable[[Desk], None]
    suggested: Callable[[NDArray[np.uint8]], NDArray[np.uint8]] | None = None
    painted: Callable[[NDArray[np.uint8]], NDArray[np.uint8]] | None = None
    exact: bool = True
    accepted_before: bool = False


@dataclass
class Desk:
    """One photo before a hand."""

    hand: XHand
    session: AnnotationSession
    asked: NDArray[np.uint8]

    @property
    def labels(self) -> NDArray[np.uint8]:
        """Labels as they are shown."""
        labels: NDArray[np.uint8] = self.session.annotation_layer.data
        return labels

    def leave_by(self, key: str) -> None:
        """Look at the photo, press a key, and see another come: one hardly seen is not left."""
        settle(2.5)
        here = self.photo_id
        self.hand.key(key, until=lambda: self.photo_id not in (None, here))

    @property
    def photo_id(self) -> int | None:
        """Number of the open photo."""
        current = self.session.current
        return None if current is None else current.photo.id

    def fill(self, place: tuple[int, int], value: int) -> None:
        """Click with the bucket."""
        self.hand.click(place, until=lambda: self.labels[place] == value)

    def inside(self, value: int) -> tuple[int, int]:
        """Find the middle of what shall be of a class."""
        return deepest(self.asked == value)


def deepest(area: NDArray[np.bool_]) -> tuple[int, int]:
    """Find the place in an area that is farthest from its edge."""
    depth = ndimage.distance_transform_edt(np.pad(area, 1))[1:-1, 1:-1]
    row, column = np.unravel_index(depth.argmax(), depth.shape)
    return int(row), int(column)


# What the hand does


def select_hand(desk: Desk) -> None:
    """Click until Select proposes the hand, and paint it by its class."""
    hand, wanted = desk.hand, desk.asked == HAND
    select = desk.session._editor.select
    hand.key("q", until=lambda: select._found is not None)
    place, added = deepest(wanted), True
    for number in range(1, MOST_CLICKS + 1):
        said = len(select._prompts.points)
        answered = partial(_answered, select, said)
        if number == 1 and select._found.proposer.by_strokes:
            hand.drag_over(way_over(wanted), wanted.shape, ROOM, answered)
        else:
            hand.click(place, *(() if added else ("Shift",)), until=answered)
        hand.look()
        found = select._proposals[0].at(wanted.shape)
        known = desk.asked != 0
        if 2 * (found & wanted).sum() >= 0.95 * ((found & known).sum() + wanted.sum()):
            break
        missed, wrong = wanted & ~found, found & known & ~wanted
        added = missed.sum() >= wrong.sum()
        place = deepest(missed if added else wrong)
    hand.key("4", until=lambda: not select.has_selection)


def _answered(select: SelectTool, said: int) -> bool:
    return len(select._prompts.points) > said and not select._awaited


def way_over(area: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Find a way that comes near every part of an area and does not leave it, ``(n, 2)``."""
    inner = ndimage.binary_erosion(area, iterations=ROOM // 2)
    left = [tuple(place) for place in np.argwhere(inner) if not (place % ROOM).any()]
    cost = np.where(inner, 1.0, np.where(area, 20.0, 1000.0))
    way = [left.pop(0)]
    while left:
        nearest = min(left, key=lambda place: float(np.hypot(*np.subtract(place, way[-1]))))
        left.remove(nearest)
        way += route_through_array(cost, way[-1], nearest)[0][1:]
    return np.array(way[::3] + way[-1:], float)


def outline_hand(desk: Desk) -> None:
    """Draw round the hand with the brush, and fill it and what is left."""
    zoom = desk.hand._camera.zoom
    core = ndimage.binary_erosion(desk.asked == HAND, iterations=max(1, round(BRUSH / zoom / 2)))
    lines = sorted(find_contours(np.pad(core, 1).astype(float), 0.5), key=len)
    desk.hand.key("4")
    desk.hand.outline(approximate_polygon(lines[-1] - 1, 0.5)[:-1], desk.asked.shape)
    desk.hand.key("a")
    desk.fill(deepest(core & (desk.labels != HAND)), HAND)
    desk.hand.key("1")
    fill_all(desk, desk.labels != HAND, BACKGROUND)


def fill_all(desk: Desk, area: NDArray[np.bool_], value: int) -> None:
    """Click the bucket on every patch of an area, until it is of a class."""
    for _ in range(MOST_CLICKS):
        patches, count = ndimage.label(area & (desk.labels != value))
        sizes = np.bincount(patches.ravel())
        sizes[0] = 0
        if not count or sizes.max() < 20:  # what nobody sees
            return
        desk.fill(deepest(patches == sizes.argmax()), value)


def select_and_rest(desk: Desk) -> None:
    select_hand(desk)
    rest(desk)


def relabel(desk: Desk) -> None:
    desk.hand.point(desk.inside(HAND))
    desk.hand.key("4", "Alt", until=lambda: desk.labels[desk.inside(HAND)] == HAND)


def refill(desk: Desk) -> None:
    desk.hand.key("4")
    desk.hand.key("a")
    desk.fill(desk.inside(HAND), HAND)


def rest(desk: Desk) -> None:
    desk.hand.key("d", until=lambda: desk.labels.all())


def fill_rest(desk: Desk) -> None:
    desk.hand.key("1")
    desk.hand.key("a")
    fill_all(desk, desk.asked == BACKGROUND, BACKGROUND)


def nothing(_: Desk) -> None:
    """Leave the suggestion as it is: the key that accepts is pressed for every task."""


def reject_and_redo(desk: Desk) -> None:
    desk.hand.key("c", "Shift", until=lambda: not desk.labels.any())
    select_and_rest(desk)


def overpaint(desk: Desk) -> None:
    desk.hand.key("1")
    desk.hand.key("a")
    fill_all(desk, np.ones(desk.asked.shape, bool), BACKGROUND)
    desk.hand.key("p")
    outline_hand(desk)


def go_back(desk: Desk, mend: Callable[[Desk], None]) -> None:
    desk.leave_by("b")
    mend(desk)


# What is asked


def as_drawn(truth: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return truth


def hand_alone(truth: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Hand and background; of an arm anything will do."""
    return np.where(np.isin(truth, (HAND, BACKGROUND)), truth, 0).astype(np.uint8)


def hand_painted(truth: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.where(truth == BACKGROUND, 0, HAND).astype(np.uint8)


def hand_on_background(truth: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.where(truth == BACKGROUND, BACKGROUND, HAND).astype(np.uint8)


def called_foot(truth: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.where(truth == HAND, FOOT, truth).astype(np.uint8)


def nonsense(truth: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.roll(called_foot(truth), (truth.shape[0] // 3, truth.shape[1] // 3), (0, 1))


TASKS = (
    Task(
        "a hand, without a suggestion",
        4,
        (40, "hand"),
        hand_alone,
        select_and_rest,
        outline_hand,
        exact=False,
    ),
    Task("right shape, wrong class", 1, (41, "hand"), as_drawn, relabel, refill, called_foot),
    Task(
        "the rest is background", 1, (3, "forearm"), hand_on_background, rest, fill_rest, painted=hand_painted
    ),
    Task("a good suggestion", 0, (43, "hand"), as_drawn, nothing, nothing, as_drawn),
    Task(
        "a bad suggestion: drop it and redo",
        5,
        (44, "hand"),
        hand_alone,
        reject_and_redo,
        overpaint,
        nonsense,
        exact=False,
    ),
    Task(
        "the photo before, its class mended",
        2,
        (47, "hand"),
        as_drawn,
        lambda desk: go_back(desk, relabel),
        lambda desk: go_back(desk, refill),
        called_foot,
        accepted_before=True,
    ),
)
