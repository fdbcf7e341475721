"""Training methods: one file each, one mapping."""

from __future__ import annotations

import difflib

from trainer.errors import ConfigError
from trainer.recipes.adversarial import Adversarial
from trainer.recipes.base import Recipe
from trainer.recipes.colorization import Colorization
from trainer.recipes.consistency import Consistency
from trainer.recipes.fpn import FPN
from trainer.recipes.multitask import MultiTask
from trainer.recipes.probe import ProbeRecipe
from trainer.recipes.skinseg import SkinSeg
from trainer.recipes.supervised import Supervised
from trainer.recipes.surrogate import Surrogate
from trainer.recipes.unet import UNet

ALL: tuple[type[Recipe], ...] = (
    SkinSeg,
    Supervised,
    Adversarial,
    Consistency,
    Surrogate,
    Colorization,
    MultiTask,
    UNet,
    FPN,
    ProbeRecipe,
)
RECIPES: dict[str, type[Recipe]] = {recipe.name: recipe for recipe in ALL}

__all__ = ["RECIPES", "Recipe", "find_recipe"]


def find_recipe(name: str) -> type[Recipe]:
    """The recipe of that name.

    Raises
    ------
    ConfigError
        None of that name; the nearest is named.
    """
    if name not in RECIPES:
        near = difflib.get_close_matches(name, RECIPES, n=1, cutoff=0.4)
        hint = f"did you mean '{near[0]}'?" if near else f"there are {', '.join(sorted(RECIPES))}"
        raise ConfigError(f"there is no recipe named '{name}'; {hint}")
    return RECIPES[name]
