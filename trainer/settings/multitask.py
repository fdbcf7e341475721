"""Options of the multi-task recipe."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from trainer.settings.section import Section, Share, Weight


class MultiTaskOptions(Section):
    """One network that finds regions, names them and draws their masks; gives boxes beside the mask."""

    literal: bool = False
    """Sizes and augmentation of the source (1024 pixels, padded, ResNet-50), for a graphics card."""

    rpn_loss: Literal["ce", "focal"] = "focal"
    """How proposals are taught: sampled cross-entropy, or the focal loss over all anchors."""

    mask_loss: Literal["bce", "jaccard"] = "jaccard"
    """How masks are taught: binary cross-entropy alone, or with the Jaccard distance."""

    jaccard_delta: Annotated[float, Field(gt=0)] = 100.0
    """Smoothing of the Jaccard distance, in pixels of a region's mask."""

    rho: Weight = 10.0
    """Weight of the box regression of the proposals."""

    tasks: Literal["all", "segmentation", "classification"] = "all"
    """Leave tasks out, to measure what they are worth together: segmentation takes all classes for one, so
    that only skin or not can be measured; classification learns boxes and classes without masks."""

    regions: Literal["auto", "one", "many"] = "auto"
    """One region per photo, or every connected patch of a class; auto: one where there are two classes."""

    rois: Annotated[int, Field(ge=4)] = 32
    """Proposals of each photo that the subnets learn from."""

    positive: Share | Literal["auto"] = "auto"
    """Largest share of these that lies on regions, the others lie on nothing; auto: .5, literal .25."""

    shaken: Annotated[int, Field(ge=0)] | Literal["auto"] = "auto"
    """So many proposals are made of each true box by moving its edges, as a help while the network's own are
    poor; auto: 8, literal none."""

    mask_pool: Literal["auto", 7, 14] = "auto"
    """Side of the features that a mask is made of, which has twice that; auto: 14, literal 7."""
