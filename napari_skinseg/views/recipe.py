"""Choices of the Recipe tab: recipes, starting weights and encoders, explained. No Qt, no torch."""

from __future__ import annotations

from pathlib import Path

from trainer.networks.licences import ENCODERS, forbids_commercial_use, stated_licence
from trainer.networks.published.folder import find_encoder, find_init, list_weights
from trainer.networks.published.registry import INITS as PUBLISHED_INITS
from trainer.networks.published.registry import published_for
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
PLAIN_CHOICES = {
    "skinseg": (
        "Standard",
        "Learns from your masks, and a little from photos without any. The best choice for most projects.",
    ),
    "supervised": ("Your masks only", "Simpler and quicker; photos without masks teach nothing."),
    "probe": (
        "Within seconds",
        "Learns after every mask; borders are less fine. For the first hundred.",
    ),
    "consistency": (
        "Few masks, many photos",
        "Learns that a photo in other colours shows the same: for when masks are dear.",
    ),
    "colorization": (
        "Get ready without masks",
        "Learns what your photos look like by colouring gray ones, as a start for the others. Takes long.",
    ),
}
"""Recipes that the simple face of the tab offers: title, and what it means for a person."""
INITS = ("auto", "scratch", "colorization", *PUBLISHED_INITS)
INIT_WORDS = {
    "auto": "published weights where they are at hand, else those of a long colorization, else none",
    "scratch": "nothing: the network begins by chance",
    "colorization": "weights learnt from this project's photos, masks or not",
    "imagenet": "weights learnt from ImageNet's photos",
    "mobilesam": "weights of MobileSAM's image encoder, for tu-tiny_vit_5m_224",
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
    path = weights_file(encoder, init, pretrained)
    licence = stated_licence(path) or _published_licence(encoder, init)
    there = "" if path.is_file() else f" ({_not_at_hand(encoder, init)})"
    if licence is None:
        return f"licence of the weights: not stated{there}"
    if licence == "other":
        return f"licence of the weights: see their model card{there}"
    refused = ": research only, refused unless allowed by name" if forbids_commercial_use(licence) else ""
    return f"licence of the weights: {licence}{refused}{there}"


def _published_licence(encoder: str, init: str) -> str | None:
    """Licence of the weights published for an encoder, where `init` means those."""
    known, facts = published_for(encoder), ENCODERS.get(encoder)
    if known is not None and init in ("auto", known.init):
        return known.licence
    return facts.licence if facts and init in ("auto", "imagenet") else None


def _not_at_hand(encoder: str, init: str) -> str:
    known = published_for(encoder)
    if known is not None and init in ("auto", known.init):
        return f"not at hand: skinseg weights get {known.name}, {known.megabytes}"
    return "not in pretrained/ yet"


def weights_file(encoder: str, init: str, pretrained: Path) -> Path:
    """Return the file that would be read."""
    kind = (find_init(encoder, pretrained) or "imagenet") if init == "auto" else init
    if kind not in PUBLISHED_INITS:
        return Path(init)
    return find_encoder(kind, encoder, pretrained) or pretrained / f"{encoder}.safetensors"


def published_words(pretrained: Path) -> str:
    """Name the published weights on this machine, and what others would give."""
    items = list_weights(pretrained)
    there = ", ".join(item.weights.name for item in items if item.path) or "none"
    others = [
        f"{item.weights.name} ({item.weights.megabytes}) would give {item.weights.gives}"
        for item in items
        if item.path is None
    ]
    get = ["get them with: skinseg weights get NAME"] if others else []
    return "\n".join([f"published weights at hand: {there}", *others, *get])


def init_problem(init: str) -> str:
    """Say why this is no choice of starting weights; empty where it is one."""
    if init in INITS or Path(init).exists():
        return ""
    return f"is none of {', '.join(INITS)}, and there is no such file"
