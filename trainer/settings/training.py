"""Settings of one round of training, whatever its recipe."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from trainer.settings.section import Rate, Section, Share, Weight


class TrainingSettings(Section):
    """One round of training. `auto` means: what suits the device."""

    recipe: str = "skinseg"
    """How suggestions are learnt."""

    init: str = "auto"
    """What a full training starts from: scratch (nothing), colorization, imagenet, mobilesam, or a file;
    auto takes published weights that are at hand, else what 5,000 or more steps of colorization have made,
    else nothing."""

    allow_licence: str = ""
    """A licence that is accepted for the starting weights although it forbids commercial use, as
    cc-by-nc-4.0."""

    arch: str = "deeplabv3plus"
    """Plan of the network by its name."""

    encoder: str = "auto"
    """Part of the network that looks at the photo (the encoder); auto picks one for the machine."""

    long_side: int | Literal["auto", "native"] = "auto"
    """Photos are scaled so that their long side has this many pixels; native leaves them as they are."""

    size: int | Literal["auto"] = "auto"
    """Side of a square piece of a photo that is learnt from, in pixels."""

    fit: Literal["crop", "squash", "pad"] = "crop"
    """What the network sees: pieces (crop), whole photos squashed to a square, or whole photos with a
    margin (pad)."""

    centres: Literal["inside", "uniform"] = "inside"
    """Where pieces lie: inside the photo, or anywhere (uniform), with white around."""

    batch: int | Literal["auto"] = "auto"
    """Pieces of photos that are looked at in one step, at least 2."""

    lr: Rate | Literal["auto"] = "auto"
    """How much the network changes in a step at most (the learning rate): too high and it learns nothing
    lasting."""

    optimizer: Literal["adamw", "adam"] = "adamw"
    """The rule by which the network is changed in a step."""

    beta1: float = Field(default=0.9, ge=0, lt=1)
    """How much of the last steps a step remembers (beta 1 of Adam), 0 to 1; some published methods take
    0.5."""

    weight_decay: Weight = 1e-2
    """How strongly the network is kept simple (weight decay of AdamW); 0: not at all."""

    encoder_lr: Annotated[float, Field(gt=0, le=1)] | Literal["auto"] = "auto"
    """How fast an encoder with given weights learns beside the rest, as a part of it; auto: .2, but 1 with
    colorization weights, which held back do no better than random ones."""

    encoder_slow: Share = 1.0
    """Part of the steps over which an encoder with given weights learns slowly, 0 to 1."""

    bn_batches: int = Field(default=50, ge=0)
    """So many steps are used to fit given weights to the brightness of your photos; 0 leaves them."""

    fast_lr_factor: float = Field(default=0.3, gt=0, le=1)
    """How fast a quick training learns beside a full one, as a part of it, once the model has had as many
    steps as a full one."""

    warmup: Share = 0.1
    """Part of the steps over which the learning rate rises, 0 to 1; after that it falls slowly."""

    dropout: Share = 0.1
    """Part of what the network sees that is left out in a step, so that it learns nothing by heart
    (dropout), 0 to 1."""

    clip: float = Field(default=1.0, gt=0)
    """Largest change that a single step may ask for (norm of the gradient)."""

    steps_fast: int | Literal["auto"] = "auto"
    """Steps of a quick training, which goes on from the model there is."""

    steps_full: int | Literal["auto"] = "auto"
    """Steps of a full training, which begins anew, and of one by command that names none."""

    ema: float = Field(default=0.99, ge=0, lt=1)
    """How slowly the model that makes suggestions follows the one that learns (running average), 0 to 1."""

    dice_weight: float = Field(default=1.0, ge=0)
    """How much the overlap of whole regions counts (Dice) beside single pixels, which count 1."""

    uncertain_weight: float = Field(default=0.5, ge=0)
    """How much pixels of the class uncertain count; others count 1."""

    class_balanced: Share = 0.5
    """Part of the pieces that lie on a class, rare classes more often, 0 to 1; the others lie anywhere in
    a photo."""

    newest_share: Share = 0.5
    """Part of the pieces in a quick training from photos that the model has not learnt from yet, 0 to 1."""

    augment: bool = True
    """Flip, turn, zoom and recolour the pieces, so that more is learnt from few photos."""

    vertical_flip: bool = False
    """Also turn pieces upside down: for photos without an up, such as close-ups."""

    rotate: float = Field(default=20.0, ge=0, le=180)
    """Largest rotation, in degrees."""

    zoom: float = Field(default=1.4, ge=1, le=4)
    """Largest magnification; the smallest is its inverse."""

    shift: Share = 0.0
    """Largest shift to either side, as a part of the piece, 0 to 1."""

    blur: float = Field(default=0.0, ge=0, le=10)
    """Largest blur, in pixels."""

    colour: Share = 0.25
    """How far brightness, contrast and saturation may change, 0 to 1."""

    edges: bool = False
    """Draw suggestions along the edges in the photo; the recipe probe does so unless told otherwise."""

    precision: Literal["auto", "32-true", "bf16-mixed"] = "auto"
    """How exactly is computed: bf16-mixed is quicker, where the graphics card has it, 32-true is exact."""

    threads: int = Field(default=0, ge=0)
    """Cores of the processor that are used; 0 takes all, in the background all but one."""

    seed: int = Field(default=0, ge=0)
    """Number that all chance in a training comes from: the same number, the same training."""

    @field_validator("batch", "long_side", "size", "steps_fast", "steps_full")
    @classmethod
    def _large_enough(cls, value: int | str, info: ValidationInfo) -> int | str:
        smallest = {"batch": 2, "long_side": 32, "size": 32}.get(info.field_name or "", 1)
        if isinstance(value, int) and value < smallest:
            raise ValueError(f"must be {smallest} or more")
        return value
