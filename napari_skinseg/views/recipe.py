"""Choices of the Recipe tab: recipes, starting weights and encoders, explained. No Qt, no torch."""

from __future__ import annotations

from pathlib import Path

from trainer.networks.licences import ENCODERS, forbids_commercial_use, stated_licence
from trainer.settings.recipes import RECIPE_OPTIONS, RECIPE_WORDS

RECIPES = tuple(
    sorted(
        RECIPE_WORDS,
        key=lambda name: (
            name != "skinseg",
            list(RECIPE_OPTIONS).index(name) if name in RECIPE_OPTIONS else 99,
        ),
    )
)
INITS = ("auto", "scratch", "colorization", "imagenet")
INIT_WORDS = {
    "auto": "ImageNet's weights where they are in pretrained/, else a long colorization's, else random ones",
    "scratch": "random weights",
    "colorization": "weights learnt from this project's photos, masks or not",
    "imagenet": "weights learnt from ImageNet's photos",
}
ENCODER_CHOICES = ("auto", *ENCODERS)
SCHEDULE = ("steps_fast", "steps_full", "lr", "warmup", "batch", "long_side", "size", "fit")
"""Settings of training that are shown at once; the others unfold."""
CHOSEN_ABOVE = ("recipe", "init", "encoder")


def encoder_words(encoder: str, init: str, pretrained: Path) -> str:
    """Describe the size of an encoder, and the licence of the weights it would start from."""
    if encoder == "auto":
        return "a small ResNet on a processor, ResNet-50 on a graphics card (apache-2.0)"
    facts = ENCODERS.get(encoder)
    size = (
        f"{facts.parameters:g} million parameters"
        if facts
        else "not in the list: checked when a round begins"
    )
    return f"{size}; {licence_words(encoder, init, pretrained)}"


def licence_words(encoder: str, init: str, pretrained: Path) -> str:
    """Name the licence of the starting weights."""
    if init == "scratch":
        return "random weights, no licence"
    if init == "colorization":
        return "weights of your own photos"
    facts = ENCODERS.get(encoder)
    named = facts.licence if facts else None
    path = weights_file(encoder, init, pretrained)
    licence = stated_licence(path) or (named if init in ("auto", "imagenet") else None)
    there = "" if path.is_file() else " (not in pretrained/ yet)"
    if licence is None:
        return f"licence of the weights: not stated{there}"
    if licence == "other":
        return f"licence of the weights: see their model card{there}"
    refused = ": research only, refused unless allowed by name" if forbids_commercial_use(licence) else ""
    return f"licence of the weights: {licence}{refused}{there}"


def weights_file(encoder: str, init: str, pretrained: Path) -> Path:
    """Return the file that would be read."""
    return pretrained / f"{encoder}.safetensors" if init in ("auto", "imagenet") else Path(init)


def init_problem(init: str) -> str:
    """Say why this is no choice of starting weights; empty where it is one."""
    if init in INITS or Path(init).exists():
        return ""
    return f"is none of {', '.join(INITS)}, and there is no such file"
