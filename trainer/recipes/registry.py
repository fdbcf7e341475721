"""Training methods: one file each, one mapping."""

from __future__ import annotations

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
from trainer.spelling import named

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
    """Return the recipe of that name.

    Raises
    ------
    ConfigError
        None of that name; the nearest is named.
    """
    return named("recipe", name, RECIPES)
