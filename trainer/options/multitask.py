"""Options of the multi-task recipe."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from trainer.options.section import Section, Weight


class MultiTaskOptions(Section):
    """One network that finds regions, names them and draws their masks; gives boxes beside the mask."""

    literal: bool = False
    """Sizes and augmentation of the source (1024 pixels, zero padded), for a graphics card."""

    rpn_loss: Literal["ce", "focal"] = "focal"
    """How proposals are taught: sampled cross-entropy, or the focal loss over all anchors."""

    mask_loss: Literal["bce", "jaccard"] = "jaccard"
    """How masks are taught: binary cross-entropy alone, or with the Jaccard distance."""

    jaccard_delta: Annotated[float, Field(gt=0)] = 100.0
    """Smoothing of the Jaccard distance."""

    rho: Weight = 10.0
    """Weight of the box regression of the proposals."""

    tasks: Literal["all", "segmentation", "classification"] = "all"
    """Leave tasks out, to measure what they are worth together."""
