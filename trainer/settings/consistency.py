"""Options of learning from unlabelled photos by consistency."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from trainer.settings.section import Section, Share, Weight


class ConsistencyOptions(Section):
    """A running average of the network names what a photo shows; it must see that in changed copies too."""

    threshold: Share = 0.95
    """Only pixels that the teacher (a running average of the network) is this sure of are learnt from, 0
    to 1."""

    temperature: Annotated[float, Field(gt=0, le=10)] = 1.0
    """How cautious the teacher is: above 1 it is less sure of what it sees."""

    teacher_decay: Annotated[float, Field(ge=0, lt=1)] = 0.99
    """How slowly the teacher follows the network, 0 to 1."""

    weight: Weight = 1.0
    """How much photos without masks count; those with masks count 1."""

    views: Literal[1, 2] = 1
    """Changed copies of each piece without a mask in a step."""

    cutmix: Share = 0.5
    """How often a rectangle of another photo is pasted in, 0 to 1."""

    jitter: Share = 0.5
    """How far brightness, contrast and saturation of a changed copy go, 0 to 1."""

    gray: Share = 0.2
    """How often a changed copy is gray, 0 to 1."""

    blur: Share = 0.5
    """How often a changed copy is blurred, 0 to 1."""

    warmup: Share = 0.25
    """Part of the steps before photos without masks join, 0 to 1."""

    unlabelled_share: Annotated[float, Field(gt=0, le=4)] = 1.0
    """Pieces of photos without masks for each piece with one."""
