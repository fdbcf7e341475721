"""Options of the probe."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from trainer.settings.section import Rate, Section, Share, Weight


class ProbeOptions(Section):
    """Small heads on the features of a frozen network: trained in seconds, useful from a few masks on."""

    automatic: bool = True
    """The background trainer trains one after every saved mask, before the project's own recipe, where the
    weights of a pretrained network are at hand."""

    backbone: Literal[
        "auto", "mobilesam", "mobilenetv2", "efficientnet-lite0", "colorization", "network", "handmade"
    ] = "auto"
    """Where the features come from; auto takes the best whose weights are at hand, network is the encoder of
    the newest network trained and served here, handmade needs none."""

    heads: Annotated[int, Field(ge=1, le=16)] = 4
    """Heads, each with its own view of the photos; where they disagree, the probe has seen too little."""

    width: Annotated[int, Field(ge=4, le=1024)] = 64
    """Hidden units of a head."""

    dropout_heads: Share = 0.3
    """Share of the hidden units left out in a step."""

    photo_side: Annotated[int, Field(ge=32, le=768)] = 384
    """Photos are scaled so that their long side has this many pixels."""

    mirrored: bool = False
    """Learn from mirrored photos as well, whose features take as long again."""

    per_class: Annotated[int, Field(ge=1, le=100_000)] = 300
    """At most this many pixels of a class from one photo."""

    bank: Annotated[int, Field(ge=1_000)] = 200_000
    """At most about this many pixels in all; with more photos each gives fewer."""

    steps_heads: Annotated[int, Field(ge=1)] = 300
    """Steps of a round."""

    pixels: Annotated[int, Field(ge=2)] = 512
    """Pixels in a step."""

    lr_heads: Rate = 2e-3
    """Highest learning rate."""

    decay_heads: Weight = 5e-2
    """Weight decay of AdamW."""

    compared_on: Annotated[int, Field(ge=1)] = 24
    """After a mask, at most this many validation photos decide whether the new probe is served."""

    cache_bytes: Annotated[int, Field(ge=0)] = 2_000_000_000
    """At most this many bytes of features are kept in the project's cache folder; 0 keeps none."""
