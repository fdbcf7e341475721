"""Options of the multi-task recipe."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from trainer.settings.section import Section, Share, Weight


class MultiTaskOptions(Section):
    """One network that finds regions, names them and draws their masks; gives boxes beside the mask."""

    literal: bool = False
    """Exactly as published (1024 pixels, with a margin, ResNet-50), for a graphics card."""

    rpn_loss: Literal["ce", "focal"] = "focal"
    """How finding regions is taught: by a sample of pixels (ce, cross-entropy), or by all, hard ones more
    (focal)."""

    mask_loss: Literal["bce", "jaccard"] = "jaccard"
    """How masks are taught: by pixels alone (bce, cross-entropy), or by overlap as well (jaccard)."""

    jaccard_delta: Annotated[float, Field(gt=0)] = 100.0
    """How forgiving the overlap is with small regions, in pixels."""

    rho: Weight = 10.0
    """How much the exact place of a box counts."""

    tasks: Literal["all", "segmentation", "classification"] = "all"
    """Leave tasks out, to measure what they are worth together: segmentation takes all classes for one, so
    that only skin or not can be measured; classification learns boxes and classes without masks."""

    regions: Literal["auto", "one", "many"] = "auto"
    """One region per photo, or every connected patch of a class; auto: one where there are two classes."""

    rois: Annotated[int, Field(ge=4)] = 32
    """Places in each photo that are learnt from."""

    positive: Share | Literal["auto"] = "auto"
    """Largest part of these places that lies on regions, the others lie on nothing; auto: .5, literal .25."""

    shaken: Annotated[int, Field(ge=0)] | Literal["auto"] = "auto"
    """So many places are made of each true box by moving its edges, as a help at the start; auto: 8,
    literal none."""

    mask_pool: Literal["auto", 7, 14] = "auto"
    """Side of the square that a mask is made of, which has twice that; auto: 14, literal 7."""
