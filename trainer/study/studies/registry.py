"""Registry of studies: one small file each, one mapping."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trainer.spelling import named
from trainer.study.studies.adversarial import ADVERSARIAL
from trainer.study.studies.default import DEFAULT
from trainer.study.studies.fpn import FPN
from trainer.study.studies.multitask import MULTITASK
from trainer.study.studies.surrogate import SURROGATE
from trainer.study.studies.unet import UNET

if TYPE_CHECKING:
    from trainer.study.arms import Study

STUDIES: dict[str, Study] = {
    study.name: study for study in (SURROGATE, ADVERSARIAL, UNET, MULTITASK, FPN, DEFAULT)
}

__all__ = ["STUDIES", "find_study"]


def find_study(name: str) -> Study:
    """Find the study of a name.

    Raises
    ------
    ConfigError
        None of that name; the nearest is named.
    """
    return named("study", name, STUDIES)
