"""Command that compares strategies of choosing photos: simulate choose."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from trainer.atomic import write_text
from trainer.cli.batch import SetOption, pairs
from trainer.cli.checks import check_writable
from trainer.cli.progress import staged
from trainer.cli.reply import JsonOption, ProjectArgument, Reply, table
from trainer.cli.simulate import counts, hand_named, simulations, words
from trainer.errors import ConfigError
from trainer.evaluation.json_values import json_object

if TYPE_CHECKING:
    from rich.table import Table

    from trainer.study.choose_curves import Measured


def register(app: typer.Typer) -> None:
    """Put this command beside its siblings."""
    example = "skinseg simulate choose project --strategies random,default --seeds 10"
    simulations.command(epilog=f"Example: {example}")(choose)


def choose(
    directory: ProjectArgument,
    strategies: Annotated[
        str, typer.Option(help="Strategies to compare; all: every one.")
    ] = "random,foreground,default",
    seeds: Annotated[int, typer.Option(min=1, help="Curves of each strategy.")] = 10,
    budgets: Annotated[
        str, typer.Option(help="Numbers of labels at which the model is measured.")
    ] = "8,16,24,40,64,100",
    batch: Annotated[int, typer.Option(min=1, help="Photos chosen at a time.")] = 8,
    pool: Annotated[
        float, typer.Option(min=0.01, max=1, help="Part of the photos that a curve may choose from.")
    ] = 0.8,
    mended: Annotated[
        int, typer.Option(min=0, help="Curves of each whose seconds are measured, by a few photos a batch.")
    ] = 4,
    hand: Annotated[str, typer.Option(help="Seconds of a stroke: steering or constant.")] = "steering",
    whole: Annotated[
        int,
        typer.Option(min=0, help="Curves of each whose photos a whole probe learns; the table is of those."),
    ] = 0,
    out: Annotated[
        Path | None, typer.Option(help="Folder of the tables; else in the project.", show_default=False)
    ] = None,
    set_: SetOption = None,
    json: JsonOption = False,
) -> Reply:
    """Labels and seconds that strategies of choosing photos need, on photos whose masks are known.

    The photos of the training split are chosen from, those of validation measure. Interrupted, the same
    command goes on.
    """
    from trainer.acquisition.strategies import STRATEGIES, find_strategy
    from trainer.project.project import Project
    from trainer.settings.toml_file import load_settings
    from trainer.study.choose_runs import WHOLE, ChooseStudy, run_study

    chosen = hand_named(hand)
    named = list(STRATEGIES) if strategies == "all" else words(strategies)
    names = tuple(dict.fromkeys(find_strategy(name).name for name in named))
    if not names:
        raise ConfigError(f"--strategies {strategies}: name some, as random,default")
    study = ChooseStudy(names, seeds, tuple(counts(budgets, "--budgets")), batch, pool, mended)
    path = Path(directory)
    with Project.open(path) as project:
        check_writable(project)
        settings = load_settings(path / "skinseg.toml", pairs(set_ or []))
        folder = (out or project.path / "studies") / study.folder_name(project, chosen, settings)
        with staged() as advance:
            run_study(project, settings, study, folder, hand=chosen, report=advance)
            if whole:
                from trainer.study.choose_whole import measure_whole

                measure_whole(project, settings, folder, whole, report=advance)
    return _reply(folder / WHOLE if whole else folder)


def _reply(folder: Path) -> Reply:
    """Write the table and the curves, and reply with them."""
    from trainer.study.choose import ALL_LABELS
    from trainer.study.choose_curves import summarise
    from trainer.study.choose_plot import choose_svg, curves_csv
    from trainer.study.choose_runs import read_curves

    curves = read_curves(folder)
    full = curves.pop(ALL_LABELS)
    rows, best = summarise(curves, full, full[0].groups.tolist())
    write_text(folder / "choose.csv", curves_csv(rows, best))
    write_text(folder / "choose.svg", choose_svg(rows, best))
    head = ("strategy", "seeds", "area", "labels to 90 %", "labels to 95 %", "of random's", "minutes to 95 %")
    cells = [
        [
            escape(row.strategy),
            str(row.seeds),
            _cell(row.area, ".3f"),
            *(_cell(m, ".0f") for m in row.labels_to),
            _cell(row.labels_ratio, ".2f"),
            _cell(row.seconds_to[-1], ".1f", 60),
            _cell(row.seconds_ratio, ".2f"),
        ]
        for row in rows
    ]
    last = rows[0].labels[-1]
    lines: list[str | Table] = [
        f"Until the Dice is near the {best.value:.3f} of all {len(full[0].chosen)} labels; 95 % intervals "
        "over seeds and photos.",
        table(*head, "of random's", rows=cells),
        f"area: mean Dice from {rows[0].labels[0]} to {last} labels as a share of it, over the logarithm "
        f"of the labels; -: not reached with {last} labels, or not measured",
        f"Written to {escape(str(folder))}: choose.csv, choose.svg, and a file for each run",
    ]
    found = {"folder": str(folder), "full": asdict(best), "strategies": [asdict(row) for row in rows]}
    return Reply(json_object(found), lines)


def _cell(measured: Measured, form: str, unit: float = 1.0) -> str:
    numbers = [
        f"{value / unit:{form}}" if abs(value) < float("inf") else "-"
        for value in (measured.value, measured.low, measured.high)
    ]
    return "-" if set(numbers) == {"-"} else f"{numbers[0]} ({numbers[1]} to {numbers[2]})"
