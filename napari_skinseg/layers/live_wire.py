"""Live wire: with Ctrl held, the line of a polygon follows the photo's edges from corner to corner.

The cheapest path over the photo's gradient, as intelligent scissors do (Mortensen and Barrett, 1995).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from napari_skinseg.layers import napari_undo

if TYPE_CHECKING:
    from napari.layers import Image, Labels
    from napari.utils.events import Event
    from numpy.typing import NDArray

    Point = list[float]

WINDOW = 160
"""Most rows and columns that a path is looked for in: 20 ms of one core."""
MARGIN = 0.35
"""A path may leave the box around its ends by this share of their distance."""
FAINT = 4.0
"""A change from pixel to pixel, of 255, that is noise where there is nothing stronger."""
WORTH = 0.9
"""A path that costs more than this share of the straight line is not worth its corners."""
EDGE = 0.15
"""Cost of a step along the strongest edge there, beside 1 where there is none."""


def follow_edge(photo: NDArray[np.uint8], start: Point, end: Point) -> list[Point]:
    """Return the corners between two points of a line that follows the photo's edges; the ends are left out.

    Parameters
    ----------
    photo
        uint8 (height, width, 3).
    start, end
        Row and column.
    """
    from skimage.graph import route_through_array  # half a second that no first photo should wait for
    from skimage.measure import approximate_polygon

    corners = np.array([start, end])
    reach = max(8.0, MARGIN * float(np.linalg.norm(corners[1] - corners[0])))
    least = np.maximum(np.floor(corners.min(axis=0) - reach), 0).astype(int)
    most = np.minimum(np.ceil(corners.max(axis=0) + reach) + 1, photo.shape[:2]).astype(int)
    if (most - least).min() < 3:
        return []
    step = max(1, -(-int((most - least).max()) // WINDOW))
    part = photo[least[0] : most[0] : step, least[1] : most[1] : step].astype(np.float32)
    slope = np.sqrt(
        sum(ndimage.gaussian_gradient_magnitude(part[..., channel], 1.0) ** 2 for channel in range(3))
    )
    cost = EDGE + (1 - EDGE) * (1 - slope / max(float(slope.max()), FAINT)) ** 2
    ends = np.clip(np.floor((corners - least) / step).astype(int), 0, np.array(cost.shape) - 1)
    path, price = route_through_array(cost, ends[0], ends[1], geometric=True)  # type: ignore[no-untyped-call]
    if price > WORTH * _straight_price(cost, ends):
        return []
    simple = approximate_polygon(np.array(path, float), 0.7)[1:-1]  # type: ignore[no-untyped-call]
    return [[float(row), float(column)] for row, column in simple * step + least + step / 2]


def _straight_price(cost: NDArray[np.float32], ends: NDArray[np.intp]) -> float:
    """Return what the straight line between two places costs."""
    length = float(np.linalg.norm(ends[1] - ends[0]))
    rows, columns = np.linspace(ends[0], ends[1], max(2, round(length))).round().astype(int).T
    return float(cost[rows, columns].mean()) * length


class LiveWire:
    """The live wire of one annotation layer's polygon tool.

    Parameters
    ----------
    layer
        Its polygon is drawn by napari; this adds corners between those of the hand.
    photo
        Followed.
    """

    def __init__(self, layer: Labels, photo: Image) -> None:
        self._layer, self._photo = layer, photo
        self._fixed = 0  # corners that are clicked, and those between them
        self._shown = 0  # corners of the line to the mouse
        self._runs: list[int] = []  # how many corners each click has fixed
        self._clicked: list[Point] = []
        # napari's own callbacks come first: they are there once the viewer has the layer.
        layer.mouse_move_callbacks.append(self._on_move)
        layer.mouse_drag_callbacks.append(self._on_press)

    def close(self) -> None:
        """Leave the layer."""
        self._layer.mouse_move_callbacks.remove(self._on_move)
        self._layer.mouse_drag_callbacks.remove(self._on_press)

    def _on_move(self, layer: Labels, event: Event) -> None:
        """Draw the line to the mouse along the edges while Ctrl is held, straight otherwise."""
        points = self._points()
        follows = "Control" in event.modifiers
        if len(points) < 2 or not (follows or self._shown):
            return
        fixed, mouse = points[: self._fixed], points[-1]
        between = self._between(fixed[-1], mouse) if follows else []
        self._shown = len(between)
        napari_undo.set_corners(layer, [*fixed, *between, mouse])

    def _on_press(self, layer: Labels, event: Event) -> None:
        """Fix the line at a click, and take a whole stretch of it back at a right click."""
        before, points = self._fixed, self._points(pressed=True)
        if len(points) < 2:
            return
        if event.button == 1:
            corner, mouse = points[-2], points[-1]
            fixed = points[:before]
            between = []
            if "Control" in event.modifiers and fixed and corner != fixed[-1]:
                between = points[before : before + self._shown] or self._between(fixed[-1], corner)
            added = [] if fixed and corner == fixed[-1] else [*between, corner]
            self._fix([*fixed, *added], mouse, len(added))
        elif event.button == 2 and self._runs:
            taken = self._runs.pop()
            self._fix(self._clicked[: len(self._clicked) - taken], points[-1], 0)

    def _fix(self, corners: list[Point], mouse: Point, added: int) -> None:
        self._clicked, self._fixed, self._shown = corners, len(corners), 0
        if added:
            self._runs.append(added)
        napari_undo.set_corners(self._layer, [*corners, mouse] if corners else [])

    def _points(self, pressed: bool = False) -> list[Point]:
        """Return the polygon's corners, the mouse last; forget ours where it has been begun anew."""
        points = napari_undo.corners(self._layer)
        begun_anew = len(points) <= (2 if pressed else 1) and self._fixed > 1
        if not points or begun_anew:
            self._fixed, self._shown, self._runs, self._clicked = 0, 0, [], []
        return points

    def _between(self, start: Point, end: Point) -> list[Point]:
        return follow_edge(self._photo.data[0], start, end)
