"""Names and groups of the curves that recipes draw while they train."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Curve = Sequence[tuple[float, float]]

GROUPS = {
    "discriminator": ("d_real", "d_fake", "d_right", "d_wrong", "semi_share"),
    "epochs": ("epoch_iou", "epoch_loss"),
}
"""All other curves are terms of the loss."""
LEFT_OUT = ("epoch", "lr")
VALIDATION = "val_"
"""Begins the names of a round's scores, which have charts of their own."""
CURVE_TEXTS = {
    "loss": ("error", "how wrong the network still is, all its terms together (loss)"),
    "ce": ("pixels", "how wrong single pixels are (cross-entropy)"),
    "dice": ("overlap", "how badly regions overlap (Dice loss)"),
    "l1": ("colours", "distance of the colours made from the real ones"),
    "adv": ("doubted", "how far from people's masks a second network finds them, on labelled photos (judge)"),
    "gan": ("doubted", "how far from the real thing a second network finds it (judge)"),
    "semi": ("unlabelled", "what the photos without masks add"),
    "d_loss": ("second network", "how wrong the second network is itself (the judge, a discriminator)"),
    "d": ("second network", "how wrong the second network is itself (the judge, a discriminator)"),
    "rpn": ("regions", "finding regions"),
    "cls": ("classes", "naming them"),
    "det": ("boxes", "boxing them"),
    "seg": ("masks", "drawing their masks"),
    "d_real": ("masks", "how real the second network finds people's masks"),
    "d_fake": ("guesses", "how real it finds the network's guesses"),
    "d_right": ("right", "how right the second network finds the pixels that the network got right"),
    "d_wrong": ("wrong", "how right it finds those that the network got wrong"),
    "semi_share": ("unlabelled", "share of the unlabelled pixels that are believed"),
    "epoch_iou": ("overlap", "overlap with the masks of the validation photos (IoU)"),
    "epoch_loss": ("error", "error on the validation photos (loss)"),
}
"""By curve: the name in a legend, and the tooltip that explains it."""


def short_name(name: str) -> str:
    """Return the name of a curve in a legend."""
    return CURVE_TEXTS.get(name, (name.replace("_", " "), ""))[0]


def explanation(name: str) -> str:
    """Return the explanation of a curve for a tooltip."""
    return CURVE_TEXTS.get(name, ("", name.replace("_", " ")))[1]


def group_curves(values: Mapping[str, Curve]) -> dict[str, dict[str, Curve]]:
    """Sort a round's curves into ``loss``, ``discriminator`` and ``epochs``."""
    groups: dict[str, dict[str, Curve]] = {"loss": {}, **{group: {} for group in GROUPS}}
    for name, curve in values.items():
        if name not in LEFT_OUT and not name.startswith(VALIDATION):
            group = next((group for group, names in GROUPS.items() if name in names), "loss")
            groups[group][name] = curve
    return groups
