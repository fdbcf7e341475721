"""Commands on the privacy of the people on the photos: purge, access."""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from trainer.cli.reply import JsonOption, ProjectArgument, Reply, listed, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trainer.project.privacy.purge import Purged
    from trainer.project.privacy.traces import Traces
    from trainer.project.project import Project

STAYS = "The photo file itself is not touched; delete it yourself if it has to go"
BACKUPS = (
    "Backups and exports made before still hold it: make a new backup and delete the old ones, and tell "
    "whoever has an export"
)


def register(app: typer.Typer) -> None:
    """Put these commands on the command line."""
    app.command(epilog="Example: skinseg purge study visit2/arm_00.jpg      … --masks --yes")(purge)
    app.command(epilog="Example: skinseg access study --photo arm_00.jpg --since 2026-01-31")(access)


def purge(
    directory: ProjectArgument,
    photos: Annotated[
        list[str], typer.Argument(metavar="PHOTO...", help="Paths, names or numbers.", show_default=False)
    ],
    masks: Annotated[bool, typer.Option("--masks", help="Remove their masks too; else these stay.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would go and what would stay, and change nothing.")
    ] = False,
    json: JsonOption = False,
) -> Reply:
    """Remove a photo and all that was made from it, and prove it; the photo file itself stays."""
    import getpass

    from trainer.errors import ConfigError
    from trainer.project.privacy.purge import find_traces, purge_photo
    from trainer.project.project import Project
    from trainer.service.lock import TrainerLock

    path = Path(directory)
    with Project.open(path, read_only=dry_run) as project:
        found = find_traces(project, photos, masks)
        if dry_run:
            _check_hands(project, found)
            plans = [_plan(project, traces) for traces in found]
            lines = [line for traces in found for line in _plan_lines(project, traces)]
            return Reply({"dry_run": True, "photos": plans}, [*lines, f"{STAYS}."])
        if not yes:
            if json:
                raise ConfigError("purge cannot be undone: look at it with --dry-run, then add --yes")
            names = ", ".join(traces.relpath for traces in found)
            typer.confirm(f"Purge {names}? This cannot be undone", abort=True)
        _check_trainer(project)
        with TrainerLock(project):
            done = [purge_photo(project, traces, getpass.getuser()) for traces in found]
            data = {"dry_run": False, "photos": [_done(project, one) for one in done]}
            shown = [line for one in done for line in _done_lines(project, one)]
    clean = all(one.proof.is_clean for one in done)
    return Reply(data, [*shown, f"{STAYS}.", f"{BACKUPS}."], code=0 if clean else 1)


def access(
    directory: ProjectArgument,
    photo: Annotated[str | None, typer.Option(help="Only this photo: path, name or number.")] = None,
    since: Annotated[
        str | None, typer.Option(help="Only from then on, as 2026-01-31 or 2026-01-31T08:00.")
    ] = None,
    json: JsonOption = False,
) -> Reply:
    """Show who opened or exported which photo, and when, the latest first."""
    from trainer.project.project import Project

    start = None if since is None else _moment(since)
    with Project.open(Path(directory), read_only=True) as project:
        photo_id = None if photo is None else _photo_id(project, photo)
        found = project.access.entries(photo_id, start)
        kept = project.settings.privacy.access_log
    data = {
        "kept": kept,
        "entries": [
            {"time": e.created, "who": e.who, "how": e.how, "id": e.photo_id, "photo": e.relpath}
            for e in found
        ],
    }
    rows = [
        [_when(e.created), escape(e.who), str(e.how), escape(e.relpath or f"purged photo {e.photo_id}")]
        for e in found
    ]
    lines: list[Any] = [table("when", "who", "how", "photo", rows=rows)] if rows else ["Nobody, so far."]
    if not kept:
        lines.append("The log is switched off: privacy.access_log in skinseg.toml.")
    return Reply(data, lines)


def _photo_id(project: Project, name: str) -> int:
    """Find a photo's number; a number counts also where the photo was purged."""
    from trainer.errors import PhotoError

    try:
        return project.photos.find(name).id
    except PhotoError:
        if name.isdecimal():
            return int(name)
        raise


def _moment(text: str) -> float:
    from trainer.errors import ConfigError

    try:
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError, OSError) as error:
        raise ConfigError(
            f"--since {text}: write a day or a time, as 2026-01-31 or 2026-01-31T08:00"
        ) from error


def _check_trainer(project: Project) -> None:
    """Refuse while a trainer runs, on this machine or another: it may have the photo in memory."""
    from trainer.errors import ConflictError
    from trainer.service.process import trainer_liveness

    if trainer_liveness(project) == "running":
        state = project.trainer.state()
        where = "" if state is None else f" on {state.host}"
        raise ConflictError(
            f"the trainer runs{where} and may have the photo in memory; stop it, then purge: "
            f"skinseg trainer {project.path} --stop"
        )


def _check_hands(project: Project, found: Sequence[Traces]) -> None:
    from trainer.errors import ConflictError
    from trainer.project.annotators.holders import holders_of

    names = {traces.photo_id: traces.relpath for traces in found}
    with project.catalog.read() as connection:
        for holder in holders_of(connection, names):
            raise ConflictError(f"{names[holder.photo_id]} is in the hands of {holder.text}")


def _plan(project: Project, traces: Traces) -> dict[str, object]:
    from trainer.project.privacy.purge import learnt_from

    sure, maybe = learnt_from(project, traces)
    return {
        "id": traces.photo_id,
        "photo": traces.relpath,
        "goes": list(traces.doomed),
        "stays": list(traces.kept),
        "models": sure,
        "models_perhaps": maybe,
        "taken_out": [
            {"time": e.created, "who": e.who, "how": e.how}
            for e in project.access.entries(traces.photo_id)
            if e.how != "window"
        ],
    }


def _plan_lines(project: Project, traces: Traces) -> list[str]:
    head = f"{traces.relpath} (photo {traces.photo_id}): its row, its files in the cache and"
    lines = [
        escape(f"{head} {len(traces.doomed)} groups of arrays go"),
        *listed([f"  {n}" for n in traces.doomed]),
    ]
    return [*lines, *_stays(project, traces)]


def _stays(project: Project, traces: Traces) -> list[str]:
    """Say what stays, and what learnt from it or was taken out."""
    plan = _plan(project, traces)
    lines = []
    if traces.kept:
        lines.append(f"  its masks stay in {project.path}, and bear its name (--masks removes them):")
        lines += [f"    {name}" for name in traces.kept]
    for key, words in (
        ("models", "learnt from its mask and still hold what they learnt: train anew and prune them"),
        ("models_perhaps", "may have seen it without a mask: they keep no list of such photos"),
    ):
        names = plan[key]
        if isinstance(names, list) and names:
            lines.append(f"  models that {words}: {', '.join(names[:10])}{_more(names)}")
    taken = plan["taken_out"]
    for line in taken if isinstance(taken, list) else ():
        lines.append(f"  {line['how']} by {line['who']}, {_when(line['time'])}")
    return [escape(line) for line in lines]


def _more(names: list[str]) -> str:
    return f" and {len(names) - 10} more" if len(names) > 10 else ""


def _done(project: Project, done: Purged) -> dict[str, object]:
    return {
        **_plan(project, done.traces),
        "removed": done.removed,
        "unsure": list(done.unsure),
        "proof": done.proof.to_json(),
    }


def _done_lines(project: Project, done: Purged) -> list[str]:
    traces, proof = done.traces, done.proof
    removed = ", ".join(f"{count} × {name}" for name, count in done.removed.items()) or "nothing was left"
    lines = [
        escape(f"{traces.relpath} (photo {traces.photo_id}) is purged: {removed}"),
        *_stays(project, traces),
    ]
    places = ", ".join(f"{place.place} ({place.looked_at:,})" for place in proof.looked)
    lines.append(f"  looked at: {escape(places)}")
    if proof.is_clean:
        lines.append("  nothing of it remains there")
    else:
        lines += ["  still there; remove it by hand, or purge the photo's number again:"]
        lines += listed([f"    {item}" for item in proof.remains])
    if proof.pictures:
        lines += ["  pictures in the project that may show it; look at them:"]
        lines += listed([f"    {name}" for name in proof.pictures])
    return [*lines, *(escape(f"  {line}") for line in done.unsure)]


def _when(moment: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(moment))
