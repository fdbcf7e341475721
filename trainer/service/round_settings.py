"""Settings of the next round, read when it begins."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, TypedDict

from trainer.errors import SkinsegError
from trainer.settings.toml_file import load_settings

if TYPE_CHECKING:
    from trainer.project.project import Project
    from trainer.settings.model import Settings


class RoundChoices(TypedDict, total=False):
    """Choices for one round that take the place of the settings."""

    recipe: str | None
    init: str | None
    steps: int | None
    labels_fraction: float | None


log = logging.getLogger(__name__)


def settings_for_round(project: Project) -> Settings:
    """Read the project's settings file, so that an edit counts from the next round on.

    A file that cannot be read leaves the settings with which the project was opened. The seed grows with each
    round: the next one on the same labels must not draw the same crops.
    """
    try:
        settings = load_settings(project.path / "skinseg.toml")
    except SkinsegError as error:
        log.warning("%s; going on with the settings from the start", error)
        settings = project.settings
    seed = settings.training.seed + len(project.trainer.rounds())
    return settings.model_copy(update={"training": settings.training.model_copy(update={"seed": seed})})
