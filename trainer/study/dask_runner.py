"""Dask runner: a study's runs on a cluster, one task each; files and locks are the same as without it.

Every worker must see the project under the same path. Whoever reaches the scheduler can run code on it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from trainer.errors import SkinsegError
from trainer.study.design import Design, runs_folder
from trainer.study.runner import Progress, do_run, done_runs, locked, ready
from trainer.study.runs import RunSpec, is_done
from trainer.study.time_left import TimeLeft

if TYPE_CHECKING:
    from collections.abc import Callable

    from distributed import Client

    from trainer.project.project import Project


def run_on_dask(
    project: Project,
    design: Design,
    client: Client,
    *,
    device: str = "auto",
    report: Callable[[Progress], None] = lambda progress: None,
) -> int:
    """Send what is left of a study to a cluster and wait; return the runs done.

    Raises
    ------
    SkinsegError
        Of a run; those that are done are kept.
    """
    from distributed import as_completed

    folder = runs_folder(project.path, design.study.name)
    folder.mkdir(parents=True, exist_ok=True)
    time_left = TimeLeft.of(design, done_runs(folder, design), None)
    made, places = 0, (str(project.path.resolve()), str(folder.resolve()))
    with client:
        for part in (design.runs[:1], design.runs[1:]):  # the pretext run first: others start from it
            left = [run for run in part if ready(folder, run, design)]
            futures = [client.submit(one_run, *places, run, device, pure=False) for run in left]
            for future in as_completed(futures):
                title = future.result()
                made, done = made + 1, done_runs(folder, design)
                where = (len(done), len(design.runs), len(done), title, "train", 1, 1)
                report(Progress(*where, time_left.seconds(done)))
    return made


def one_run(path: str, folder: str, run: RunSpec, device: str) -> str:
    """Do one run on a worker."""
    from trainer.project.project import Project

    with Project.open(Path(path)) as project, locked(Path(folder), run.name) as ours:
        if not ours:
            raise SkinsegError(f"run {run.name} is in the hands of another process: start the study again")
        if not is_done(Path(folder), run.name):
            do_run(project, run, Path(folder), device, lambda progress: None)
    return run.title
