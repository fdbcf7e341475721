"""Options of learning from unlabelled photos by consistency."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from trainer.options.section import Section, Share


class ConsistencyOptions(Section):
    """An averaged teacher labels weakly changed photos; the student must say the same of changed ones."""

    threshold: Share = 0.95
    """Only pixels the teacher is this sure of are learnt from."""

    temperature: Annotated[float, Field(gt=0, le=10)] = 1.0
    """Divides the teacher's logits before its certainty is read off."""

    teacher_decay: Annotated[float, Field(ge=0, lt=1)] = 0.99
    """Decay of the teacher's average."""

    cutmix: Share = 0.5
    """How often a rectangle of another photo is pasted in."""

    warmup: Share = 0.25
    """Share of the steps before unlabelled photos join."""
