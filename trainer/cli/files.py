"""Commands on what a project holds: new, add, import, export, status, doctor, backup."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer
from rich.markup import escape

from trainer.cli.progress import counted
from trainer.cli.reply import BinaryOption, IdsOption, JsonOption, ProjectArgument, Reply, listed, table
from trainer.cli.weights import weights_json, weights_lines
from trainer.project.import_export.formats import FORMATS, said_of_formats

if TYPE_CHECKING:
    from rich.table import Table

    from trainer.project.import_export.formats import Format
    from trainer.project.import_export.mask_import import ImportReport
    from trainer.project.intake import Intake

GroupsOption = Annotated[
    str | None,
    typer.Option(
        help="What belongs together: a CSV with photo, group[, split], or a regular expression on the path."
    ),
]


def register(app: typer.Typer) -> None:
    """Put these commands on the command line."""
    app.command(epilog="Example: skinseg new study --photos ~/Pictures/study --groups '(patient_\\d+)'")(new)
    app.command(epilog="Example: skinseg add study ~/Pictures/second_visit")(add)
    app.command(epilog="Example: skinseg move study /old/disk/photos /new/disk/photos")(move)
    app.command("import", epilog="Example: skinseg import study ~/masks --binary lesion --dry-run")(import_)
    app.command(epilog="Example: skinseg export study ~/masks_out --format png --split train")(export)
    app.command(epilog="Example: skinseg status study --json")(status)
    app.command(epilog="Example: skinseg doctor study")(doctor)
    app.command(epilog="Example: skinseg backup study ~/backups")(backup)


def new(
    directory: Annotated[
        str, typer.Argument(metavar="DIR", help="The project folder to make.", show_default=False)
    ],
    photos: Annotated[
        str, typer.Option(help="The folder with the photos; they stay where they are.", show_default=False)
    ],
    classes: Annotated[
        str, typer.Option(help="skin9, lesion, podocyte, or a TOML/JSON file of classes.")
    ] = "skin9",
    groups: GroupsOption = None,
    masks: Annotated[str | None, typer.Option(help="A folder of PNG masks to import at once.")] = None,
    ids: IdsOption = None,
    binary: BinaryOption = None,
    database: Annotated[
        str | None, typer.Option(help="A PostgreSQL address, for a team; else SQLite in the folder.")
    ] = None,
    json: JsonOption = False,
) -> Reply:
    """Make a project for a folder of photos."""
    from trainer.project.intake import create_project

    with counted("registering photos") as advance:
        made = create_project(directory, photos, classes, groups, masks, database, advance, ids, binary)
    path = Path(directory)
    data: dict[str, object] = {"project": str(path.resolve()), "photos": made.photos, **_not_taken(made)}
    if made.ungrouped is not None:
        data["ungrouped"] = made.ungrouped
    if made.masks is not None:
        data["masks"] = made.masks.to_json()
    shown = [] if made.masks is None else _by_class(made.masks)
    return Reply(data, [escape(f"{made.text} Next: skinseg annotate {path}"), *_details(made), *shown])


def add(
    directory: ProjectArgument,
    folder: Annotated[
        str, typer.Argument(metavar="FOLDER", help="A folder with more photos.", show_default=False)
    ],
    groups: GroupsOption = None,
    json: JsonOption = False,
) -> Reply:
    """Register more photos; none is opened, and those already known are left as they are."""
    from trainer.project.intake import add_photos

    with counted("registering photos") as advance:
        added = add_photos(directory, folder, groups, progress=advance)
    data: dict[str, object] = {
        "project": str(Path(directory).resolve()),
        "new": added.new,
        "photos": added.photos,
        "moved": added.added.moved,
        "gone": added.added.gone,
        "unreadable": added.added.passed.unreadable,
        **_not_taken(added),
    }
    if added.ungrouped is not None:
        data["ungrouped"] = added.ungrouped
    return Reply(data, [escape(added.text), *_details(added)])


def move(
    directory: ProjectArgument,
    old: Annotated[str, typer.Argument(metavar="OLD", help="The folder as it is registered.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="Where it lies on this machine now.")],
    json: JsonOption = False,
) -> Reply:
    """Say where a folder of photos has moved to; photos and masks stay as they are, other machines too."""
    from trainer.project.project import Project

    with Project.open(Path(directory)) as project:
        project.registration.remap_root(old, new)
        place = os.path.abspath(Path(new).expanduser())
    return Reply(
        {"project": str(Path(directory).resolve()), "old": old, "new": place},
        [f"Photos of {old} are read from {place} on this machine."],
    )


def import_(
    directory: ProjectArgument,
    masks: Annotated[
        str,
        typer.Argument(
            metavar="MASKS", help="A folder of masks named like their photos, or a file.", show_default=False
        ),
    ],
    format: Annotated[str, typer.Option(help=f"{said_of_formats()}.")] = "png",
    ids: IdsOption = None,
    binary: BinaryOption = None,
    colours: Annotated[
        str | None, typer.Option(help="For coloured masks: CSV or JSON, class name and colour (#rrggbb).")
    ] = None,
    rest: Annotated[
        str | None,
        typer.Option(
            metavar="CLASS",
            help="For shapes: what lies under none. Else background in a project of two classes or with "
            "--binary, not labelled in others.",
        ),
    ] = None,
    annotator: Annotated[str, typer.Option(help="In whose name the masks are stored.")] = "import",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would come of it, and write nothing.")
    ] = False,
    json: JsonOption = False,
) -> Reply:
    """Bring in masks made elsewhere; each must have its photo's size."""
    from trainer.project.import_export.folders import import_folder

    with counted("importing masks") as advance:
        report = import_folder(
            directory, masks, cast("Format", format), annotator, ids, advance, binary, dry_run, colours, rest
        )
    lines = [*_details(report), *_by_class(report)]
    return Reply(report.to_json(), [escape(report.text), *lines], code=0 if report.fits else 2)


def export(
    directory: ProjectArgument,
    out: Annotated[str, typer.Argument(metavar="OUT", help="The folder to write to.", show_default=False)],
    format: Annotated[
        str, typer.Option(help=f"{', '.join(FORMATS)}; each holds every pixel as it is.")
    ] = "png",
    split: Annotated[str | None, typer.Option(help="Only train, val or test.")] = None,
    json: JsonOption = False,
) -> Reply:
    """Write the masks out, one file per labelled photo, named like it."""
    from trainer.errors import ProjectError
    from trainer.project.import_export.folders import export_folder
    from trainer.project.import_export.mask_export import NOTHING

    report = export_folder(directory, out, cast("Format", format), split=split)
    if not report.written and not report.left_out:
        raise ProjectError(f"{directory}: {NOTHING}")
    data = {"out": str(Path(out).resolve()), "written": report.written, "left_out": report.left_out}
    return Reply(data, [escape(report.text), *(escape(f"  {line}") for line in report.details)])


def status(directory: ProjectArgument, json: JsonOption = False) -> Reply:
    """How far the project is, how good its suggestions really are, and what its trainer does."""
    from trainer.evaluation.honesty import look_honestly
    from trainer.project.project import Project
    from trainer.service.process import trainer_liveness

    with Project.open(Path(directory), read_only=True) as project:
        counts = project.photos.counts()
        served = project.models.served()
        state, ranking = project.trainer.state(), project.statistics.state()
        honesty = look_honestly(project.measurements.all(), project.classes)
        alive = trainer_liveness(project) == "running"
    age = None if state is None else state.age
    running = "stopped" if state is None else state.state
    if not alive and running != "stopped":
        running = "not running"
    data = {
        "photos": counts.photos,
        "labelled": counts.labelled,
        "broken": counts.broken,
        "served": served.id if served else None,
        "ranking": None if ranking is None else asdict(ranking),
        "honesty": asdict(honesty),
        "trainer": {
            "state": running,
            "device": None if state is None else state.device,
            "heartbeat_age": age,
        },
    }
    live = honesty.live_dice
    by_split = ", ".join(f"{name} {done:,} of {total:,}" for name, (total, done) in counts.by_split.items())
    lines = [
        f"{counts.photos:,} photos, {counts.labelled:,} labelled ({by_split}), {counts.broken:,} broken",
        f"served model: {served.id if served else 'none yet'}",
        f"queue: {ranking.text if ranking else 'not ranked yet'}",
        *([f"Dice on {live.photos} photos shown blind: {live.value:.2f}"] if live.value is not None else []),
        f"trainer: {running}"
        + (f" on {', '.join(filter(None, (state.device, state.message)))}" if alive and state else ""),
    ]
    return Reply(data, [*lines])


def doctor(directory: ProjectArgument, json: JsonOption = False) -> Reply:
    """Look for what is wrong with a project, and say how to mend it."""
    from trainer.networks.published.folder import list_weights
    from trainer.project.doctor import doctor as examine
    from trainer.project.project import Project

    with Project.open(Path(directory), read_only=True) as project:
        findings = examine(project)
    weights = list_weights(Path(directory) / "pretrained")
    lines = [f"{item.level}: {escape(item.what)}: {escape(item.mend)}" for item in findings]
    broken = any(item.level == "error" for item in findings)
    data = {
        "findings": [{"level": item.level, "what": item.what, "mend": item.mend} for item in findings],
        "weights": [weights_json(item) for item in weights],
    }
    return Reply(
        data, [*(lines or ["Nothing wrong found."]), *weights_lines(weights)], code=1 if broken else 0
    )


def backup(
    directory: ProjectArgument,
    out: Annotated[str, typer.Argument(metavar="OUT", help="A folder for the backup.")] = ".",
    json: JsonOption = False,
) -> Reply:
    """Copy catalog, masks, models and settings, also while people work; the photos stay where they are."""
    from trainer.project.maintenance.backup import backup as copy
    from trainer.project.project import Project

    with Project.open(Path(directory), read_only=True) as project:
        written = copy(project, Path(out))
    return Reply({"backup": str(written)}, [f"Backup in {written}"])


def _not_taken(intake: Intake) -> dict[str, object]:
    passed = intake.added.passed
    found = {"unreadable": passed.unreadable, "passed_over": passed.counts}
    return {key: value for key, value in found.items() if value}


def _details(report: Intake | ImportReport) -> list[str | Table]:
    return [*listed([f"  {line}" for line in report.details])]


def _by_class(report: ImportReport) -> list[str | Table]:
    """Show what the masks hold, so that a wrong reading of their values is seen."""
    rows = [
        [row.name, f"{row.photos:,}", f"{row.pixels:,}", f"{row.share:.1%}"] for row in report.counts.shown
    ]
    title = f"values as {report.source} says" if report.source else None
    return [table("class", "photos", "pixels", "share", rows=rows, title=title)] if rows else []
