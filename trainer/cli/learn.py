"""Commands that learn and measure: retrain, evaluate."""

from __future__ import annotations

from functools import partial
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
from trainer.cli.checks import check_labels, check_truth, check_values, check_writable
from trainer.cli.predict import known_model, number
from trainer.cli.processes import shared_by_processes
from trainer.cli.progress import staged
from trainer.cli.reply import (
    BinaryOption,
    DeviceOption,
    IdsOption,
    JsonOption,
    ProjectArgument,
    Reply,
    listed,
    table,
)
from trainer.cli.scores import check_mode, check_page, scorecard_lines

if TYPE_CHECKING:
    from rich.table import Table

    from trainer.project.project import Project


def register(app: typer.Typer) -> None:
    """Put these commands on the command line."""
    app.command(epilog="Example: skinseg retrain study --init scratch --steps 2000 --set lr=0.0003")(retrain)
    app.command(epilog="Example: skinseg evaluate study --split test --report study.html")(evaluate)


@shared_by_processes
def retrain(
    directory: ProjectArgument,
    recipe: Annotated[str | None, typer.Option(help="The method; else the project's own.")] = None,
    init: Annotated[
        str | None, typer.Option(help="auto, scratch, imagenet, mobilesam, colorization, or a path.")
    ] = None,
    labels: Annotated[str, typer.Option(help="Share of the labelled train photos, as 25%.")] = "100%",
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
    """Train one model in batch from the masks the project has, and serve it if it is not worse."""
    from trainer.project.project import Project
    from trainer.settings.toml_file import chosen_recipe, load_settings

    path = Path(directory)
    fraction = share(labels)
    given = {"size": size, "encoder": encoder, "batch": batch, "seed": seed, "recipe": recipe, "init": init}
    chosen = spoken({"steps": steps, **given}, set_) + (["--labels"] if fraction < 1 else [])
    with Project.open(path) as project:
        file, changed = path / "skinseg.toml", overrides(given, set_)
        settings = load_settings(file, changed, recipe=chosen_recipe(file, changed))
        check_writable(project)
        check_labels(project)
        result, stopped = run_here(
            project, path, device, resume, chosen, settings=settings, steps=steps, labels_fraction=fraction
        )
        epochs = [] if result is None else epoch_rows(project, result.round_id)
        foreground = project.classes.foreground
    if result is None:
        return Reply({"model": None, "why": stopped}, [stopped], code=stopped_code())

    def figure(name: str) -> str:
        value = result.val.get(name)
        return number(value if isinstance(value, float) else None)

    lines = [
        f"model {result.model_id}: {result.steps} steps, {result.seconds:.0f} s, "
        f"{result.photos_per_second:.1f} photos/s",
        escape(result.why),
        f"validation Dice {figure('dice9')}, {escape(foreground)} or not {figure('dice2')}",
        *(f"  {escape(message)}" for message in result.messages),
    ]
    data = result.to_json() | ({"epochs": epochs} if epochs else {})
    return Reply(data, [*lines, *([epoch_table(epochs)] if epochs else [])])


def epoch_rows(project: Project, round_id: str) -> list[dict[str, float]]:
    """Read epoch, soft Dice loss and IoU on the validation photos, of a round that counts in epochs."""
    curves = project.trainer.curve(round_id)
    names = ("epoch", "epoch_loss", "epoch_iou")
    points = zip(*(curves.get(name, []) for name in names), strict=True)
    return [{n: value for n, (_, value) in zip(names, point, strict=True)} for point in points]


def epoch_table(rows: list[dict[str, float]]) -> Table:
    """Make the table epoch | DL | IoU."""
    cells = [[f"{r['epoch']:.0f}", f"{r['epoch_loss']:.4f}", f"{r['epoch_iou']:.4f}"] for r in rows]
    return table("epoch", "DL", "IoU", rows=cells)


def evaluate(
    directory: ProjectArgument,
    model: Annotated[str | None, typer.Option(help="Model id; else the served one.")] = None,
    split: Annotated[str, typer.Option(help="val or test.")] = "val",
    masks: Annotated[str | None, typer.Option(help="Compare with the masks in this folder instead.")] = None,
    ids: IdsOption = None,
    binary: BinaryOption = None,
    mode: Annotated[
        str, typer.Option(help="default, or also as a source counts: isic, keras_dice, smp_batch_iou.")
    ] = "default",
    report: Annotated[str | None, typer.Option(help="Write a page with pictures to this HTML file.")] = None,
    pictures: Annotated[
        int, typer.Option(min=0, max=50, help="Best and worst photos in the page; 0: no photo leaves.")
    ] = 3,
    show_sensitive: Annotated[
        bool, typer.Option("--show-sensitive", help="Do not blur sensitive classes in the page.")
    ] = False,
    device: DeviceOption = "auto",
    json: JsonOption = False,
) -> Reply:
    """How good a model is: Dice, outlines, calibration, with 95 % intervals over groups."""
    from trainer.project.import_export.folders import check_folder
    from trainer.project.project import Project

    check_mode(mode)
    if masks is not None:
        check_folder(masks, "masks")
    check_values(masks, ids, binary)
    page = None if report is None else check_page(report)
    with Project.open(Path(directory), read_only=True) as project:
        check_truth(project, split, masks)
        chosen = known_model(project, model)
        from trainer.evaluation.evaluate import measure
        from trainer.evaluation.given_masks import match_masks
        from trainer.evaluation.report.examples import examples, extremes
        from trainer.evaluation.report.page import render, write_report
        from trainer.inference.predictor import Predictor

        given = None if masks is None else match_masks(project, Path(masks), split, ids, binary)
        predictor = Predictor(project.models.get(chosen).path, device)
        unread: list[str] = []
        with staged() as advance:
            scorecard = measure(
                project, predictor, split, masks=given, model_id=chosen, progress=advance, say=unread.append
            )
            if page is not None:
                draw = partial(examples, masks=given, show_sensitive=show_sensitive, progress=advance)
                (best, worst), name = draw(project, predictor, scorecard, pictures), project.path.name
                write_report(page, render(scorecard, predictor.card, best, worst, project=name, mode=mode))
    data = scorecard.to_json(mode)
    data["unreadable"] = unread
    lines = [*scorecard_lines(scorecard, mode), *listed(unread)]
    if given is not None:
        data["masks"] = given.to_json()
        lines += listed(given.left_out)
    if page is not None:
        note_report(Path(directory), [row["id"] for rows in extremes(scorecard, pictures) for row in rows])
        data["report"] = str(page)
        lines.append(f"Report: {escape(str(page))}")
    return Reply(data, lines)


def note_report(directory: Path, photo_ids: list[int]) -> None:
    """Note in the access log whose pictures are in a page; not where the project can only be read."""
    import getpass

    from trainer.project.project import Project
    from trainer.project.states import AccessKind

    with Project.open(directory) as project:
        project.access.note(getpass.getuser(), AccessKind.REPORT, photo_ids)


def share(text: str) -> float:
    """Read `25%` or `0.25` as 0.25."""
    from trainer.errors import ConfigError

    try:
        value = float(text.strip().removesuffix("%")) / (100.0 if text.strip().endswith("%") else 1.0)
    except ValueError:
        value = 0.0
    if not 0.0 < value <= 1.0:
        raise ConfigError(f"--labels {text}: give a share of the labels above 0 and up to 100%, as 25%")
    return value
