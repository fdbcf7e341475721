"""Command rank: which photos to label next, and why."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from trainer.cli.progress import counted
from trainer.cli.reply import DeviceOption, JsonOption, ProjectArgument, Reply, table

if TYPE_CHECKING:
    from collections.abc import Callable

    from trainer.project.project import Project
    from trainer.ranking.pass_over import Todo
    from trainer.ranking.rank import Pass, Ranking


def register(app: typer.Typer) -> None:
    """Put this command on the command line."""
    app.command(epilog="Example: skinseg rank study --count 10 --strategy entropy")(rank)


def rank(
    directory: ProjectArgument,
    strategy: Annotated[
        str | None, typer.Option(metavar="NAME", help="Try another one than queue.strategy.")
    ] = None,
    count: Annotated[int, typer.Option(min=1, max=200, help="So many photos of the head.")] = 20,
    dask: Annotated[
        str | None, typer.Option(metavar="ADDRESS|local:N", help="On a cluster; workers see the project.")
    ] = None,
    device: DeviceOption = "auto",
    json: JsonOption = False,
) -> Reply:
    """Look at the photos that wait, rank them, and show which to label next."""
    from trainer.project.project import Project
    from trainer.ranking.rank import Pass

    with Project.open(Path(directory)) as project:
        made = Pass(project, strategy, device)
        with counted("looking at photos", len(made.todo)) as advance:
            left = made.todo if dask is None else _on_cluster(project, made, dask, advance)
            made.rate(left, advance)
        found = made.rank()
        names = {
            choice.photo_id: project.photos.get(choice.photo_id).relpath for choice in found.choices[:count]
        }
    return _reply(found, count, names, project.path)


def _on_cluster(project: Project, made: Pass, address: str, advance: Callable[[int], None]) -> Todo:
    import logging

    from trainer.engine.cluster import connect
    from trainer.ranking.dask_pass import rate_on_dask

    with connect(address) as client:
        left = rate_on_dask(project, client, made.rater, made.todo, made.device, advance)
    if left:
        logging.getLogger(__name__).warning("%d photos are left: going on in this process", len(left))
    return left


def _reply(found: Ranking, count: int, names: dict[int, str], path: Path) -> Reply:
    head = found.choices[:count]
    rows = [[names[choice.photo_id], f"{choice.score:.3f}", choice.why] for choice in head]
    who = f"model {found.model}" if found.model else "how the photos look, as there is no model yet"
    lines = [f"ranked {found.scored:,} of {found.pool:,} by {escape(who)}, strategy {found.strategy}"]
    if not found.in_force:
        lines.append(
            f"Only shown: the queue follows queue.strategy; set it to {found.strategy} to change that."
        )
    if found.pool == 0:
        lines = [
            f"All training photos are labelled: review them (skinseg annotate {escape(str(path))}, Review)."
        ]
    data = {
        "model": found.model,
        "strategy": found.strategy,
        "scored": found.scored,
        "pool": found.pool,
        "cold_start": found.model is None,
        "in_force": found.in_force,
        "queue": [
            {"photo": names[choice.photo_id], "score": choice.score, "why": choice.why} for choice in head
        ],
    }
    return Reply(data, [*lines, *([table("photo", "score", "why", rows=rows)] if rows else [])])
