"""A simulated annotator of a team: claims, drafts, saves, skips, flags, takes back, and keeps a diary."""

from __future__ import annotations

import hashlib
import random
import time
from collections import defaultdict
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from trainer.project.project import Project
from trainer.project.states import RevisionKind, VisitOutcome

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HEIGHT, WIDTH = 240, 320
"""Of every photo."""
WAYS = (("save", 58), ("skip", 12), ("part", 10), ("flag", 6), ("take back", 14))


@dataclass
class Diary:
    """What one annotator, or several, saw."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    held: list[tuple[int, float, float, str]] = field(default_factory=list)
    """Photo, from the claim's return to just before it was given back, by whom."""
    saved: list[tuple[str, int, str]] = field(default_factory=list)
    """Revision, photo, digest of what was acknowledged."""
    last: dict[int, tuple[float, str | None]] = field(default_factory=dict)
    """When each photo was left, and with which revision as its mask."""

    def add(self, other: Diary) -> None:
        """Take in what another saw."""
        for what, seconds in other.seconds.items():
            self.seconds[what] += seconds
        self.held += other.held
        self.saved += other.saved
        for photo, (at, head) in other.last.items():
            if at > self.last.get(photo, (0.0, None))[0]:
                self.last[photo] = (at, head)

    @contextmanager
    def timed(self, what: str) -> Iterator[None]:
        """Note how long a block takes."""
        start = time.perf_counter()
        yield
        self.seconds[what].append(time.perf_counter() - start)


class Annotator:
    """One annotator at a project of their own opening."""

    def __init__(self, path: Path, name: str, pause: float) -> None:
        self.name, self.diary = name, Diary()
        self._random, self._pause = random.Random(name), pause
        self._project = Project.open(path)
        self._session = self._project.sessions.start(name).id

    def work(self, until: float) -> None:
        """Photo after photo, until a time of the monotonic clock."""
        try:
            while time.monotonic() < until:
                with self.diary.timed("claim"):
                    claim = self._project.queue.claim_next(self._session)
                if claim is None:
                    time.sleep(0.1)
                    continue
                self._annotate(claim.photo_id, time.monotonic())
            self._project.sessions.end(self._session)
        finally:
            self._project.close()

    def _annotate(self, photo: int, since: float) -> None:
        project, diary = self._project, self.diary
        found = project.masks.head(photo)
        head = None if found is None else found.id
        labels, provenance = self._painted()
        time.sleep(self._random.expovariate(1 / self._pause))
        with diary.timed("draft"):
            project.drafts.save(photo, self.name, labels, provenance, head)
        project.queue.extend(self._session, [photo])
        names, weights = zip(*WAYS, strict=True)
        way = self._random.choices(names, weights)[0]
        if way == "skip":
            diary.held.append((photo, since, time.monotonic(), self.name))
            with diary.timed("skip"):
                project.queue.skip(self._session, photo)
            return
        if way != "flag":
            kind = RevisionKind.PART if way == "part" else RevisionKind.SAVE
            head = self._save(photo, labels, provenance, head, kind)
        if way == "take back":
            found = project.masks.revert(photo, None, self.name)
            project.drafts.save(photo, self.name, labels, provenance, None)
            head = self._save(photo, labels, provenance, None, RevisionKind.SAVE)
        project.sessions.record_visit(self._session, photo, 1.0, 3, VisitOutcome.SAVED)
        diary.last[photo] = (time.monotonic(), head)
        diary.held.append((photo, since, time.monotonic(), self.name))
        if way == "flag":
            with diary.timed("flag"):
                project.queue.flag(self._session, photo, "odd")
        else:
            project.queue.release(self._session, photo)

    def _save(
        self, photo: int, labels: np.ndarray, provenance: np.ndarray, head: str | None, kind: RevisionKind
    ) -> str:
        with self.diary.timed("save"):
            made = self._project.masks.save(photo, labels, provenance, self.name, head, kind)
        self.diary.saved.append((made.id, photo, digest(labels)))
        return made.id

    def _painted(self) -> tuple[np.ndarray, np.ndarray]:
        labels = np.ones((HEIGHT, WIDTH), np.uint8)
        for value in range(2, 6):
            top, left = self._random.randrange(HEIGHT - 40), self._random.randrange(WIDTH - 40)
            labels[top : top + 40, left : left + 40] = value
        return labels, np.where(labels > 1, np.uint8(3), np.uint8(2))


def digest(labels: np.ndarray) -> str:
    """Return the SHA-256 of a mask's pixels."""
    return hashlib.sha256(labels.tobytes()).hexdigest()
