"""Command that runs the comparisons of the sources: study."""

from __future__ import annotations

import os
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from trainer.cli.batch import SetOption, pairs
from trainer.cli.checks import check_labels, check_writable
from trainer.cli.learn import share
from trainer.cli.reply import DeviceOption, JsonOption, ProjectArgument, Reply, table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from trainer.engine.torchrun import Rank
    from trainer.project.project import Project
    from trainer.study.design import Asked, Design
    from trainer.study.results import StudyResults
    from trainer.study.runner import Progress as StudyProgress


def register(app: typer.Typer) -> None:
    """Put this command on the command line."""
    app.command(epilog="Example: skinseg study surrogate project --seeds 3 --labels 10,100")(study)


def study(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help="surrogate, adversarial, unet, multitask, fpn or default.",
            show_default=False,
        ),
    ],
    directory: ProjectArgument,
    seeds: Annotated[int | None, typer.Option(min=1, help="Runs of each arm; else the study's own.")] = None,
    scale: Annotated[str, typer.Option(help="small (for a CPU) or literal (the source's sizes).")] = "small",
    labels: Annotated[str | None, typer.Option(help="Shares of the labels in percent, as 10,25,100.")] = None,
    arms: Annotated[str | None, typer.Option(help="Only these arms, as scratch,colorization.")] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Training steps of every run.")] = None,
    pretext_steps: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Steps of a colorization run of its own; else the weights there are, or as the scale says.",
        ),
    ] = None,
    encoder: Annotated[str | None, typer.Option(help="Encoder of every arm.")] = None,
    split: Annotated[
        str | None, typer.Option(help="test or val; else test where it has masks.", show_default=False)
    ] = None,
    set_: SetOption = None,
    show: Annotated[bool, typer.Option("--show", help="Run nothing, print what is there.")] = False,
    dask: Annotated[str | None, typer.Option(help="Address of a Dask scheduler that does the runs.")] = None,
    device: DeviceOption = "auto",
    json: JsonOption = False,
) -> Reply:
    """Compare methods as their sources do, with intervals and a verdict per claim.

    Interrupted, the same command goes on. Started twice, both processes share the work.
    """
    from trainer.study.design import Asked
    from trainer.study.studies.registry import find_study

    chosen = find_study(name).name
    asked = Asked(
        seeds=seeds,
        scale=scale,
        labels=_shares(labels),
        arms=_words(arms),
        steps=steps,
        pretext_steps=pretext_steps,
        encoder=encoder,
        split=_split(split),
        set=pairs(set_ or []),
    )
    return _run_and_reply(Path(directory), chosen, asked, device, dask, show)


def _run_and_reply(path: Path, name: str, asked: Asked, device: str, dask: str | None, show: bool) -> Reply:
    from trainer.engine.torchrun import leave_torchrun
    from trainer.project.project import Project

    rank = leave_torchrun(os.environ)
    with Project.open(path, read_only=show) as project:
        if not show:
            check_writable(project)
            check_labels(project)
            _run(project, name, asked, device, rank, dask)
        if rank.rank != 0:  # the first of torchrun's processes prints for all
            return Reply({"study": name, "rank": rank.rank})
        return _reply(project, name, write=not show)


LINE_SECONDS = 120.0
"""Between two lines about the same run, where there is no terminal for a bar."""


def _run(project: Project, name: str, asked: Asked, device: str, rank: Rank, dask: str | None) -> None:
    """Do what is left of the study."""
    from trainer.study.design import make_design
    from trainer.study.results import write_design
    from trainer.study.runner import check_runs, run_study
    from trainer.study.studies.registry import find_study
    from trainer.study.time_left import expected_seconds

    design = make_design(project, find_study(name), asked)
    check_runs(design, device if dask is None else "auto")
    client = None
    if dask is not None:
        from trainer.engine.cluster import connect

        client = connect(dask)
    for note in design.notes:
        _say(note)
    if device == "auto" and rank.world > 1:
        device = _own_device(rank.local)
    expected: dict[str, float] = {}
    if rank.rank == 0:
        # it tries a few steps of each recipe, so what cannot work is refused before anything is written
        expected = expected_seconds(project, design, device) if client is None else {}
        earlier = write_design(project.path, design)
        if earlier is not None:
            _say(f"other runs than before: the tables there were are kept in {earlier}")
        _say(
            _left(project, design)
            + (f", {_time(sum(expected.values()))} for one process" if expected else "")
        )
    with _watched() as report:
        if client is not None:
            from trainer.study.dask_runner import run_on_dask

            run_on_dask(project, design, client, device=device, report=report)
        else:
            run_study(project, design, device=device, rank=rank, expected=expected, report=report)


def _own_device(local: int) -> str:
    """Choose the graphics card of each process of torchrun, where there are any."""
    import torch

    count = torch.cuda.device_count()
    return f"cuda:{local % count}" if count else "auto"


def _left(project: Project, design: Design) -> str:
    from trainer.study.design import runs_folder
    from trainer.study.runner import done_runs

    total = len(design.runs)
    done = len(done_runs(runs_folder(project.path, design.study.name), design))
    return f"{design.study.name}: {total - done} of {total} runs to do"


def _reply(project: Project, name: str, write: bool) -> Reply:
    """Write the tables, and reply with them."""
    from trainer.study.results import read_results
    from trainer.study.tables import claim_line, grids, heading, to_json

    results = read_results(project.path, name, project.classes)
    lines: list[object] = [f"[bold]{escape(results.study.title)}[/bold]", *map(escape, heading(results))]
    for grid in grids(results, width=Console().width):
        rows = [[escape(cell) for cell in row] for row in grid.rows]
        lines += ["", table(*grid.head, rows=rows, title=grid.title)]
    lines += ["", *(escape(claim_line(verdict)) for verdict in results.verdicts)]
    if write:
        folder = write_results(project.path, results)
        lines.append(f"Written to {escape(str(folder))}: table.md, results.csv, plot.svg, claims.json")
    return Reply(to_json(results), lines)  # type: ignore[arg-type]


def write_results(project: Path, results: StudyResults) -> Path:
    """Write the table, the figures, the plot and the claims; return their folder."""
    from trainer.study.design import study_folder
    from trainer.study.plot import plot
    from trainer.study.runs import write_text
    from trainer.study.tables import claims_json, markdown, results_csv

    folder = study_folder(project, results.study.name)
    write_text(folder / "table.md", markdown(results))
    write_text(folder / "results.csv", results_csv(results))
    write_text(folder / "plot.svg", plot(results))
    write_text(folder / "claims.json", claims_json(results))
    return folder


@contextmanager
def _watched() -> Iterator[Callable[[StudyProgress], None]]:
    """Show a bar on a terminal; in a pipe a line per run."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _lines()
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True) as bars:
        task = bars.add_task("starting", total=None)

        def report(p: StudyProgress) -> None:
            words = f"run {p.number} of {p.total} ({p.done} done), {p.title}, {p.phase}"
            words += f", {_time(p.seconds_left)}"
            bars.update(task, description=escape(words), completed=p.step, total=p.steps)

        yield report


def _lines() -> Callable[[StudyProgress], None]:
    """Print a line as each run begins, and one now and then of a long one."""
    number, spoke = 0, 0.0

    def report(p: StudyProgress) -> None:
        nonlocal number, spoke
        now = time.monotonic()
        if p.phase != "train" or (p.number == number and now - spoke < LINE_SECONDS):
            return
        where = "" if p.number != number else f", step {p.step:,} of {p.steps:,}"
        number, spoke = p.number, now
        _say(f"{time.strftime('%H:%M:%S')} run {p.number} of {p.total} ({p.done} done): {p.title}{where}; "
             f"{_time(p.seconds_left)}")  # fmt: skip

    return report


def _time(seconds: float | None) -> str:
    if seconds is None:
        return "time left not known yet"
    return f"about {seconds:.0f} s left" if seconds < 90 else f"about {seconds / 60:.0f} min left"


def _say(line: str) -> None:
    print(f"skinseg: {line}", file=sys.stderr, flush=True)


def _shares(text: str | None) -> tuple[float, ...] | None:
    """Read `10,25%,0.5` as shares; a bare number above 1 is percent."""
    if text is None:
        return None
    words = [word.strip() for word in text.split(",") if word.strip()]
    values = {share(word if word.endswith("%") else f"{word}%") for word in words}
    if not values:
        share("")
    return tuple(sorted(values))


def _words(text: str | None) -> tuple[str, ...] | None:
    return None if text is None else tuple(word.strip() for word in text.split(",") if word.strip())


def _split(name: str | None) -> str | None:
    from trainer.errors import ConfigError

    if name not in (None, "test", "val"):
        raise ConfigError(f"--split {name}: use test or val")
    return name
