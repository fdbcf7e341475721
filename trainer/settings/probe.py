"""Options of the probe."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from trainer.settings.section import Rate, Section, Share, Weight


class ProbeOptions(Section):
    """Small heads on the features of a frozen network: trained in seconds, useful from a few masks on."""

    automatic: bool = True
    """A quick model is made after every saved mask, before the slow one, where published weights are at
    hand."""

    backbone: Literal[
        "auto", "mobilesam", "mobilenetv2", "efficientnet-lite0", "colorization", "network", "handmade"
    ] = "auto"
    """The ready network that looks at photos for it; auto takes the best whose weights are at hand,
    network is that of the newest model trained here, handmade needs none."""

    heads: Annotated[int, Field(ge=1, le=16)] = 4
    """So many small networks learn side by side; where they disagree, they have seen too little."""

    width: Annotated[int, Field(ge=4, le=1024)] = 64
    """Size of each of them (hidden units)."""

    dropout_heads: Share = 0.3
    """Part of each that is left out in a step, so that it learns nothing by heart, 0 to 1."""

    photo_side: Annotated[int, Field(ge=32, le=768)] = 384
    """Photos are scaled so that their long side has this many pixels."""

    mirrored: bool = False
    """Learn from mirrored photos as well, whose features take as long again."""

    per_class: Annotated[int, Field(ge=1, le=100_000)] = 300
    """At most this many pixels of a class from one photo."""

    bank: Annotated[int, Field(ge=1_000)] = 200_000
    """So many pixels are learnt from at most; with more photos each gives fewer."""

    steps_heads: Annotated[int, Field(ge=1)] = 300
    """Steps of a training."""

    pixels: Annotated[int, Field(ge=2)] = 512
    """Pixels that are looked at in a step."""

    lr_heads: Rate = 2e-3
    """How much the networks change in a step at most (the learning rate)."""

    decay_heads: Weight = 5e-2
    """How strongly they are kept simple (weight decay of AdamW); 0: not at all."""

    compared_on: Annotated[int, Field(ge=1)] = 24
    """After a mask, at most this many photos decide whether the new model makes the suggestions."""

    cache_bytes: Annotated[int, Field(ge=0)] = 2_000_000_000
    """At most so many bytes of what the ready network has seen are kept in the project; 0 keeps none."""
