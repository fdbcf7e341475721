"""Seconds of a hand: what an aim costs, and a way that has to stay inside a tunnel.

Aiming follows Fitts' law (MacKenzie 1992, "Fitts' law as a research and design tool"): at the throughput of
a mouse, 3.7 to 4.9 bit/s (Soukoreff & MacKenzie 2004), a target of some 15 pixels at half the screen's
distance, 5 bits, takes 1.0 to 1.4 s, the decision included. A way of length L in a tunnel of width W follows
the steering law T = b L / W (Accot & Zhai 1997, "Beyond Fitts' law"), with b about 0.1 s for a mouse: one who
may be off by a pixel on either side draws slowly, one who sweeps a wide brush through a large region fast.
A key takes 0.28 s (Card, Moran & Newell 1980, "The keystroke-level model", average non-secretary typist).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from trainer.effort.strokes import TOLERANCE

if TYPE_CHECKING:
    from trainer.effort.strokes import Stroke

SCREEN_LONG_SIDE = 1000.0
"""Pixels of the photo's long side on the screen."""
KEY = 0.28
"""Seconds for a key."""
GLANCE = 0.5
"""Seconds to see whether a mask that has appeared is the right one; a judgement."""


@dataclass(frozen=True)
class HandCosts:
    """Seconds of looking, aiming and drawing.

    Attributes
    ----------
    look
        For a photo that has just appeared.
    aim
        Of every stroke or click, the decision for it included.
    speed
        Screen pixels per second along any way; 0: the tunnel's width decides.
    steering
        Seconds for a way that is as long as its tunnel is wide.
    """

    name: str
    look: float
    aim: float
    speed: float = 0.0
    steering: float = 0.0

    def of(self, stroke: Stroke, long_side: int) -> float:
        """Seconds that a stroke takes.

        Parameters
        ----------
        stroke
            In pixels of a mask.
        long_side
            Of that mask.
        """
        if stroke.prompts is not None:
            return self.aim * stroke.aims + (KEY + GLANCE) * stroke.glances
        if self.speed:
            return self.aim + stroke.length * SCREEN_LONG_SIDE / long_side / self.speed
        if stroke.anew:
            return 2 * self.aim
        return self.aim + self.steering * stroke.length / tunnel(stroke)


def tunnel(stroke: Stroke) -> float:
    """Width in which the mouse may move: twice the tolerance of an outline, half the room of a sweep."""
    if stroke.room:
        return max(2 * TOLERANCE, stroke.room / 2)
    return 2 * TOLERANCE if stroke.width == 0 else max(2 * TOLERANCE, stroke.width / 2)


STEERING = HandCosts("steering law", look=3.0, aim=1.2, steering=0.1)
"""From the literature."""
CONSTANT_SPEED = HandCosts("constant speed", look=3.0, aim=1.5, speed=250.0)
"""Of earlier versions: an outline exact to the pixel costs no more than a free movement, which flatters
painting from nothing."""

HANDS = {"steering": STEERING, "constant": CONSTANT_SPEED}
"""By the names that commands take."""
