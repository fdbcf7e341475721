"""Commands on what a project holds: new, add, import, export, status, doctor, backup."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer
from rich.markup import escape

from trainer.cli.progress import counted
from trainer.cli.reply import JsonOption, ProjectArgument, Reply, listed
from trainer.cli.weights import weights_json, weights_lines

if TYPE_CHECKING:
    from trainer.project.import_export.exchange import Format
    from trainer.project.project import Project
    from trainer.project.registration import Added

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
    app.command("import", epilog="Example: skinseg import study ~/masks --format png")(import_)
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
    database: Annotated[
        str | None, typer.Option(help="A PostgreSQL address, for a team; else SQLite in the folder.")
    ] = None,
    json: JsonOption = False,
) -> Reply:
    """Make a project for a folder of photos."""
    from trainer.errors import ConfigError
    from trainer.project.project import Project

    check_folder(photos, "photos")
    path = Path(directory)
    fresh = not path.exists() or (path.is_dir() and not any(path.iterdir()))
    with Project.create(path, classes=classes, database_url=database) as project:
        try:
            added = _add(project, photos, groups)
            total, alone = project.photos.counts().photos, _ungrouped(project)
            if groups is not None and alone == total:
                raise ConfigError(
                    f"--groups {groups}: matches none of the {total:,} photos; it is searched for in their "
                    f"paths below {photos}, such as {project.photos.get(project.photos.ids()[0]).relpath}"
                )
        except BaseException:
            project.close()
            if fresh:  # a project without photos would only stand in the way of the next try
                shutil.rmtree(path, ignore_errors=True)
            raise
    data: dict[str, object] = {"project": str(path.resolve()), "photos": total}
    lines = [f"Made {path} with {total:,} photos. Next: skinseg annotate {path}"]
    if groups is not None:
        data["ungrouped"] = alone
        lines += _of_no_group(alone, total)
    return Reply(data, [*lines, *_passed_over(added)])


def add(
    directory: ProjectArgument,
    folder: Annotated[
        str, typer.Argument(metavar="FOLDER", help="A folder with more photos.", show_default=False)
    ],
    groups: GroupsOption = None,
    json: JsonOption = False,
) -> Reply:
    """Register more photos; none is opened, and those already known are left as they are."""
    from trainer.project.project import Project

    check_folder(folder, "photos")
    with Project.open(Path(directory)) as project:
        before = _ungrouped(project)
        added = _add(project, folder, groups)
        total, alone = project.photos.counts().photos, _ungrouped(project) - before
    data: dict[str, object] = {
        "project": str(Path(directory).resolve()),
        "new": added.new,
        "photos": total,
        "unreadable": list(added.unreadable),
    }
    lines = [f"{added.new:,} new photos, {total:,} in all."]
    if groups is not None:
        data["ungrouped"] = alone
        lines += _of_no_group(alone, added.new)
    return Reply(data, [*lines, *_passed_over(added)])


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
            metavar="MASKS", help="A folder of masks named like their photos.", show_default=False
        ),
    ],
    format: Annotated[str, typer.Option(help="png (pixel = class index, 255 not labelled) or ngff.")] = "png",
    ids: Annotated[str | None, typer.Option(help="JSON or CSV file: pixel value to class name.")] = None,
    annotator: Annotated[str, typer.Option(help="In whose name the masks are stored.")] = "import",
    json: JsonOption = False,
) -> Reply:
    """Bring in masks made elsewhere; each must have its photo's size."""
    from trainer.project.import_export.exchange import import_masks
    from trainer.project.project import Project

    check_folder(masks, "masks")
    with Project.open(Path(directory)) as project, counted("importing masks") as advance:
        report = import_masks(
            project, Path(masks), cast("Format", format), annotator, ids=ids and Path(ids), progress=advance
        )
    data = {
        "imported": report.imported,
        "unchanged": report.unchanged,
        "refused": [{"file": str(item["file"]), "why": item["why"]} for item in report.refused],
    }
    lines: list[str] = [
        f"{report.imported:,} imported, {report.unchanged:,} unchanged, {len(report.refused):,} refused."
    ]
    lines += listed([f"  refused {item['file']}: {item['why']}" for item in report.refused])
    nothing_fits = bool(report.refused) and not (report.imported or report.unchanged)
    return Reply(data, [*lines], code=2 if nothing_fits else 0)


def export(
    directory: ProjectArgument,
    out: Annotated[str, typer.Argument(metavar="OUT", help="The folder to write to.", show_default=False)],
    format: Annotated[str, typer.Option(help="png or ngff.")] = "png",
    split: Annotated[str | None, typer.Option(help="Only train, val or test.")] = None,
    json: JsonOption = False,
) -> Reply:
    """Write the masks out, one file per labelled photo, named like it."""
    from trainer.project.import_export.exchange import export_masks
    from trainer.project.project import Project

    with Project.open(Path(directory), read_only=True) as project:
        check_out(Path(out).expanduser())
        report = export_masks(project, Path(out), cast("Format", format), split=split)
    data = {"out": str(Path(out).resolve()), "written": report.written, "left_out": report.left_out}
    lines: list[str] = [f"{report.written:,} masks in {escape(out)}."]
    lines += [f"  left out {escape(item['photo'])}: {escape(item['why'])}" for item in report.left_out]
    return Reply(data, [*lines])


def status(directory: ProjectArgument, json: JsonOption = False) -> Reply:
    """How far the project is, and what its trainer does."""
    from trainer.project.project import Project

    with Project.open(Path(directory), read_only=True) as project:
        counts = project.photos.counts()
        served = project.models.served()
        state = project.trainer.state()
        stale = project.settings.service.stale_seconds
    age = None if state is None else state.age
    alive = age is not None and age < stale
    running = "stopped" if state is None else state.state
    if not alive and running != "stopped":
        running = "not running"
    data = {
        "photos": counts.photos,
        "labelled": counts.labelled,
        "broken": counts.broken,
        "served": served.id if served else None,
        "trainer": {
            "state": running,
            "device": None if state is None else state.device,
            "heartbeat_age": age,
        },
    }
    by_split = ", ".join(f"{name} {done:,} of {total:,}" for name, (total, done) in counts.by_split.items())
    lines = [
        f"{counts.photos:,} photos, {counts.labelled:,} labelled ({by_split}), {counts.broken:,} broken",
        f"served model: {served.id if served else 'none yet'}",
        f"trainer: {running}"
        + (f" on {', '.join(filter(None, (state.device, state.message)))}" if alive and state else ""),
    ]
    return Reply(data, [*lines])


def doctor(directory: ProjectArgument, json: JsonOption = False) -> Reply:
    """Look for what is wrong with a project, and say how to mend it."""
    from trainer.networks.published.folder import list_weights
    from trainer.project.maintenance import doctor as examine
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
    from trainer.project.maintenance import backup as copy
    from trainer.project.project import Project

    with Project.open(Path(directory), read_only=True) as project:
        written = copy(project, Path(out))
    return Reply({"backup": str(written)}, [f"Backup in {written}"])


def check_folder(folder: str, what: str) -> None:
    """Refuse a folder that is not there or cannot be read, by name."""
    from trainer.errors import ProjectError

    path = Path(folder)
    if not path.exists():
        raise ProjectError(f"no folder {folder}: check the spelling of the path to the {what}")
    if not path.is_dir():
        raise ProjectError(f"{folder} is a file: name the folder that holds the {what}")
    if not os.access(path, os.R_OK | os.X_OK):
        raise ProjectError(f"cannot read {folder}: ask for read permission on it")


def check_writable(project: Project) -> None:
    """Refuse to train in a project that can only be read."""
    from trainer.errors import ReadOnlyError

    if project.read_only:
        raise ReadOnlyError(f"{project.read_only_reason}; ask for write permission, or train in a copy of it")


def check_out(out: Path) -> None:
    """Make the folder to write to, and refuse one that takes no files."""
    from trainer.errors import ProjectError

    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out):
            pass
    except FileExistsError as error:
        raise ProjectError(f"{out} is a file: name a folder to write to") from error
    except OSError as error:
        raise ProjectError(
            f"cannot write to {out}: {error.strerror}; name a folder in which you may write"
        ) from error


def _add(project: Project, folder: str, groups: str | None) -> Added:
    """Register photos with a running count on the terminal."""
    with counted("registering photos") as advance:
        return project.registration.add_folder(Path(folder), groups=groups, progress=advance)


def _ungrouped(project: Project) -> int:
    """How many photos are a group of their own because nothing named one."""
    import sqlalchemy as sa

    from trainer.project.schema import photo, photo_group

    named = sa.select(photo_group.c.name)
    query = sa.select(sa.func.count()).select_from(photo).where(photo.c.group_name.not_in(named))
    with project.catalog.read() as connection:
        return int(connection.execute(query).scalar_one())


def _of_no_group(alone: int, total: int) -> list[str]:
    if not alone:
        return []
    return [f"  --groups: {alone:,} of {total:,} photos have no match: each is a group of its own"]


def _passed_over(added: Added) -> list[str]:
    return listed([f"  could not be taken: {name}" for name in added.unreadable])
