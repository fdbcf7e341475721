"""Settings of one round of training, whatever its recipe."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from trainer.settings.section import Rate, Section, Share, Weight


class TrainingSettings(Section):
    """One round of training. `auto` means: what suits the device."""

    recipe: str = "skinseg"
    """The method: a file in trainer/recipes."""

    init: str = "auto"
    """Starting weights of a full round: scratch, colorization, imagenet, mobilesam, or a path; auto takes
    published ones that are at hand, else colorization's of 5,000 steps on, else none."""

    allow_licence: str = ""
    """A licence of starting weights to accept although it forbids commercial use, as cc-by-nc-4.0."""

    arch: str = "deeplabv3plus"
    """Network architecture."""

    encoder: str = "auto"
    """Encoder of the network; auto picks one for the device."""

    long_side: int | Literal["auto", "native"] = "auto"
    """Photos are scaled so that their long side has this many pixels; native leaves them as they are."""

    size: int | Literal["auto"] = "auto"
    """Side of a training crop, in pixels."""

    fit: Literal["crop", "squash", "pad"] = "crop"
    """What the network sees: crops, whole photos squashed to a square, or whole photos padded to one."""

    centres: Literal["inside", "uniform"] = "inside"
    """Where crops lie: inside the photo, or with their centre anywhere in it and white around."""

    batch: int | Literal["auto"] = "auto"
    """Crops per step, at least 2."""

    lr: Rate | Literal["auto"] = "auto"
    """Highest learning rate of a round that starts anew."""

    optimizer: Literal["adamw", "adam"] = "adamw"
    """How gradients become steps."""

    beta1: float = Field(default=0.9, ge=0, lt=1)
    """Share of the last gradients kept in the running mean; the sources of several recipes take 0.5."""

    weight_decay: Weight = 1e-2
    """Weight decay of AdamW."""

    encoder_lr: Annotated[float, Field(gt=0, le=1)] | Literal["auto"] = "auto"
    """Learning rate of an encoder with given weights, as a share of `lr`, while it is held back; auto: .2,
    but 1 with colorization weights, which held back do no better than random ones."""

    encoder_slow: Share = 1.0
    """Share of the steps over which an encoder with given weights is held back."""

    bn_batches: int = Field(default=50, ge=0)
    """Batches from which the batch-norm statistics of given weights are estimated anew; 0 leaves them."""

    fast_lr_factor: float = Field(default=0.3, gt=0, le=1)
    """Learning rate of a fast round as a share of `lr`, once a model has had the steps of a full round."""

    warmup: Share = 0.1
    """Share of the steps over which the learning rate rises; after that it falls along a cosine."""

    dropout: Share = 0.1
    """Dropout before the decoder; 0.5, as in the paper, is for trainings of many thousand steps."""

    clip: float = Field(default=1.0, gt=0)
    """Largest norm of the gradient."""

    steps_fast: int | Literal["auto"] = "auto"
    """Steps of a fast round."""

    steps_full: int | Literal["auto"] = "auto"
    """Steps of a full round, and of a batch run that names none."""

    ema: float = Field(default=0.99, ge=0, lt=1)
    """Decay of the averaged weights, which are the ones evaluated and served."""

    dice_weight: float = Field(default=1.0, ge=0)
    """Weight of the Dice loss beside the cross-entropy."""

    uncertain_weight: float = Field(default=0.5, ge=0)
    """Weight of the class uncertain in the cross-entropy."""

    class_balanced: Share = 0.5
    """Share of the crops centred on a class drawn by rarity; the others lie anywhere inside a photo."""

    newest_share: Share = 0.5
    """Share of a fast round's crops from photos the served model has not learnt from."""

    augment: bool = True
    """Flip, rotate, zoom and recolour the crops."""

    vertical_flip: bool = False
    """Also turn crops upside down: for photos without an up, such as close-ups."""

    rotate: float = Field(default=20.0, ge=0, le=180)
    """Largest rotation, in degrees."""

    zoom: float = Field(default=1.4, ge=1, le=4)
    """Largest magnification; the smallest is its inverse."""

    shift: Share = 0.0
    """Largest shift to either side, as a share of the crop."""

    blur: float = Field(default=0.0, ge=0, le=10)
    """Largest blur, as the standard deviation of a Gaussian in pixels."""

    colour: Share = 0.25
    """How far brightness, contrast and saturation may change."""

    edges: bool = False
    """Refine predictions along the photo's edges; the recipe probe does so unless told otherwise."""

    precision: Literal["auto", "32-true", "bf16-mixed"] = "auto"
    """Arithmetic: bf16-mixed where the graphics card has it, else 32-true."""

    threads: int = Field(default=0, ge=0)
    """CPU threads; 0 takes all, in the background all but one."""

    seed: int = Field(default=0, ge=0)
    """Seed of a round."""

    @field_validator("batch", "long_side", "size", "steps_fast", "steps_full")
    @classmethod
    def _large_enough(cls, value: int | str, info: ValidationInfo) -> int | str:
        smallest = {"batch": 2, "long_side": 32, "size": 32}.get(info.field_name or "", 1)
        if isinstance(value, int) and value < smallest:
            raise ValueError(f"must be {smallest} or more")
        return value
