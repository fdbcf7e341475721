"""The forms *New project* and *Add photos*."""

from pathlib import Path
from typing import Annotated

from napari_skinseg.session.job import Job, Outcome
from napari_skinseg.widgets.forms.form import Form, Then
from napari_skinseg.widgets.forms.questions import (
    GroupsFile,
    MasksFolder,
    OneClass,
    ProjectFolder,
    ValuesFile,
    folder,
)
from trainer.labels.classes import CLASS_SETS
from trainer.project.intake import Intake, add_photos, create_project

FROM_FILE = "from a file …"
PhotosFolder = Annotated[Path, folder("photos", "The folder with the photos; they stay where they are")]


def make_project(
    job: Job,
    name: Annotated[str, {"label": "name", "tooltip": "The project becomes a new folder of this name"}],
    place: Annotated[Path, folder("in folder", "Where the project's folder is made")],
    photos: PhotosFolder,
    classes: Annotated[
        str,
        {
            "choices": [*CLASS_SETS, FROM_FILE],
            "label": "classes",
            "tooltip": "What there is to tell apart; it stays as it is once the project is made",
        },
    ] = "skin9",
    class_file: Annotated[
        Path | None,
        {
            "label": "classes file",
            "filter": "*.toml *.json",
            "tooltip": "A TOML or JSON file with name, names and colours of the classes",
        },
    ] = None,
    groups: GroupsFile = None,
    masks: MasksFolder = None,
    ids: ValuesFile = None,
    binary: OneClass = "",
) -> Outcome:
    """Make a project of a folder of photos, with the masks there are already."""
    if classes == FROM_FILE and class_file is None:
        return Outcome("classes file: choose one, or take one of the class sets by name", level="error")
    made = create_project(
        place / name.strip(),
        photos,
        str(class_file) if classes == FROM_FILE else classes,
        groups=None if groups is None else str(groups),
        masks=masks,
        progress=job.counter("photos and masks"),
        ids=ids,
        binary=binary.strip() or None,
    )
    return _outcome(made)


def take_photos(job: Job, project: ProjectFolder, photos: PhotosFolder, groups: GroupsFile = None) -> Outcome:
    """Register more photos."""
    named = None if groups is None else str(groups)
    return _outcome(add_photos(project, photos, named, job.counter("photos")))


def new_project(then: Then | None = None, place: Path | None = None) -> Form:
    """Build the form *New project*, which makes it in `place`, by default in the home folder."""
    form = Form(
        make_project,
        "Make the project",
        "A project keeps masks and models. Your photos stay where they are.",
        then,
        closes=True,
        place=place or Path.home(),
    )
    classes, file = form.question("classes"), form.question("class_file")
    form.box["name"].native.setPlaceholderText("a new name")

    def show_file() -> None:
        file.visible = classes.value == FROM_FILE

    classes.changed.connect(show_file)
    file.visible = False
    return form


def more_photos(then: Then | None = None, project: Path | None = None) -> Form:
    """Build the form *Add photos*."""
    about = "Photos that the project knows already are left as they are; none is opened."
    return Form(take_photos, "Add the photos", about, then, project=project)


def _outcome(intake: Intake) -> Outcome:
    level = "warning" if intake.details else "info"
    return Outcome(intake.text, intake.details, level, intake.project, intake.summary)
