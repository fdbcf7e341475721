"""Commands that start something: demo, annotate, trainer."""

from __future__ import annotations

import os
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from trainer.cli.checks import check_writable
from trainer.cli.child import run_child
from trainer.cli.progress import counted, say, staged
from trainer.cli.reply import DeviceOption, JsonOption, ProjectArgument, Reply


def register(app: typer.Typer) -> None:
    """Put these commands on the command line."""
    app.command(
        epilog="Example: skinseg demo        or, without a screen: skinseg demo --headless --photos 24"
    )(demo)
    app.command(epilog="Example: skinseg annotate study --annotator anna")(annotate)
    app.command(epilog="Example: skinseg trainer study --device cuda")(trainer)


def demo(
    directory: Annotated[str, typer.Argument(metavar="DIR", help="Where to make the demo project.")] = "demo",
    headless: Annotated[
        bool,
        typer.Option(
            "--headless", help="No window: a simulated annotator works, pictures and a report stay in DIR."
        ),
    ] = False,
    photos: Annotated[int, typer.Option(min=8, help="How many synthetic photos.")] = 48,
    weights: Annotated[
        bool,
        typer.Option(
            help="Fetch MobileSAM's weights (41 MB) unless they are at hand, or stay off the network."
        ),
    ] = True,
    json: JsonOption = False,
) -> Reply:
    """Make a project of synthetic photos and annotate it, with the trainer running behind."""
    from trainer.networks.published.process import fetched_meanwhile
    from trainer.networks.published.registry import MOBILESAM
    from trainer.project.project import Project
    from trainer.service.process import start_trainer, stop_trainer
    from trainer.synthetic.demo_project import headless_command, is_demo, make_demo

    path = Path(directory)
    is_demo(path)  # before anything is fetched for it
    if not headless and not has_display():
        say("no display found, so the demo runs headless with a simulated annotator")
        headless = True
    fetched = fetched_meanwhile(MOBILESAM, say) if weights else nullcontext()
    with fetched, counted("drawing photos", photos) as advance:
        if headless:  # nobody waits at the window: give the model what it needs to be of use in minutes
            make_demo(path, photos, labelled=photos // 4, steps_fast=200, progress=advance)
        else:
            make_demo(path, photos, labelled=6, progress=advance)
    if headless:
        code = run_child(headless_command(path, photos), json)
        report = path / "report.md"
        lines = (
            [f"Pictures, curves and the report: {path}"]
            if code == 0
            else [f"The demo failed; see {path}/trainer.log"]
        )
        data = {
            "project": str(path.resolve()),
            "headless": True,
            "report": str(report) if report.exists() else None,
        }
        return Reply(data, [*lines], code=0 if code == 0 else 1)
    start_trainer(path)
    try:
        code = run_child(window_command(path, None), json)
    finally:
        with Project.open(path) as project:
            stop_trainer(project, by="demo", seconds=60)
    return Reply(
        {"project": str(path.resolve()), "headless": False},
        [f"The demo stays in {path}. Go on: skinseg annotate {path}"],
        code=0 if code == 0 else 1,
    )


def annotate(
    directory: ProjectArgument,
    annotator: Annotated[str | None, typer.Option(help="Your name; else the login name.")] = None,
    json: JsonOption = False,
) -> Reply:
    """Open napari on a project: photo, suggestion, palette and the trainer's panel."""
    from trainer.errors import ProjectError
    from trainer.project.project import Project

    path = Path(directory)
    Project.open(path, read_only=True).close()
    if not has_display():
        raise ProjectError("no display for the window: run this on a desktop, or see skinseg demo --headless")
    code = run_child(window_command(path, annotator), json)
    return Reply({"project": str(path.resolve()), "exit": code}, code=0 if code == 0 else 1)


def trainer(
    directory: ProjectArgument,
    device: DeviceOption = "auto",
    once: Annotated[bool, typer.Option("--once", help="End when there is nothing left to learn.")] = False,
    stop: Annotated[
        bool, typer.Option("--stop", help="Ask the running trainer to stop, and wait for it.")
    ] = False,
    json: JsonOption = False,
) -> Reply:
    """Train and predict in the background of a project, until stopped."""
    from trainer.project.project import Project

    path = Path(directory)
    if stop:
        from trainer.service.process import stop_trainer

        with Project.open(path) as project:
            done = stop_trainer(project, by="command line", seconds=60)
        return Reply(
            {"stopped": done},
            ["The trainer has stopped." if done else "The trainer did not stop in time."],
            int(not done),
        )
    with Project.open(path) as project:
        check_writable(project)
        from trainer.service.logs import log_to
        from trainer.service.service import Service

        log_to(path)
        service = Service(project, device)
        with service.running(), staged() as advance:
            service.on_progress = lambda p: advance(f"round {p.round_id} {p.phase}", p.step, p.steps)
            good = service.run(once=once)
            why = service.heartbeat.message
        served = project.models.served()
    data = {"served": served.id if served else None, "good": good}
    return Reply(
        data,
        [f"Trainer ended; served model: {data['served'] or 'none yet'}." if good else f"Failed: {why}"],
        int(not good),
    )


def has_display() -> bool:
    """Tell whether a window can be opened here."""
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def window_command(path: Path, annotator: str | None) -> list[str]:
    """Make the command that opens napari; a process of its own, since the trainer never imports Qt."""
    words = [sys.executable, "-P", "-m", "napari_skinseg", "annotate", str(path)]
    return words + (["--annotator", annotator] if annotator else [])
