"""Keys that leave a photo: one press leaves one photo, and Space held pans instead.

A key that is held repeats. Qt marks repeats, and napari passes over those it marks; some servers and remote
desktops send each repeat as a release and a press of its own, and Qt itself takes a repeat's release for the
end where the press behind it has not come in yet. Those follow each other at once: no hand does. What acts on
a release waits for that press.
"""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from psygnal import SignalInstance

STANDS_SECONDS = 0.5
"""A photo that has stood for less has not been looked at."""
REPEAT_SECONDS = 0.15
"""A press so soon after the release of the same key is a repeat."""
HELD_SECONDS = 1.0
"""A press so soon after another without a release between them is one too; later, the release was missed."""
PRESS_POLLS = 2
"""Polls of the window between which the press behind the release of a repeat comes in."""

TICK_SECONDS = 0.1
"""The most that one look at the clock adds to it."""


class ResponsiveClock:
    """Seconds during which the window answered: one that stood still for three is only a tick older.

    What was pressed while nothing moved waits in a line, and comes at once when the window goes on: by the
    wall's clock a repeat would seem a new press, and a photo that nobody could see would seem looked at.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._seconds = clock, 0.0
        self._ticked = clock()

    def __call__(self) -> float:
        """Return the seconds so far."""
        return self._seconds + min(self._clock() - self._ticked, TICK_SECONDS)

    def tick(self) -> None:
        """Note that the window answers."""
        self._seconds, self._ticked = self(), self._clock()


class Leaves(Protocol):
    """The session's side."""

    notice: SignalInstance

    @property
    def current(self) -> object | None:
        """The open photo."""

    def accept_by_hand(self) -> None:
        """Accept the rest, save, show the next photo; where most is not labelled, ask first."""

    @property
    def untouched(self) -> bool:
        """Whether there is nothing to undo on the photo."""

    def undo(self) -> None:
        """Undo the last step."""

    def take_back(self) -> None:
        """Take the last accept back."""

    def back(self) -> None:
        """Open the photo before."""

    def skip(self) -> None:
        """Leave the photo for another day."""

    def hold_to_pan(self) -> None:
        """Let the mouse move the photo."""

    def end_pan(self) -> bool:
        """Give the mouse its tool back; return whether the photo was moved."""


class LeavingKeys:
    """Turns presses and releases of Space, N, B, K and Ctrl+Z into at most one action each.

    Parameters
    ----------
    session
        Whose photo is left.
    clock
        Seconds.
    """

    def __init__(self, session: Leaves, clock: Callable[[], float] = time.monotonic) -> None:
        self._session, self._clock = session, clock
        self._shown = self._clock()
        self._suggested = float("-inf")
        self._down: dict[str, float] = {}
        self._released: dict[str, float] = {}
        self._accepts = False
        self._polls_left = 0

    def held(self) -> dict[str, Callable[[bool], object]]:
        """Return what each key does when it goes down (True) and up (False)."""
        session = self._session
        runs = {"N": session.accept_by_hand, "B": session.back, "K": session.skip}
        return {
            "Space": self._space,
            "Ctrl+Z": self._undo,
            **{key: partial(self._leave, key, run) for key, run in runs.items()},
        }

    def photo_shown(self) -> None:
        """Note that another photo has appeared."""
        self._shown, self._polls_left, self._suggested = self._clock(), 0, float("-inf")

    def suggestion_shown(self) -> None:
        """Note that a newer suggestion has taken the place of what was looked at."""
        self._suggested = self._clock()

    @property
    def suggestion_unseen(self) -> bool:
        """Whether nobody can have looked at the suggestion yet, as where it came while a key was down."""
        return self._clock() - self._suggested < STANDS_SECONDS

    def poll(self) -> None:
        """Accept when Space went up and no press has followed; to be called while the window answers."""
        if self._polls_left:
            self._polls_left -= 1
            if not self._polls_left:
                self._session.accept_by_hand()

    def accept_now(self) -> None:
        """Accept what Space is about to, before another key acts."""
        if self._polls_left:
            self._polls_left = 0
            self._session.accept_by_hand()

    def _leave(self, key: str, run: Callable[[], object], down: bool) -> None:
        if not down:
            self._up(key)
            return
        self.accept_now()
        if self._counts(key):
            run()

    def _space(self, down: bool) -> None:
        """Let the mouse pan while Space is down; where it did not, accept and go on when Space goes up."""
        if down:
            waited, self._polls_left = self._polls_left > 0, 0
            self._accepts = self._counts("Space") or waited
            self._session.hold_to_pan()
            return
        self._up("Space")
        panned = self._session.end_pan()
        if self._accepts and not panned:
            self._polls_left = PRESS_POLLS
        self._accepts = False

    def _undo(self, down: bool) -> None:
        """Undo a step; where there is none, take the last accept back, but never by a key that is held."""
        if not down:
            self._up("Ctrl+Z")
            return
        self.accept_now()
        if not self._session.untouched:
            self._down["Ctrl+Z"] = self._clock()
            self._session.undo()
        elif self._counts("Ctrl+Z"):
            self._session.take_back()

    def _up(self, key: str) -> None:
        self._down.pop(key, None)
        self._released[key] = self._clock()

    def _counts(self, key: str) -> bool:
        """Tell whether a press is a person's own, on a photo that has been seen."""
        now, never = self._clock(), float("-inf")
        repeated = now - self._released.get(key, never) < REPEAT_SECONDS
        repeated |= now - self._down.get(key, never) < HELD_SECONDS
        self._down[key] = now
        if repeated:
            return False
        if self._session.current is not None and now - self._shown < STANDS_SECONDS:
            self._session.notice.emit(
                "info", f"this photo has just appeared: look at it, then press {key} again"
            )
            return False
        return True
