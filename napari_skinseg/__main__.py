"""Open the window on a project: ``python -P -m napari_skinseg annotate DIR``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from trainer.errors import SkinsegError

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; returns 0 when done, 2 for bad input (one line on stderr says what)."""
    arguments = _parser().parse_args(argv)
    try:
        return int(arguments.run(arguments) or 0)
    except SkinsegError as error:
        print(error, file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -P -m napari_skinseg", description=__doc__)
    commands = parser.add_subparsers(required=True)
    annotate = commands.add_parser("annotate", help="open napari on a project")
    annotate.add_argument("project", type=Path)
    annotate.add_argument("--annotator", help="your name on what you save")
    annotate.set_defaults(run=_annotate)
    picture = commands.add_parser(
        "screenshot", help="open the workspace, save a picture of the window, close"
    )
    picture.add_argument("project", type=Path)
    picture.add_argument("out", type=Path)
    picture.add_argument("--size", default="1440x900", help="width x height of the window in pixels")
    picture.add_argument("--annotator", default="picture")
    picture.set_defaults(run=_screenshot)
    demo = commands.add_parser("headless-demo", help="a simulated annotator works in the window")
    demo.add_argument("project", type=Path)
    demo.add_argument("--photos", type=int, default=48, help="how many photos the demo project has")
    demo.add_argument("--per-stage", type=int, help="photos before the first model, after it, and later")
    demo.add_argument("--no-select", dest="selects", action="store_false", help="draw everything")
    demo.set_defaults(run=_headless_demo)
    return parser


def _refuse_what_is_no_project(folder: Path) -> None:
    """Open it once before napari, which takes seconds to import and may print messages of its own."""
    from trainer.project.project import Project

    Project.open(folder, read_only=True).close()


def _annotate(arguments: argparse.Namespace) -> None:
    folder = arguments.project
    if not (folder / "skinseg.toml").is_file():
        _refuse_what_is_no_project(folder)
    import napari  # loads almost nothing yet, but must come before Qt on some displays

    from napari_skinseg.widgets.splash import Splash

    splash = Splash(folder.resolve().name)
    splash.say("opening the project")
    _refuse_what_is_no_project(folder)
    splash.say("loading the window")
    from napari_skinseg.widgets.window_docks import fit_first_window
    from napari_skinseg.widgets.workspace import open_workspace

    viewer = napari.Viewer(show=False, show_welcome_screen=False)
    splash.say("opening the first photo")
    dock = open_workspace(viewer, folder, arguments.annotator)
    viewer.window.show()
    fit_first_window(viewer)
    dock.fit_docks()
    splash.close()
    napari.run()


def _screenshot(arguments: argparse.Namespace) -> None:
    _refuse_what_is_no_project(arguments.project)
    from napari_skinseg.demo.screenshot import window_of_size, workspace_picture

    workspace_picture(arguments.project, arguments.out, window_of_size(arguments.size), arguments.annotator)


def _headless_demo(arguments: argparse.Namespace) -> None:
    from napari_skinseg.demo.headless_demo import run_demo

    selects = None if arguments.selects else False
    run_demo(arguments.project, arguments.photos, per_stage=arguments.per_stage, selects=selects)


if __name__ == "__main__":
    sys.exit(main())
