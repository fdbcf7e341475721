"""Command models: the models of a project, which one is served, and what old ones leave behind."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from trainer.cli.predict import known_model, number
from trainer.cli.reply import JsonOption, ProjectArgument, Reply, table

if TYPE_CHECKING:
    from collections.abc import Collection

    from rich.table import Table

    from trainer.project.maintenance.accepted import AcceptedMask
    from trainer.project.models.models import Model
    from trainer.project.project import Project

    Lines = list[str | Table]

ACTIONS = ("list", "promote", "rollback", "accepted", "prune")


def register(app: typer.Typer) -> None:
    """Put this command on the command line."""
    app.command(epilog="Example: skinseg models study promote 0007      … rollback --put-back")(models)


def models(
    directory: ProjectArgument,
    action: Annotated[str, typer.Argument(metavar="|".join(ACTIONS), help="What to do.")] = "list",
    model: Annotated[
        str | None, typer.Argument(metavar="ID", help="For promote and accepted.", show_default=False)
    ] = None,
    put_back: Annotated[
        bool, typer.Option("--put-back", help="Photos whose masks were accepted from it go into the queue.")
    ] = False,
    keep: Annotated[
        int | None,
        typer.Option(min=1, help="For prune: so many of the latest stay; else service.keep_models."),
    ] = None,
    json: JsonOption = False,
) -> Reply:
    """List the models with the reason of each decision, serve another one, go back, or remove old ones.

    accepted lists the masks that hold what a model proposed and nobody painted. prune keeps what is or was of
    use: the served model, those before it, the best, and those that masks came from.
    """
    from trainer.project.maintenance.accepted import accepted_masks
    from trainer.project.maintenance.accepted import put_back as put_masks_back
    from trainer.project.maintenance.model_files import is_whole
    from trainer.project.project import Project

    _check(action, model, put_back, directory)
    only_read = action == "list" or (action == "accepted" and not put_back)
    with Project.open(Path(directory), read_only=only_read) as project:
        user = getpass.getuser()
        before = known_model(project, model) if action in ("rollback", "accepted") else None
        if action == "promote":
            project.models.promote(known_model(project, model), why="chosen by hand", by=user)
        elif action == "rollback":
            project.models.rollback(by=user)
        remark = _prune(project, keep) if action == "prune" else []
        masks = accepted_masks(project, before) if before is not None else []
        moved = put_masks_back(project, masks, user) if put_back else []
        known, served = project.models.all(), project.models.served()
        whole = {item.id for item in known if is_whole(item)}
    data, lines = _list(known, served, whole)
    if before is not None:
        accepted, more = _accepted(masks, moved, before, put_back)
        data |= accepted
        lines = more if action == "accepted" else [*lines, *more]
    return Reply(data, [*remark, *lines])


def _check(action: str, model: str | None, put_back: bool, directory: str) -> None:
    from trainer.errors import ProjectError

    if action not in ACTIONS:
        raise ProjectError(
            f"models: no action '{action}'; use list, promote ID, rollback, accepted ID or prune"
        )
    if put_back and action not in ("rollback", "accepted"):
        raise ProjectError("--put-back goes with rollback, or with accepted ID")
    if action == "promote" and model is None:
        raise ProjectError(
            f"models promote: say which model, as skinseg models {directory} promote 0003; without an action "
            "they are listed"
        )


def _prune(project: Project, keep: int | None) -> Lines:
    from trainer.project.maintenance.model_files import prune_models

    kept = keep or project.settings.service.keep_models or len(project.models.all())
    pruned = prune_models(project, kept)
    return [f"removed the files of {len(pruned.ids):,} models, {pruned.bytes / 1e6:.1f} MB"]


def _list(
    known: list[Model], served: Model | None, whole: Collection[str]
) -> tuple[dict[str, object], Lines]:
    serving = served.id if served else None
    data: dict[str, object] = {
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
    return data, [table("model", "", "round", "Dice", "why", rows=rows)] if rows else ["No model yet."]


def _accepted(
    masks: list[AcceptedMask], moved: list[AcceptedMask], model: str, put_back: bool
) -> tuple[dict[str, object], list[str | Table]]:
    """Describe masks that were accepted from a model, and what became of them."""
    data: dict[str, object] = {
        "accepted_from": model,
        "accepted": [
            {"photo": mask.relpath, "annotator": mask.annotator, "saved": mask.saved, "share": mask.accepted}
            for mask in masks
        ],
        "put_back": len(moved),
    }
    if not masks:
        return data, [f"No mask holds what model {escape(model)} proposed."]
    rows = [[mask.relpath, f"{mask.accepted:.0%}", mask.annotator] for mask in masks[:20]]
    title = f"{len(masks):,} masks hold what model {model} proposed and nobody painted"
    end = (
        f"{len(moved):,} are in the queue again; what was painted stays, the masks as they were are kept."
        if put_back
        else f"Back into the queue with: skinseg models DIR accepted {model} --put-back"
    )
    return data, [table("photo", "accepted", "by", rows=rows, title=title), escape(end)]
