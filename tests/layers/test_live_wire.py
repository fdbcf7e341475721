"""The live wire keeps to the edge of a thing where a straight line would cut through it."""

from __future__ import annotations

import numpy as np
import pytest

from napari_skinseg.layers.live_wire import follow_edge


@pytest.mark.parametrize("large", [1, 4])
def test_a_line_between_two_points_of_a_circle_follows_the_circle(large):
    row, column = np.mgrid[: 200 * large, : 240 * large]
    middle, radius = np.array((100, 120)) * large, 60 * large
    photo = np.full((200 * large, 240 * large, 3), (190, 150, 130), np.uint8)
    photo[(row - middle[0]) ** 2 + (column - middle[1]) ** 2 < radius**2] = (90, 60, 50)
    photo = photo + np.random.default_rng(0).integers(0, 20, photo.shape, dtype=np.uint8)
    start, end = [middle[0] - radius, middle[1]], [middle[0], middle[1] + radius]
    between = follow_edge(photo, start, end)
    assert len(between) >= 3
    off = [abs(np.hypot(*(np.array(point) - middle)) - radius) for point in between]
    assert max(off) < 4 * large
    straight = np.hypot(*((np.array(start) + end) / 2 - middle))
    assert radius - straight > 15 * large


def test_an_even_photo_gives_a_plain_line():
    even = np.full((60, 80, 3), 120, np.uint8)
    assert len(follow_edge(even, [10.5, 10.5], [40.5, 60.5])) <= 2
