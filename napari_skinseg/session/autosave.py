"""Autosave: drafts of unfinished work, written every few seconds in the background."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psygnal import Signal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from napari_skinseg.session.background import Background
    from trainer.project.photo import Photo
    from trainer.project.project import Project

RETRY_SECONDS = 5.0


class Autosave:
    """Writes a draft when work has been unsafe for half of `seconds` (the other half is for the writing)."""

    failed = Signal(object)
    """A draft could not be written: the exception, at the first failure; retried until it works."""

    def __init__(self, project: Project, annotator: str, background: Background, seconds: float) -> None:
        self._project = project
        self._annotator = annotator
        self._background = background
        self._delay = seconds / 2
        self._unsafe_since: float | None = None
        self._not_before = 0.0
        self._writing = False
        self._safe_version = 0
        self.failing = False

    def restart(self) -> None:
        """Begin another photo, all of it safe."""
        self._safe_version = 0
        self._unsafe_since = None

    def settle(self, version: int) -> None:
        """Note that everything up to `version` is safe."""
        self._safe_version = max(self._safe_version, version)
        self._unsafe_since = None

    def is_due(self, version: int, now: float) -> bool:
        """Return whether a draft should be written now; `version` counts changes, `now` is in seconds."""
        if version == self._safe_version:
            return False
        if self._unsafe_since is None:
            self._unsafe_since = now
        waited = now - self._unsafe_since >= self._delay
        return waited and not self._writing and now >= self._not_before

    def write(
        self,
        photo: Photo,
        labels: NDArray[np.uint8],
        provenance: NDArray[np.uint8],
        base: str | None,
        model_id: str | None,
        version: int,
        now: float,
    ) -> None:
        """Write a draft in the background; the arrays must not be changed afterwards."""
        self._writing = True
        self._safe_version = version
        self._unsafe_since = None

        def done(_: object) -> None:
            self._writing = False
            self.failing = False

        def retry_later(error: BaseException) -> None:
            self._writing = False
            self._safe_version = -1  # equals no version: due again
            self._not_before = now + RETRY_SECONDS
            if not self.failing:
                self.failing = True
                self.failed.emit(error)

        self._background.write(
            lambda: self._project.drafts.save(
                photo.id, self._annotator, labels, provenance, base, model_id, photo.sha256
            ),
            done,
            retry_later,
        )
