"""Command predict, and the model that a command means."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from trainer.cli.progress import counted
from trainer.cli.reply import DeviceOption, JsonOption, Reply, listed

if TYPE_CHECKING:
    from trainer.project.project import Project


def register(app: typer.Typer) -> None:
    """Put this command on the command line."""
    app.command(epilog="Example: skinseg predict study ~/new_photos --out ~/masks")(predict)


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
    from trainer.project.photos.photo_files import PassedOver

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
