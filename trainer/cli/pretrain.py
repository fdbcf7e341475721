"""Command that learns from photos without masks: pretrain."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from trainer.cli.batch import (
    BatchOption,
    EncoderOption,
    ResumeOption,
    SeedOption,
    SetOption,
    SizeOption,
    StepsOption,
    overrides,
    run_here,
    spoken,
    stopped_code,
)
from trainer.cli.checks import check_writable
from trainer.cli.processes import shared_by_processes
from trainer.cli.reply import DeviceOption, JsonOption, ProjectArgument, Reply
from trainer.service.schedule import PRETEXT

if TYPE_CHECKING:
    from trainer.project.project import Project


def register(app: typer.Typer) -> None:
    """Put this command on the command line."""
    app.command(
        epilog="Example: skinseg pretrain study --steps 2000, then skinseg retrain study --init colorization"
    )(pretrain)


@shared_by_processes
def pretrain(
    directory: ProjectArgument,
    init: Annotated[str, typer.Option(help="scratch, imagenet, mobilesam, or a path.")] = "scratch",
    steps: StepsOption = None,
    size: SizeOption = None,
    encoder: EncoderOption = None,
    batch: BatchOption = None,
    seed: SeedOption = None,
    set_: SetOption = None,
    resume: ResumeOption = False,
    device: DeviceOption = "auto",
    json: JsonOption = False,
) -> Reply:
    """Make starting weights from all train photos, labelled or not: give gray ones their colours back."""
    from trainer.project.project import Project
    from trainer.settings.toml_file import load_settings

    path = Path(directory)
    check_init(init)
    given = {"size": size, "encoder": encoder, "batch": batch, "seed": seed}
    chosen = spoken({"steps": steps, **given}, set_) + (["--init"] if init != "scratch" else [])
    with Project.open(path) as project:
        settings = load_settings(path / "skinseg.toml", overrides(given, set_), recipe=PRETEXT)
        check_writable(project)
        check_photos(project)
        choices = {"settings": settings, "steps": steps, "recipe": PRETEXT, "init": init}
        result, stopped = run_here(project, path, device, resume, chosen, pretext=True, **choices)
    if result is None:
        return Reply({"weights": None, "why": "stopped before it was done"}, [stopped], code=stopped_code())
    data = {key: value for key, value in result.to_json().items() if key not in ("model", "served", "val")}
    lines = [
        f"{result.steps} steps, {result.seconds:.0f} s, {result.photos_per_second:.1f} photos/s",
        escape(result.why),
        f"Start from them: skinseg retrain {path} --init {PRETEXT} (see also {path}/panels/{PRETEXT}.png)",
        *(f"  {escape(message)}" for message in result.messages),
    ]
    return Reply({"weights": str(result.weights), **data}, [*lines])


def check_init(init: str) -> None:
    """Refuse to begin with what is to be made."""
    from trainer.errors import ConfigError

    if init in (PRETEXT, "auto"):
        raise ConfigError(
            f"--init {init}: pretraining makes these weights; begin from scratch, imagenet or a path"
        )


def check_photos(project: Project) -> None:
    """Refuse to learn from no photo."""
    from trainer.errors import ProjectError

    if not project.photos.ids("train", limit=1):
        raise ProjectError(f"{project.path} has no training photo that can be read: skinseg add some")
