"""Keys pressed before the next photo is there: class, tool and brush are taken for it, of others it is told.

Unbound they would reach napari's own keys, which know other tools by other digits.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Protocol

from napari_skinseg.session.shortcuts import MOVING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from psygnal import SignalInstance

    from napari_skinseg.session.shortcuts import KeyRow

CHOOSING = (*"0123456789PGAWQ[],.",)
"""Keys that change nothing on a photo: a quick hand has pressed them by the time that it appears."""


class Opens(Protocol):
    """The session's side."""

    notice: SignalInstance

    @property
    def current(self) -> object | None:
        """The open photo."""

    @property
    def opening(self) -> bool:
        """Whether a photo is being opened."""


class EarlyKeys:
    """Keeps what was pressed while a photo is being opened, and does it once that is there.

    Parameters
    ----------
    session
        Whose photo is opened.
    first
        Called before every key: an accept that waits goes before it.
    """

    def __init__(self, session: Opens, first: Callable[[], object]) -> None:
        self._session, self._first = session, first
        self._kept: list[Callable[[], object]] = []

    def rows(self, rows: Iterable[KeyRow]) -> list[KeyRow]:
        """Return the rows as they are to be bound."""
        return [row._replace(run=partial(self._press, row.key, row.run)) for row in rows]

    def photo_shown(self) -> None:
        """Do what was pressed, where the photo is there now."""
        if self._session.current is None:
            return
        kept, self._kept = self._kept, []
        for run in kept:
            run()

    def _press(self, key: str, run: Callable[[], object]) -> None:
        self._first()
        if self._session.current is not None or key in MOVING:
            run()
        elif not self._session.opening:
            self._session.notice.emit("info", f"{key} needs a photo: none is open")
        elif key in CHOOSING:
            self._kept.append(run)
        else:
            self._session.notice.emit("info", f"the photo is not here yet: press {key} again when it is")
