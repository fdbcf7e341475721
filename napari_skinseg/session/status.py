"""Project status: counts of the catalog, and the sentence for the state of the window."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trainer.project.queue.slots import missing_validation
from trainer.service.process import trainer_liveness

if TYPE_CHECKING:
    from napari_skinseg.session.photo_info import PhotoInfo
    from trainer.project.project import Project


FIRST_STEPS = ". Press a class's key, paint it, D for the rest, Space saves; ? shows all keys"
"""What to do on the first photo of a new project."""


@dataclass(frozen=True)
class ProjectStatus:
    """Counts for the sentences and docks."""

    photos: int = 0
    labelled: int = 0
    towards_first: int = 0
    first_model_after: int = 0
    served: str | None = None
    broken: int = 0
    skipped: int = 0
    flagged: int = 0
    parts: int = 0
    trainer_runs: bool = True
    queue_is_empty: bool = False
    filtered: str = ""
    """What the queue is filtered for, in words."""
    validation_missing: int = 0
    """Validation photos that must be labelled before models can be compared."""


def read_project_status(project: Project) -> ProjectStatus:
    """Read the counts from the catalog."""
    counts, served = project.photos.counts(), project.models.served()
    return ProjectStatus(
        photos=counts.photos,
        labelled=counts.done,
        towards_first=counts.towards_first,
        first_model_after=project.settings.queue.first_model_after,
        served=served.id if served else None,
        broken=counts.broken,
        skipped=counts.skipped,
        flagged=counts.flagged,
        parts=counts.parts,
        trainer_runs=trainer_liveness(project) == "running",
        validation_missing=missing_validation(counts.by_split, project.settings.gate.min_photos),
    )


def sentence(current: PhotoInfo | None, status: ProjectStatus, opening: bool, read_only: str) -> str:
    """Describe the state of the window in one sentence, with the next step.

    `opening` means that a photo is on its way; `read_only` is the reason why nothing can be saved, or empty.
    """
    if current is not None:
        words = suggestion_words(current, status)
        return f"{words}; read-only: nothing can be saved" if read_only else words
    if opening:
        return "opening the photo …"
    if read_only:
        return f"read-only: {read_only}; photos can be opened from the queue and looked at"
    if status.queue_is_empty:
        if status.photos == 0:
            return "no photos yet: add a folder of photos"
        if status.filtered:
            return "no more photo fits the filter: clear it for the others"
        return f"no photo is left for you: {left_words(status)}"
    return "no photo is open: press Space for the next one"


def missing_words(missing: int) -> str:
    """Say how many validation photos are missing until models can be compared; empty: none."""
    photos = "photo" if missing == 1 else "photos"
    return f"{missing} more {photos} needed to compare models" if missing else ""


def left_words(status: ProjectStatus) -> str:
    """Give the reason why photos remain that the queue does not offer, or another thing to do."""
    broken = f"{status.broken:,} cannot be read (skinseg doctor says why)" if status.broken else ""
    come = "comes" if status.skipped == 1 else "come"
    skipped = f"{status.skipped:,} skipped {come} back in your next session" if status.skipped else ""
    aside = ((status.flagged, "flagged"), (status.parts, "begun"))
    named = " and ".join(f"{count:,} {what}" for count, what in aside if count)
    review = f"{named}: Review opens them" if named else ""
    return ", ".join(filter(None, (broken, skipped, review))) or "review what is done, or add photos"


def suggestion_words(current: PhotoInfo, status: ProjectStatus) -> str:
    """Name the model of the suggestion, or the reason why there is none."""
    if current.finished and current.revision is not None:
        return saved_words(current)
    if current.blind:
        return "shown without suggestions, to measure the model fairly"
    if current.model_id is not None:
        return f"suggestions by model {model_number(current.model_id)}"
    if status.served is not None:
        if not status.trainer_runs:
            return "the trainer is not running: Start it below to get suggestions; you can begin without it"
        return (
            f"model {model_number(status.served)} has been asked for a suggestion; you can begin without it"
        )
    starting = "" if status.trainer_runs else "; the trainer is not running: press Start"
    missing = status.first_model_after - status.towards_first
    if missing > 0:
        photos = "photo" if status.first_model_after == 1 else "photos"
        first = FIRST_STEPS if not (status.labelled or status.parts) else ""
        after = f"the first model comes after {status.first_model_after} {photos}"
        return f"no suggestions yet: {after}{first}{starting}"
    if starting:
        return f"no suggestions yet{starting}"
    return "no suggestions yet: the first model is being trained"


def saved_words(current: PhotoInfo) -> str:
    """Name the annotator who saved the photo, and the first model that learnt from it."""
    assert current.revision is not None
    saved = f"saved by {current.revision.annotator}, {moment(current.revision.created)}"
    if current.photo.split != "train":
        return f"{saved}; models are compared on it, none learns from it"
    if current.first_trained is None:
        return f"{saved}; no model has learnt from it yet"
    model_id, when = current.first_trained
    return f"{saved}; model {model_number(model_id)} was the first to learn from it, {moment(when)}"


def moment(seconds: float) -> str:
    """Write a time of today as 14:02, another as 3 Nov 14:02."""
    then, now = time.localtime(seconds), time.localtime()
    words = time.strftime("%H:%M", then)
    same_day = then[:3] == now[:3]
    return words if same_day else f"{then.tm_mday} {time.strftime('%b', then)} {words}"


def model_number(model_id: str) -> str:
    """Return a model's id without leading zeros: "0014" is 14."""
    return str(int(model_id)) if model_id.isdigit() else model_id
