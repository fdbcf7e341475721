"""Entry point of `skinseg`: exit status, one-line errors, JSON.

Exit status: 0 done, 2 bad use or bad input (one line on stderr says what and how to mend it), 1 failed,
130 interrupted. With `--json`, stdout carries exactly one JSON object, `{"error": ...}` where it went wrong.

Nothing heavy is imported before the command that needs it: `skinseg --help` and `skinseg status` stay quick.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import nullcontext, redirect_stdout
from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.markup import escape

from trainer.cli import (
    choose,
    files,
    history,
    learn,
    models,
    predict,
    pretrain,
    privacy,
    rank,
    review,
    run,
    simulate,
    study,
    weights,
)
from trainer.cli.reply import Reply, printable

if TYPE_CHECKING:
    from collections.abc import Sequence

DONE, FAILED, BAD_USE, INTERRUPTED = 0, 1, 2, 130

app = typer.Typer(
    name="skinseg",
    help="Annotate skin photos in napari while a model learns from every mask you save.",
    epilog="Start with: skinseg demo",
    add_completion=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
for commands in (
    run,
    files,
    pretrain,
    learn,
    predict,
    models,
    rank,
    weights,
    study,
    simulate,
    choose,
    history,
    privacy,
    review,
):
    commands.register(app)


GOES_ON = "interrupted; what was saved is kept, and the same command goes on from there"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    as_json = "--json" in words
    try:
        # A library's stray print must not end up in the JSON.
        with redirect_stdout(sys.stderr) if as_json else nullcontext():
            outcome = app(words or ["--help"], prog_name="skinseg", standalone_mode=False)
    except (KeyboardInterrupt, typer.Abort):
        return _complain(GOES_ON, INTERRUPTED, as_json)
    except Exception as error:
        return _complain(*_explain(error, words), as_json=as_json)
    if outcome == INTERRUPTED:  # typer makes this of Ctrl-C, silently
        return _complain(GOES_ON, INTERRUPTED, as_json)
    if isinstance(outcome, Reply):
        _print(outcome, as_json)
        return outcome.code
    return outcome if isinstance(outcome, int) else DONE


def _explain(error: Exception, words: Sequence[str]) -> tuple[str, int]:
    """Explain an exception in one line, and choose the exit status."""
    from trainer.errors import SkinsegError

    if isinstance(error, SkinsegError):
        return str(error), BAD_USE
    usage = getattr(error, "format_message", None)  # click's and typer's own errors about the command line
    if usage is not None:
        known = {c.name or getattr(c.callback, "__name__", "") for c in app.registered_commands}
        command = next((f"{word} " for word in words if word in known), "")
        said = usage()
        stop = "" if said[-1:] in ".?!" else "."
        return f"{said}{stop} See: skinseg {command}--help", BAD_USE
    if os.environ.get("SKINSEG_DEBUG"):
        raise error
    line = " ".join(str(error).split()) or "no further word"
    return f"failed: {type(error).__name__}: {line} (SKINSEG_DEBUG=1 shows where)", FAILED


def _complain(message: str, code: int = FAILED, as_json: bool = False) -> int:
    if as_json:
        print(json.dumps({"error": message}))
    line = escape(printable(message))
    Console(stderr=True).print(f"[red]skinseg:[/red] {line}", highlight=False, soft_wrap=True)
    return code


def _print(reply: Reply, as_json: bool) -> None:
    try:
        if as_json:
            print(reply.to_json(), flush=True)
        else:
            reply.show(Console())
    except BrokenPipeError:  # `skinseg ... | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main())
