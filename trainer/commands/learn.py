"""Commands on models: retrain, predict, evaluate, models."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trainer.commands.progress import counted, staged
from trainer.commands.reply import JsonOption, ProjectArgument, Reply, finite, table

if TYPE_CHECKING:
    from rich.table import Table

    from trainer.project import Project

DeviceOption = Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")]


def register(app: typer.Typer) -> None:
    """Put these commands on the command line."""
    app.command(epilog="Example: skinseg retrain study --init scratch --steps 2000 --set lr=0.0003")(retrain)
    app.command(epilog="Example: skinseg predict study ~/new_photos --out ~/masks")(predict)
    app.command(epilog="Example: skinseg evaluate study --split test --json")(evaluate)
    app.command(epilog="Example: skinseg models study      skinseg models study promote 0007")(models)


def retrain(
    directory: ProjectArgument,
    recipe: Annotated[str | None, typer.Option(help="The method; else the project's own.")] = None,
    init: Annotated[str | None, typer.Option(help="scratch, imagenet, colorization, or a path.")] = None,
    labels: Annotated[str, typer.Option(help="Share of the labelled train photos, as 25%.")] = "100%",
    steps: Annotated[int | None, typer.Option(min=1, help="Training steps.")] = None,
    size: Annotated[int | None, typer.Option(min=32, help="Side of a training crop, in pixels.")] = None,
    encoder: Annotated[str | None, typer.Option(help="Encoder of the network, as resnet50.")] = None,
    batch: Annotated[int | None, typer.Option(min=2, help="Crops per step.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Seed of everything that is drawn.")] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="Any setting, as KEY=VALUE; may be repeated.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with one that was interrupted.")] = False,
    device: DeviceOption = "auto",
    json: JsonOption = False,
) -> Reply:
    """Train one model in batch from the masks the project has, and serve it if it is not worse."""
    from trainer.project import Project
    from trainer.settings import load_settings

    path = Path(directory)
    fraction = share(labels)
    overrides = pairs(set_ or [])
    given = {"size": size, "encoder": encoder, "batch": batch, "seed": seed, "recipe": recipe, "init": init}
    overrides |= {f"training.{key}": str(value) for key, value in given.items() if value is not None}
    with Project.open(path) as project:
        settings = load_settings(path / "skinseg.toml", overrides)
        check_labels(project)
        from trainer.logs import log_to
        from trainer.service import Service

        log_to(path)
        service = Service(project, device)
        with service.running(background=False), staged() as advance:
            service.on_progress = lambda p: advance(p.phase, p.step, p.steps)
            round_id = take_up(project, resume)
            result = service.train(
                "batch", round_id, settings=settings, steps=steps, labels_fraction=fraction
            )
    if result is None:
        lines = [f"Stopped; its checkpoint is kept. Go on: skinseg retrain {path} --resume"]
        return Reply({"model": None, "why": "stopped before it was done"}, [*lines], code=130)
    lines = [
        f"model {result.model_id}: {result.steps} steps, {result.seconds:.0f} s, "
        f"{result.photos_per_second:.1f} photos/s",
        f"{'served' if result.served else 'not served'}: {result.why}",
        f"validation Dice {number(result.val.get('dice9'))}, skin or not {number(result.val.get('dice2'))}",
        *result.messages,
    ]
    return Reply(result.to_json(), [*lines])


def predict(
    source: Annotated[
        str, typer.Argument(metavar="DIR|MODEL", help="A project, or a model's folder.", show_default=False)
    ],
    photos: Annotated[
        str, typer.Argument(metavar="PHOTOS", help="A folder of photos, or one photo.", show_default=False)
    ],
    out: Annotated[str, typer.Option(help="The folder for the masks.", show_default=False)],
    probabilities: Annotated[
        bool, typer.Option("--probabilities", help="Also NAME.confidence.png, 0 to 255.")
    ] = False,
    device: DeviceOption = "auto",
    json: JsonOption = False,
) -> Reply:
    """Write a mask for each photo: PNG, pixel = class index."""
    from trainer.folder_predictions import photos_in, predict_folder

    model = model_folder(Path(source))
    found = photos_in(Path(photos))
    with counted("predicting", len(found)) as advance:
        report = predict_folder(model, found, Path(out), device, probabilities, advance)
    lines = [f"{report.written:,} masks in {out}, {report.seconds:.1f} s"]
    lines += [f"  failed {item['photo']}: {item['why']}" for item in report.failed[:20]]
    data = {
        "photos": len(found),
        "written": report.written,
        "failed": report.failed,
        "seconds": report.seconds,
    }
    return Reply(plain(data), [*lines], code=0 if report.written else 1)


def evaluate(
    directory: ProjectArgument,
    model: Annotated[str | None, typer.Option(help="Model id; else the served one.")] = None,
    split: Annotated[str, typer.Option(help="val or test.")] = "val",
    masks: Annotated[str | None, typer.Option(help="Compare with the masks in this folder instead.")] = None,
    device: DeviceOption = "auto",
    json: JsonOption = False,
) -> Reply:
    """Dice, IoU, precision and recall of a model, with 95 % intervals over groups."""
    from trainer.commands.files import check_folder
    from trainer.project import Project

    if masks is not None:
        check_folder(masks, "masks")
    with Project.open(Path(directory), read_only=True) as project:
        check_truth(project, split, masks)
        chosen = known_model(project, model)
        from trainer.predict import Predictor
        from trainer.validation import evaluate as measure

        predictor = Predictor(project.model(chosen).path, device)
        folder = Path(masks) if masks is not None else None
        with staged() as advance:
            report = measure(project, predictor, split, masks=folder, model_id=chosen, progress=advance)
    data = report.to_json()
    rows = [
        [
            name,
            *(number(values[key]) for key in ("dice", "iou", "precision", "recall")),
            str(values["photos"]),
        ]
        for name, values in data["per_class"].items()
    ]
    low, high = data["ci95"]["dice9"]
    head = f"model {chosen}, {split}, {data['photos']} photos: Dice {number(data['dice9'])}"
    lines: list[str | Table] = [
        f"{head} (95 % {number(low)} to {number(high)}), skin or not {number(data['dice2'])}",
        table("class", "Dice", "IoU", "precision", "recall", "photos", rows=rows),
    ]
    return Reply(data, lines)


def models(
    directory: ProjectArgument,
    action: Annotated[str, typer.Argument(metavar="list|promote|rollback", help="What to do.")] = "list",
    model: Annotated[
        str | None, typer.Argument(metavar="ID", help="For promote.", show_default=False)
    ] = None,
    json: JsonOption = False,
) -> Reply:
    """List the models with the reason of each decision, serve another one, or go back."""
    import getpass

    from trainer.project import Project
    from trainer.project.errors import ProjectError

    if action not in ("list", "promote", "rollback"):
        raise ProjectError(f"models: no action '{action}'; use list, promote ID or rollback")
    with Project.open(Path(directory), read_only=action == "list") as project:
        if action == "promote":
            project.promote(known_model(project, model or ""), why="chosen by hand", by=getpass.getuser())
        elif action == "rollback":
            project.rollback(by=getpass.getuser())
        served = project.served()
        known = project.models()
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
            "served" if item.id == serving else "",
            item.lane,
            number(item.metrics.get("dice9")),
            item.why or "",
        ]
        for item in known
    ]
    return Reply(
        plain(data), [table("model", "", "round", "Dice", "why", rows=rows)] if rows else ["No model yet."]
    )


def share(text: str) -> float:
    """`25%` or `0.25` as 0.25."""
    from trainer.project.errors import ConfigError

    try:
        value = float(text.strip().removesuffix("%")) / (100.0 if text.strip().endswith("%") else 1.0)
    except ValueError:
        value = 0.0
    if not 0.0 < value <= 1.0:
        raise ConfigError(f"--labels {text}: give a share of the labels above 0 and up to 100%, as 25%")
    return value


def pairs(words: list[str]) -> dict[str, str]:
    """`KEY=VALUE` words as a mapping."""
    from trainer.project.errors import ConfigError

    for word in words:
        if "=" not in word:
            raise ConfigError(f"--set {word}: write KEY=VALUE, as --set lr=0.0003")
    return {key.strip(): value.strip() for key, value in (word.split("=", 1) for word in words)}


def check_labels(project: Project) -> None:
    """Refuse to train on nothing."""
    from trainer.project.errors import ProjectError

    if project.counts().by_split.get("train", (0, 0))[1] == 0:
        raise ProjectError(
            f"{project.path} has no labels yet: save masks (skinseg annotate) or skinseg import some"
        )


def take_up(project: Project, resume: bool) -> str | None:
    """The interrupted batch round to go on with; without `resume`, such rounds are given up."""
    from trainer.project.errors import ProjectError

    left = [r for r in project.rounds() if r.ended is None and r.lane == "batch"]
    if resume and not left:
        raise ProjectError(f"{project.path} has no interrupted retrain to go on with: leave out --resume")
    for round_ in left[1:] if resume else left:
        project.finish_round(round_.id, "stopped", why="given up for another one")
    return left[0].id if resume else None


def known_model(project: Project, model: str | None) -> str:
    """The id asked for, or the served one's; refused when there is no such model."""
    from trainer.project.errors import ProjectError

    served = project.served()
    if model is None:
        if served is None:
            raise ProjectError(
                f"{project.path} has no model yet: train one with skinseg retrain {project.path}"
            )
        return str(served.id)
    ids = [item.id for item in project.models()]
    if model not in ids:
        known = ", ".join(ids[-5:]) or "none yet"
        raise ProjectError(f"no model '{model}' in {project.path}; it has {known}")
    return model


def model_folder(source: Path) -> Path:
    """The folder of the model meant by a project (its served one) or by a model's own folder."""
    from trainer.project import Project
    from trainer.project.errors import ProjectError

    if (source / "model.json").is_file():
        return source
    if not source.exists():
        raise ProjectError(f"no project or model at {source}: check the path")
    with Project.open(source, read_only=True) as project:
        return project.model(known_model(project, None)).path


def check_truth(project: Project, split: str, masks: str | None) -> None:
    """Refuse an evaluation that has nothing to compare with."""
    from trainer.project.errors import ConfigError, ProjectError

    if split not in ("val", "test", "train"):
        raise ConfigError(f"--split {split}: use val or test")
    if masks is None and project.counts().by_split.get(split, (0, 0))[1] == 0:
        name = {"val": "validation", "test": "test"}.get(split, split)
        raise ProjectError(
            f"no {name} photos with masks yet in {project.path}: label some (they come up at random), "
            "import masks for them, or name a folder with --masks"
        )


def number(value: Any) -> str:
    """Three decimals, or a dash where there is nothing to measure."""
    return "–" if value is None or value != value else f"{value:.3f}"


def plain(data: dict[str, Any]) -> dict[str, Any]:
    """With null for NaN."""
    return {key: finite(value) for key, value in data.items()}
