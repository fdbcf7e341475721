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

__all__ = ["RECIPE_OPTIONS", "AdversarialTerms", "Section"]
