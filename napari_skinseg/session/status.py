"""What the project says about itself, and the sentence for the state the window is in."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trainer.service.process import trainer_liveness

if TYPE_CHECKING:
    from napari_skinseg.session.photo_info import OpenPhoto
    from trainer.project.project import Project


@dataclass(frozen=True)
class Facts:
    """Counts that the sentences need, read in a thread."""

    photos: int = 0
    labelled: int = 0
    labelled_for_training: int = 0
    first_model_after: int = 0
    served: str | None = None
    broken: int = 0
    skipped: int = 0
    trainer_runs: bool = True
    queue_is_empty: bool = False


def read_facts(project: Project) -> Facts:
    """Read the facts from the catalog."""
    counts, served = project.photos.counts(), project.models.served()
    return Facts(
        photos=counts.photos,
        labelled=counts.labelled,
        labelled_for_training=counts.by_split.get("train", (0, 0))[1],
        first_model_after=project.settings.queue.first_model_after,
        served=served.id if served else None,
        broken=counts.broken,
        skipped=counts.skipped,
        trainer_runs=trainer_liveness(project) == "running",
    )


def sentence(current: OpenPhoto | None, facts: Facts, opening: bool, read_only: str) -> str:
    """Say in one sentence what state the window is in, and what helps.

    `opening` means that a photo is on its way; `read_only` is the reason why nothing can be saved, or empty.
    """
    if current is not None:
        words = suggestion_words(current, facts)
        return f"{words}; read-only: nothing can be saved" if read_only else words
    if opening:
        return "opening the photo …"
    if read_only:
        return f"read-only: {read_only}; photos can be opened from the queue and looked at"
    if facts.queue_is_empty:
        if facts.photos == 0:
            return "no photos yet: add a folder of photos"
        return f"no photo is left for you: {left_words(facts)}"
    return "no photo is open: press Space for the next one"


def left_words(facts: Facts) -> str:
    """Say why photos are left that nobody is given, or what else there is to do."""
    broken = f"{facts.broken:,} cannot be read (skinseg doctor says why)" if facts.broken else ""
    come = "comes" if facts.skipped == 1 else "come"
    skipped = f"{facts.skipped:,} skipped {come} back in your next session" if facts.skipped else ""
    return ", ".join(filter(None, (broken, skipped))) or "review what is done, or add photos"


def suggestion_words(current: OpenPhoto, facts: Facts) -> str:
    """Say where the suggestion on the photo comes from, or why there is none."""
    if current.finished and current.revision is not None:
        return saved_words(current)
    if current.blind:
        return "shown without suggestions, to measure the model fairly"
    if current.model_id is not None:
        return f"suggestions by model {plain(current.model_id)}"
    if facts.served is not None:
        if not facts.trainer_runs:
            return "the trainer is not running: Start it below to get suggestions; you can begin without it"
        return f"model {plain(facts.served)} has been asked for a suggestion; you can begin without it"
    starting = "" if facts.trainer_runs else "; the trainer is not running: press Start"
    missing = facts.first_model_after - facts.labelled_for_training
    if missing > 0:
        photos = "photo" if facts.first_model_after == 1 else "photos"
        return f"no suggestions yet: the first model comes after {facts.first_model_after} {photos}{starting}"
    if starting:
        return f"no suggestions yet{starting}"
    return "no suggestions yet: the first model is being trained"


def saved_words(current: OpenPhoto) -> str:
    """Say who saved the photo, and which model was the first to learn from it."""
    assert current.revision is not None
    saved = f"saved by {current.revision.annotator}, {moment(current.revision.created)}"
    if current.photo.split != "train":
        return f"{saved}; models are compared on it, none learns from it"
    if current.first_trained is None:
        return f"{saved}; no model has learnt from it yet"
    model_id, when = current.first_trained
    return f"{saved}; model {plain(model_id)} was the first to learn from it, {moment(when)}"


def moment(seconds: float) -> str:
    """Write a time of today as 14:02, another as 3 Nov 14:02."""
    then, now = time.localtime(seconds), time.localtime()
    words = time.strftime("%H:%M", then)
    same_day = then[:3] == now[:3]
    return words if same_day else f"{then.tm_mday} {time.strftime('%b', then)} {words}"


def plain(model_id: str) -> str:
    """Write a model's id as a person says it: "0014" is 14."""
    return str(int(model_id)) if model_id.isdigit() else model_id
