"""The forms *Evaluate* and *Predict a folder*; a process of its own does the work, since it needs torch."""

from pathlib import Path
from typing import Annotated, Any

from napari_skinseg.session.job import Job, Outcome
from napari_skinseg.session.status import model_number
from napari_skinseg.widgets.forms.form import Form, Then
from napari_skinseg.widgets.forms.questions import (
    ModelId,
    OneClass,
    ProjectFolder,
    ValuesFile,
    choices,
    folder,
)


def evaluate_model(
    job: Job,
    project: ProjectFolder,
    split: Annotated[
        str,
        choices(
            "compare with",
            "The photos whose masks are compared with. Those kept for the end: look once, when all is done",
            ("photos for comparing models", "val"),
            ("photos kept for the end", "test"),
        ),
    ] = "val",
    model: ModelId = "",
    masks: Annotated[
        Path | None,
        folder("masks", "Optional: compare with the masks in this folder, not with the project's"),
    ] = None,
    ids: ValuesFile = None,
    binary: OneClass = "",
    report: Annotated[
        Path | None,
        {
            "mode": "w",
            "filter": "*.html",
            "label": "report",
            "tooltip": "Optional: write a page with pictures to this HTML file",
        },
    ] = None,
) -> Outcome:
    """Measure a model."""
    words = ["evaluate", str(project), "--split", split]
    answers = {"model": model.strip(), "masks": masks, "ids": ids, "binary": binary.strip(), "report": report}
    for option, value in answers.items():
        if value:
            words += [f"--{option}", str(value)]
    reply = job.command(*words)
    given = reply.get("masks", {})
    level = "warning" if given.get("unmatched") or given.get("passed_over") else "info"
    return Outcome(scores_line(reply), given.get("left_out", []), level)


def predict_photos(
    job: Job,
    project: ProjectFolder,
    photos: Annotated[Path, folder("photos", "A folder of photos; they need not belong to the project")],
    out: Annotated[Path, folder("out", "A folder for the masks; one that is not there is made")],
    model: ModelId = "",
    probabilities: Annotated[
        bool,
        {
            "label": "confidence too",
            "tooltip": "Also a picture of how sure the model is, NAME.confidence.png: white is sure",
        },
    ] = False,
) -> Outcome:
    """Write a mask for each photo."""
    words = ["predict", str(project), str(photos), "--out", str(out)]
    words += ["--model", model.strip()] if model.strip() else []
    reply = job.command(*words, *(["--probabilities"] if probabilities else []))
    failed = [f"failed {item['photo']}: {item['why']}" for item in reply["failed"]]
    written = reply["written"]
    text = f"{written:,} {'mask' if written == 1 else 'masks'} in {out} by model {reply['model']}."
    return Outcome(text, failed, "info" if not failed else "warning" if written else "error")


def evaluate(then: Then | None = None, project: Path | None = None) -> Form:
    """Build the form *Evaluate*."""
    about = "How well a model agrees with your masks, on photos that it did not learn from."
    return _of_served(Form(evaluate_model, "Evaluate", about, then, project=project))


def predict_folder(then: Then | None = None, project: Path | None = None) -> Form:
    """Build the form *Predict a folder*."""
    about = "A mask for each photo of a folder: a PNG whose pixels are the numbers of the classes, from 0."
    return _of_served(Form(predict_photos, "Predict", about, then, project=project))


def scores_line(reply: dict[str, Any]) -> str:
    """Write the reply of `skinseg evaluate` as one line in plain words."""
    low, high = reply["ci95"]["dice9"]
    photos = f"{reply['photos']:,} {'photo' if reply['photos'] == 1 else 'photos'}"
    groups = f"{reply['groups']:,} {'patient or visit' if reply['groups'] == 1 else 'patients or visits'}"
    what = {"val": "for comparing models", "test": "kept for the end"}[reply["split"]]
    line = (
        f"model {model_number(reply['model'])} agrees by {_number(reply['dice9'])} with the masks of "
        f"{photos} {what}, of {groups} (1: in every pixel; most likely {_number(low)} to {_number(high)})"
    )
    return f"{line}. Report: {reply['report']}" if reply.get("report") else line


def _of_served(form: Form) -> Form:
    form.box["model"].native.setPlaceholderText("the one that makes the suggestions")
    return form


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
