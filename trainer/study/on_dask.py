"""A study's runs on a Dask cluster, one task each; files and locks are the same as without it.

Every worker must see the project under the same path. Whoever reaches the scheduler can run code on it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from trainer.project.errors import ConfigError, SkinsegError
from trainer.study.conduct import Progress, count_done, do, locked, ready
from trainer.study.design import Design, runs_folder
from trainer.study.runs import RunSpec, is_done

if TYPE_CHECKING:
    from trainer.project import Project


def check_dask() -> None:
    """Make sure that dask.distributed is there.

    Raises
    ------
    ConfigError
        It is not.
    """
    try:
        import distributed  # noqa: F401
    except ImportError as error:
        raise ConfigError(
            "--dask needs dask.distributed: install it with pip install 'napari-skinseg[distributed]'"
        ) from error


def conduct_on_dask(
    project: Project,
    design: Design,
    address: str,
    *,
    device: str = "auto",
    report: Callable[[Progress], None] = lambda progress: None,
) -> int:
    """Send what is left of a study to a cluster and wait; return the runs done.

    Raises
    ------
    ConfigError
        No scheduler at that address.
    SkinsegError
        Of a run.
    """
    from distributed import Client, as_completed

    folder = runs_folder(project.path, design.study.name)
    try:
        client = Client(address, timeout=10)
    except (OSError, ValueError) as error:
        raise ConfigError(f"--dask {address}: no scheduler answers there ({error})") from error
    made, total = 0, len(design.runs)
    with client:
        for part in (design.runs[:1], design.runs[1:]):  # the pretext run first: others start from it
            runs = [run for run in part if ready(folder, run, design)]
            futures = [
                client.submit(
                    one_run, str(project.path.resolve()), str(folder.resolve()), run, device, pure=False
                )
                for run in runs
            ]
            for future in as_completed(futures):
                title = future.result()
                made += 1
                done = count_done(folder, design)
                report(Progress(done, total, done, title, "train", 1, 1, None))
    return made


def one_run(path: str, folder: str, run: RunSpec, device: str) -> str:
    """On a worker: one run, unless somebody is at it."""
    from trainer.project import Project

    with Project.open(Path(path)) as project, locked(Path(folder), run.name) as ours:
        if not ours:
            raise SkinsegError(f"run {run.name} is in the hands of another process: start the study again")
        if not is_done(Path(folder), run.name):
            do(project, run, Path(folder), device, lambda progress: None)
    return run.title
