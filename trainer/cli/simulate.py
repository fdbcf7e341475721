"""Commands that let a simulated annotator work on masks that are known: simulate effort."""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from trainer.atomic import write_text
from trainer.cli.batch import SetOption, pairs
from trainer.cli.checks import check_writable
from trainer.cli.progress import staged
from trainer.cli.reply import DeviceOption, JsonOption, ProjectArgument, Reply, table
from trainer.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from trainer.effort.hand import Hand
    from trainer.study.effort import EffortPoint

simulations = typer.Typer(help="Measure with a simulated annotator on photos whose masks are known.")


def register(app: typer.Typer) -> None:
    """Put these commands on the command line."""
    app.add_typer(simulations, name="simulate")


@simulations.command(epilog="Example: skinseg simulate effort project --labels 6,12,41 --draws 5")
def effort(
    directory: ProjectArgument,
    recipes: Annotated[str, typer.Option(help="Recipes to compare, as probe,skinseg.")] = "probe",
    labels: Annotated[str, typer.Option(help="Numbers of labelled photos to learn from.")] = "6,12,41",
    draws: Annotated[int, typer.Option(min=1, help="Draws of the labels, each with its own seed.")] = 5,
    hand: Annotated[str, typer.Option(help="Seconds of a stroke: steering or constant.")] = "steering",
    tools: Annotated[str, typer.Option(help="What the hand also uses: select, follow, or both.")] = "",
    split: Annotated[str, typer.Option(help="Photos that are mended: val or test.")] = "val",
    out: Annotated[
        Path | None, typer.Option(help="Folder of the tables; else in the project.", show_default=False)
    ] = None,
    set_: SetOption = None,
    device: DeviceOption = "auto",
    json: JsonOption = False,
) -> Reply:
    """Seconds that suggestions save against the number of labels, each photo beside itself from nothing.

    Interrupted, the same command goes on.
    """
    from trainer.project.project import Project
    from trainer.recipes.registry import find_recipe
    from trainer.settings.toml_file import load_settings
    from trainer.study.effort import plan_runs, read_points, run_effort

    chosen, changed, used = hand_named(hand), pairs(set_ or []), sorted(words(tools))
    names = [find_recipe(word).name for word in words(recipes)]
    runs = plan_runs(names, counts(labels), draws, tools=bool(used))
    if split not in ("val", "test"):
        raise ConfigError(f"--split {split}: choose val or test")
    path = Path(directory)
    with Project.open(path) as project:
        check_writable(project)
        settings = load_settings(path / "skinseg.toml", changed)
        folder = (out or project.path / "studies") / _folder_name("-".join([hand, *used]), split, changed)
        with staged() as advance:
            run_effort(
                project,
                settings,
                runs,
                folder,
                hand=chosen,
                split=split,
                tools=used,
                device=device,
                report=advance,
            )
        return _reply(folder, read_points(folder))


def _reply(folder: Path, points: Sequence[EffortPoint]) -> Reply:
    """Write the table and the curve, and reply with them."""
    from trainer.study.effort import points_csv
    from trainer.study.effort_plot import effort_svg

    write_text(folder / "effort.csv", points_csv(points))
    write_text(folder / "effort.svg", effort_svg(points))
    rows = [
        [
            escape(point.recipe),
            str(point.labels),
            f"{point.share.share:.2f}",
            f"{point.share.low:.2f} to {point.share.high:.2f}",
            f"{min(point.by_draw):.2f} to {max(point.by_draw):.2f}",
            f"{point.trained_seconds:.0f}",
        ]
        for point in points
    ]
    head = (
        "recipe",
        "labels",
        "share of seconds",
        "95 %, over photos",
        "lowest and highest draw",
        "trained, s",
    )
    photos = points[0].share.photos
    lines: list[str | Table] = [
        f"Seconds for a photo with its suggestion, as a share of painting it from nothing; {photos} photos.",
        table(*head, rows=rows),
        f"Written to {escape(str(folder))}: effort.csv, effort.svg, and a file for each run",
    ]
    return Reply({"folder": str(folder), "points": [asdict(point) for point in points]}, lines)


def hand_named(name: str) -> Hand:
    """Return the hand of that name."""
    from trainer.effort.costs import HANDS
    from trainer.effort.hand import Hand

    if name not in HANDS:
        raise ConfigError(f"--hand {name}: choose {' or '.join(HANDS)}")
    return Hand(HANDS[name])


def _folder_name(hand: str, split: str, changed: dict[str, str]) -> str:
    """Keep runs with other settings apart."""
    name = f"effort-{hand}-{split}"
    if not changed:
        return name
    digest = hashlib.sha256(repr(sorted(changed.items())).encode()).hexdigest()[:8]
    return f"{name}-{digest}"


def words(text: str) -> list[str]:
    """Read `random,default`."""
    return [word.strip() for word in text.split(",") if word.strip()]


def counts(text: str, option: str = "--labels") -> list[int]:
    """Read `6,12,41`."""
    found = words(text)
    if not found or not all(word.isdigit() and int(word) for word in found):
        raise ConfigError(f"{option} {text}: write numbers of labelled photos, as 6,12,41")
    return sorted({int(word) for word in found})
