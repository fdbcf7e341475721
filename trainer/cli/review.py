"""Commands on review and a second reader: annotators, agreement."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from trainer.cli.reply import JsonOption, ProjectArgument, Reply, listed, table

if TYPE_CHECKING:
    from trainer.evaluation.agreement import Agreement


def register(app: typer.Typer) -> None:
    """Put these commands on the command line."""
    app.command(epilog="Example: skinseg annotators study --role eva=reviewer")(annotators)
    app.command(epilog="Example: skinseg agreement study --json")(agreement)


def annotators(
    directory: ProjectArgument,
    role: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=ROLE", help="Make somebody a reviewer, or an annotator again."),
    ] = None,
    json: JsonOption = False,
) -> Reply:
    """Show who works on a project, in which role, and how many masks they saved."""
    import getpass

    from trainer.project.annotators.annotators import parse_role
    from trainer.project.project import Project

    given = [parse_role(text) for text in role or ()]
    with Project.open(Path(directory), read_only=not given) as project:
        for name, wanted in given:
            project.annotators.set_role(name, wanted, getpass.getuser())
        people = project.annotators.all()
    data = {
        "annotators": [{"name": p.name, "role": p.role, "masks": p.masks, "seen": p.seen} for p in people]
    }
    rows = [[escape(p.name), str(p.role), f"{p.masks:,}", _when(p.seen)] for p in people]
    return Reply(data, [table("name", "role", "masks", "last here", rows=rows) if rows else "Nobody yet."])


def agreement(directory: ProjectArgument, json: JsonOption = False) -> Reply:
    """How well two readers agree who did not see each other's masks: Dice, kappa, what is uncertain."""
    from trainer.evaluation.agreement import agreement as compare
    from trainer.project.project import Project

    with Project.open(Path(directory), read_only=True) as project:
        found = compare(project)
        share = project.settings.review.double_share
    data = {**found.to_json(), "double_share": share}
    if not found.photos:
        how = "set review.double_share in skinseg.toml" if not share else "nobody has read one again yet"
        lines: list[Any] = [f"No photo has been read by two people: {how}."]
    else:
        lines = _agreement_lines(found)
    return Reply(data, [*lines, *_uncertain_lines(found), *listed(list(found.left_out))])


def _agreement_lines(found: Agreement) -> list[Any]:
    kappa = f"{_number(found.kappa)} ({_range(found.kappa_interval)})"
    head = (
        f"{found.photos:,} photos read twice, in {found.groups:,} groups: the same class on {found.same:.1%} "
        f"of the pixels, Cohen's kappa {kappa}; {found.waiting:,} wait for a decision"
    )
    rows = [
        [
            escape(one.name),
            _number(one.dice),
            _range(one.dice_interval),
            _number(one.kappa),
            _range(one.kappa_interval),
            f"{one.photos:,}",
        ]
        for one in found.classes
        if one.photos
    ]
    return [head, table("class", "Dice", "95 %", "kappa", "95 %", "photos", rows=rows)]


def _uncertain_lines(found: Agreement) -> list[Any]:
    names = sorted({*found.doubt, *found.uncertain})
    classes = [one.name for one in found.classes if any(found.doubt[n].get(one.name) for n in found.doubt)]
    if not names:
        return []
    rows = [
        [
            escape(name),
            f"{found.uncertain[name]:.1%}" if name in found.uncertain else "",
            *(_share(found.doubt.get(name, {}).get(of)) for of in classes),
        ]
        for name in names
    ]
    title = "called uncertain: of all their pixels, and of what the other reader gave a class"
    return [table("annotator", "all", *classes, rows=rows, title=title)]


def _number(value: float) -> str:
    return "" if math.isnan(value) else f"{value:z.2f}"


def _range(pair: tuple[float, float]) -> str:
    return "" if math.isnan(pair[0]) else f"{pair[0]:z.2f} to {pair[1]:z.2f}"


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.1%}"


def _when(moment: float | None) -> str:
    return "" if moment is None else time.strftime("%Y-%m-%d %H:%M", time.localtime(moment))
