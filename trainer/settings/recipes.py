"""Options of each recipe: sections of `skinseg.toml`, forms in the window. Nothing here imports torch."""

from __future__ import annotations

from trainer.settings.adversarial import AdversarialOptions, AdversarialTerms
from trainer.settings.colorization import ColorizationOptions
from trainer.settings.consistency import ConsistencyOptions
from trainer.settings.fpn import FPNOptions
from trainer.settings.multitask import MultiTaskOptions
from trainer.settings.probe import ProbeOptions
from trainer.settings.section import Section
from trainer.settings.skinseg import SkinSegOptions
from trainer.settings.surrogate import SurrogateOptions
from trainer.settings.unet import UNetOptions

RECIPE_OPTIONS: dict[str, type[Section]] = {
    "skinseg": SkinSegOptions,
    "consistency": ConsistencyOptions,
    "surrogate": SurrogateOptions,
    "colorization": ColorizationOptions,
    "adversarial": AdversarialOptions,
    "unet": UNetOptions,
    "multitask": MultiTaskOptions,
    "fpn": FPNOptions,
    "probe": ProbeOptions,
}
"""Section of each recipe that has options; the class docstring says in one line what the recipe does."""

RECIPE_WORDS: dict[str, str] = {
    **{name: (section.__doc__ or "").strip() for name, section in RECIPE_OPTIONS.items()},
    "supervised": "Pixels and overlap on photos with masks alone: what the others are measured against.",
}
"""Description of each recipe, in a sentence."""

__all__ = ["RECIPE_OPTIONS", "RECIPE_WORDS", "AdversarialTerms", "Section"]
