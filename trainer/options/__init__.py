"""Options of each recipe: sections of `skinseg.toml`, forms in the window. Nothing here imports torch."""

from __future__ import annotations

from trainer.options.adversarial import AdversarialOptions, AdversarialTerms
from trainer.options.colorization import ColorizationOptions
from trainer.options.consistency import ConsistencyOptions
from trainer.options.fpn import FPNOptions
from trainer.options.multitask import MultiTaskOptions
from trainer.options.section import Section
from trainer.options.skinseg import SkinSegOptions
from trainer.options.surrogate import SurrogateOptions
from trainer.options.unet import UNetOptions

RECIPE_OPTIONS: dict[str, type[Section]] = {
    "skinseg": SkinSegOptions,
    "consistency": ConsistencyOptions,
    "surrogate": SurrogateOptions,
    "colorization": ColorizationOptions,
    "adversarial": AdversarialOptions,
    "unet": UNetOptions,
    "multitask": MultiTaskOptions,
    "fpn": FPNOptions,
}
"""Section of each recipe that has options; the class docstring says in one line what the recipe does."""

RECIPE_WORDS: dict[str, str] = {
    **{name: (section.__doc__ or "").strip() for name, section in RECIPE_OPTIONS.items()},
    "supervised": "Cross-entropy and Dice on labelled photos alone: what the others are measured against.",
}
"""What each recipe does, in a sentence."""

__all__ = ["RECIPE_OPTIONS", "RECIPE_WORDS", "AdversarialTerms", "Section"]
