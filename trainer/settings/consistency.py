"""Options of learning from unlabelled photos by consistency."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from trainer.settings.section import Section, Share, Weight


class ConsistencyOptions(Section):
    """An averaged teacher labels weakly changed photos; the student must say the same of changed ones."""

    threshold: Share = 0.95
    """Only pixels the teacher is this sure of are learnt from."""

    temperature: Annotated[float, Field(gt=0, le=10)] = 1.0
    """Divides the teacher's logits before its certainty is read off."""

    teacher_decay: Annotated[float, Field(ge=0, lt=1)] = 0.99
    """Decay of the teacher's average."""

    weight: Weight = 1.0
    """Weight of the unlabelled photos against the labelled ones; at 1 they have half of the loss each."""

    views: Literal[1, 2] = 1
    """Strongly changed views of each unlabelled crop in a step."""

    cutmix: Share = 0.5
    """How often a rectangle of another photo is pasted in."""

    jitter: Share = 0.5
    """How far brightness, contrast and saturation of a strong view change."""

    gray: Share = 0.2
    """How often a strong view is gray."""

    blur: Share = 0.5
    """How often a strong view is blurred."""

    warmup: Share = 0.25
    """Share of the steps before unlabelled photos join."""

    unlabelled_share: Annotated[float, Field(gt=0, le=4)] = 1.0
    """Unlabelled crops per labelled one in a step."""
