"""Time left of a study, from the time each run is expected to take and the pace so far."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from trainer.study.design import Design, runs_folder
from trainer.study.runs import is_done

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from trainer.project.project import Project

TRUST = 30.0
"""An expectation weighs as much as so many seconds seen."""


@dataclass(frozen=True)
class TimeLeft:
    """Time left, from what was done since the start, by whichever process."""

    expected: Mapping[str, float]
    """Seconds of each run, by its name."""
    done_before: Collection[str]
    trust: float = TRUST
    """Seconds that the expectation weighs; 0: only its proportions count."""
    started: float = field(default_factory=time.monotonic)

    @classmethod
    def of(cls, design: Design, done: Collection[str], expected: Mapping[str, float] | None) -> TimeLeft:
        """Build from seconds expected of the runs that are left; without any, all runs count alike."""
        if expected:
            return cls(expected, done)
        return cls({run.name: 1.0 for run in design.runs}, done, trust=0.0)

    def seconds(self, done: Collection[str], current: str = "", share: float = 0.0) -> float | None:
        """Estimate the seconds left; None while nothing can be said.

        Parameters
        ----------
        done
            Names of the runs done so far.
        current, share
            The run under way, and how much of it is done, 0 to 1.
        """
        here = 0.0 if current in done else self.expected.get(current, 0.0) * share
        made = here + sum(s for name, s in self.expected.items() if name in set(done) - set(self.done_before))
        ahead = sum(s for name, s in self.expected.items() if name not in done) - here
        if made + self.trust <= 0:
            return None
        return ahead * (time.monotonic() - self.started + self.trust) / (made + self.trust)


def expected_seconds(project: Project, design: Design, device: str) -> dict[str, float]:
    """Estimate the seconds of each run that is left, on one process: by its arm, else from a few steps.

    Returns
    -------
    dict
        By the run's name; empty where nothing is left to do.
    """
    from trainer.study.train import seconds_of

    folder = runs_folder(project.path, design.study.name)
    known = _known_seconds(folder, design)
    recipes: dict[str, float] = {}
    expected: dict[str, float] = {}
    for run in design.runs:
        if is_done(folder, run.name):
            continue
        if run.arm not in known or run.pretext:
            key = str([run.settings["training"].get("recipe"), run.settings.get("adversarial"), run.pretext])
            if key not in recipes:
                recipes[key] = seconds_of(project, run, device)
            expected[run.name] = recipes[key]
        else:
            expected[run.name] = known[run.arm]
    return expected


def _known_seconds(folder: Path, design: Design) -> dict[str, float]:
    """Average the seconds of the runs that are done, by arm."""
    seconds: dict[str, list[float]] = {}
    for run in design.runs:
        path = folder / f"{run.name}.json"
        if path.is_file() and not run.pretext:
            seconds.setdefault(run.arm, []).append(float(json.loads(path.read_text("utf-8"))["all_seconds"]))
    return {arm: sum(values) / len(values) for arm, values in seconds.items()}
