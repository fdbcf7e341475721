"""Command on the saved masks of one photo: history."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from trainer.cli.reply import JsonOption, ProjectArgument, Reply, table


def register(app: typer.Typer) -> None:
    """Put this command on the command line."""
    app.command(epilog="Example: skinseg history study arm_00.jpg      … --revert 3f2a")(history)


def history(
    directory: ProjectArgument,
    photo: Annotated[str, typer.Argument(help="Its path or name.", show_default=False)],
    revert: Annotated[
        str | None,
        typer.Option(metavar="REVISION", help="Make this mask the current one again; its first letters do."),
    ] = None,
    json: JsonOption = False,
) -> Reply:
    """List every mask that was saved of a photo, the latest first, or go back to one."""
    import getpass

    from trainer.errors import MaskError
    from trainer.project.project import Project

    with Project.open(Path(directory), read_only=revert is None) as project:
        known = project.photos.find(photo)
        if revert is not None:
            ids = [r.id for r in project.masks.history(known.id)]
            found = [revert] if revert in ids else [i for i in ids if i.startswith(revert)]
            if len(found) != 1:
                several = "more than one mask" if found else "no mask"
                raise MaskError(
                    f"{known.relpath}: {several} is called {revert}; see skinseg history {directory} {photo}"
                )
            project.masks.revert(known.id, found[0], getpass.getuser())
        head = project.masks.head(known.id)
        revisions = project.masks.history(known.id)
    current = None if head is None else head.id
    data = {
        "photo": known.relpath,
        "current": current,
        "revisions": [
            {
                "id": r.id,
                "current": r.id == current,
                "created": r.created,
                "annotator": r.annotator,
                "kind": r.kind,
                "model": r.model_id,
                "parent": r.parent_id,
            }
            for r in revisions
        ],
    }
    rows = [
        [
            r.id,
            "current" if r.id == current else "",
            time.strftime("%Y-%m-%d %H:%M", time.localtime(r.created)),
            r.annotator,
            r.kind,
        ]
        for r in revisions
    ]
    heads = ("mask", "", "saved", "by", "as")
    return Reply(data, [table(*heads, rows=rows)] if rows else [f"{known.relpath} has no mask yet."])
