"""Commands on models there are: models, predict."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from trainer.cli.progress import counted
from trainer.cli.reply import DeviceOption, JsonOption, ProjectArgument, Reply, listed, table

if TYPE_CHECKING:
    from rich.table import Table

    from trainer.project.project import Project


def register(app: typer.Typer) -> None:
    """Put these commands on the command line."""
    app.command(epilog="Example: skinseg predict study ~/new_photos --out ~/masks")(predict)
    app.command(epilog="Example: skinseg models study      skinseg models study promote 0007")(models)


def predict(
    source: Annotated[
        str, typer.Argument(metavar="DIR|MODEL", help="A project, or a model's folder.", show_default=False)
    ],
    photos: Annotated[
        str, typer.Argument(metavar="PHOTOS", help="A folder of photos, or one photo.", show_default=False)
    ],
    out: Annotated[str, typer.Option(help="The folder for the masks.", show_default=False)],
    model: Annotated[
        str | None, typer.Option(metavar="ID", help="A model of the project; else the served one.")
    ] = None,
    probabilities: Annotated[
        bool, typer.Option("--probabilities", help="Also NAME.confidence.png, 0 to 255.")
    ] = False,
    device: DeviceOption = "auto",
    json: JsonOption = False,
) -> Reply:
    """Write a mask for each photo: PNG, pixel = class index."""
    from trainer.errors import ProjectError
    from trainer.inference.folder import photos_in, predict_folder
    from trainer.project.import_export.folders import check_out
    from trainer.project.photo_files import PassedOver

    folder, used, remark, most = model_folder(Path(source), model)
    passed = PassedOver()
    found = photos_in(Path(photos), passed)
    if Path(out).resolve() in {photo.parent.resolve() for photo, _ in found}:
        raise ProjectError(f"--out {out} holds the photos, and the masks would lie among them: name another")
    check_out(Path(out))
    with counted("predicting", len(found)) as advance:
        report = predict_folder(folder, found, Path(out), device, probabilities, advance, most)
    by = escape(f"model {used}{remark}")
    masks = "mask" if report.written == 1 else "masks"
    lines = [f"{report.written:,} {masks} in {escape(out)} by {by}, {report.seconds:.1f} s"]
    lines += listed([f"  failed {item['photo']}: {item['why']}" for item in report.failed])
    lines += listed([*(f"  cannot be taken: {name}" for name in passed.unreadable), *passed.lines])
    data = {
        "model": used,
        "photos": len(found),
        "written": report.written,
        "failed": report.failed,
        "unreadable": passed.unreadable,
        "passed_over": passed.counts,
        "seconds": report.seconds,
    }
    return Reply(data, [*lines], code=0 if report.written else 1)


def models(
    directory: ProjectArgument,
    action: Annotated[
        str, typer.Argument(metavar="list|promote|rollback|prune", help="What to do.")
    ] = "list",
    model: Annotated[
        str | None, typer.Argument(metavar="ID", help="For promote.", show_default=False)
    ] = None,
    keep: Annotated[
        int | None,
        typer.Option(min=1, help="For prune: so many of the latest stay; else service.keep_models."),
    ] = None,
    json: JsonOption = False,
) -> Reply:
    """List the models with the reason of each decision, serve another one, go back, or remove old ones.

    What is or was of use stays: the served one, those before it, the best, and those that masks came from.
    """
    import getpass

    from trainer.errors import ProjectError
    from trainer.project.model_files import is_whole, prune_models
    from trainer.project.project import Project

    remark: list[str | Table] = []
    if action not in ("list", "promote", "rollback", "prune"):
        raise ProjectError(f"models: no action '{action}'; use list, promote ID, rollback or prune")
    if action == "promote" and model is None:
        raise ProjectError(
            f"models promote: say which model, as skinseg models {directory} promote 0003; without an action "
            "they are listed"
        )
    with Project.open(Path(directory), read_only=action == "list") as project:
        if action == "promote":
            project.models.promote(known_model(project, model), why="chosen by hand", by=getpass.getuser())
        elif action == "rollback":
            project.models.rollback(by=getpass.getuser())
        elif action == "prune":
            pruned = prune_models(project, keep if keep is not None else _kept(project))
            remark = [f"removed the files of {len(pruned.ids):,} models, {pruned.bytes / 1e6:.1f} MB"]
        served = project.models.served()
        known = project.models.all()
        whole = {item.id for item in known if is_whole(item)}
    serving = served.id if served else None
    data = {
        "served": serving,
        "models": [
            {
                "id": item.id,
                "recipe": item.recipe,
                "lane": item.lane,
                "created": item.created,
                "served": item.id == serving,
                "files": item.id in whole,
                "decision": item.decision,
                "why": item.why,
                "dice9": item.metrics.get("dice9"),
            }
            for item in known
        ],
    }
    rows = [
        [
            item.id,
            "served" if item.id == serving else "" if item.id in whole else "removed",
            item.lane,
            number(item.metrics.get("dice9")),
            item.why or "",
        ]
        for item in known
    ]
    shown = [table("model", "", "round", "Dice", "why", rows=rows)] if rows else ["No model yet."]
    return Reply(data, [*remark, *shown])


def _kept(project: Project) -> int:
    return project.settings.service.keep_models or len(project.models.all())


def known_model(project: Project, model: str | None) -> str:
    """Find the id asked for, or the served one's; refuse where there is no such model."""
    from trainer.errors import ProjectError

    served = project.models.served()
    if model is None:
        if served is None:
            raise ProjectError(
                f"{project.path} has no model yet: train one with skinseg retrain {project.path}"
            )
        return str(served.id)
    ids = [item.id for item in project.models.all()]
    if model not in ids:
        more = f" and {len(ids) - 5} more (skinseg models {project.path})" if len(ids) > 5 else ""
        known = (", ".join(ids[:5]) or "none yet") + more
        raise ProjectError(f"no model '{model}' in {project.path}; it has {known}")
    return model


def model_folder(source: Path, model: str | None = None) -> tuple[Path, str, str, int | None]:
    """Find the model of a project, or of a model's own folder: its folder, its id, a remark, and max_pixels.

    Of a project it is the one asked for, else the served one; the remark says so where a newer one was not
    served. The last is the project's setting for photos, None without a project.
    """
    from trainer.errors import ConfigError, ProjectError
    from trainer.project.project import Project

    if (source / "model.json").is_file():
        if model is not None:
            raise ConfigError(
                f"--model {model}: {source} is a model itself; name its project, or leave it out"
            )
        return source, source.resolve().name, "", None
    if not source.exists():
        raise ProjectError(f"no project or model at {source}: check the path")
    with Project.open(source, read_only=True) as project:
        found = project.models.get(known_model(project, model))
        newest, most = project.models.all()[0].id, project.settings.photos.max_pixels
    remark = (
        f", the served one ({newest} is newer, but not served)" if found.id != newest else ", the served one"
    )
    return found.path, found.id, remark if model is None else "", most


def number(value: float | None) -> str:
    """Format three decimals, or a dash where there is nothing to measure."""
    return "–" if value is None or value != value else f"{value:.3f}"
