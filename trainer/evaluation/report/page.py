"""Report page: a scorecard as one HTML file that needs nothing else."""

from __future__ import annotations

import time
from importlib import resources
from typing import TYPE_CHECKING

import numpy as np
from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from trainer.atomic import write_text
from trainer.evaluation.metrics import ratio
from trainer.evaluation.report.plots import reliability_plot
from trainer.evaluation.report.words import cautions, headline_cards, number, percent, range_of, verdict
from trainer.project.files.filesystem import storage_errors

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from trainer.evaluation.json_values import Json
    from trainer.evaluation.report.examples import Example
    from trainer.evaluation.report.words import Card
    from trainer.evaluation.scorecard import Scorecard
    from trainer.evaluation.scores.breakdown import Part

SPLITS = {"val": "validation", "test": "test", "train": "train"}
PARTS = (
    ("shows", "By what the photo shows", "A photo counts for the class with most pixels of its truth."),
    ("folder", "By folder", "The first folder on the photo's path."),
    (
        "tone",
        "By skin tone",
        "Measured on the photo as its individual typology angle (ITA), so light and white balance move it: "
        "it sorts photos, not people.",
    ),
)
MODES = {
    "isic": "As the ISIC challenges: means over photos of their own scores",
    "keras_dice": "As the Keras examples: soft Dice, smoothed by 1",
    "smp_batch_iou": "As segmentation_models_pytorch: IoU at threshold .5 of each batch of one photo",
}
NAMES = {
    "ja": "JA, Jaccard index",
    "di": "DI, Dice coefficient",
    "ac": "AC, pixels that are right",
    "se": "SE, sensitivity",
    "sp": "SP, specificity",
    "keras_dice": "Dice coefficient",
    "smp_batch_iou": "IoU",
}
LISTED = 60
"""Photos in the list of all, the worst first."""


def write_report(path: Path, html: str) -> None:
    """Write the page so that a reader sees the old one or the new one.

    Raises
    ------
    StorageFullError
        The disk is full.
    """
    with storage_errors(path.parent):
        write_text(path, html)


def render(
    scorecard: Scorecard,
    card: Card,
    best: Sequence[Example] = (),
    worst: Sequence[Example] = (),
    *,
    project: str = "",
    mode: str = "default",
    made: float | None = None,
) -> str:
    """Build the page.

    Parameters
    ----------
    card
        The model's ``model.json``.
    best, worst
        Photos to show; none are shown if both are empty.
    made
        Seconds since the epoch; now if not given.

    Returns
    -------
    str
        HTML with style and pictures inside; no script, and no address outside of it.
    """
    evaluation = scorecard.evaluation
    return _template().render(
        style=Markup(_asset("style.css")),
        title=f"Model {evaluation.model} on {SPLITS.get(evaluation.split, evaluation.split)} photos",
        project=project,
        made=time.strftime("%Y-%m-%d %H:%M", time.localtime(made)),
        verdict=verdict(scorecard),
        cautions=cautions(scorecard, card),
        cards=headline_cards(scorecard),
        classes=[
            {"name": name, "colour": colour}
            for name, colour in zip(scorecard.classes.names, scorecard.classes.colours, strict=True)
        ],
        background=scorecard.classes.background,
        foreground=scorecard.classes.foreground,
        seen_at=seen_at(card),
        best=best,
        worst=worst,
        per_class=scorecard.per_class,
        confusion=confusion_shares(scorecard),
        mixups=mixups(scorecard),
        reliability=Markup(reliability_plot(scorecard.reliability)),
        sections=_sections(scorecard),
        parity=_parity_rows(scorecard, mode),
        parity_note=MODES.get(mode, ""),
        photos=scorecard.photo_rows()[:LISTED],
        total=evaluation.photos,
        card=card_rows(card),
    )


def _template() -> Template:
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters.update(number=number, percent=percent)
    return environment.from_string(_asset("page.html.jinja"))


def _asset(name: str) -> str:
    return resources.files("trainer.evaluation.report").joinpath(name).read_text(encoding="utf-8")


def seen_at(card: Card) -> str:
    """Say at which size the network works, and at which it is compared."""
    plan = card.get("plan", {})
    if plan.get("fit", "crop") != "crop":
        size = f"in a square of {plan.get('size')} pixels"
    elif plan.get("long_side"):
        size = f"with a long side of at most {plan['long_side']} pixels"
    else:
        size = "at its own size"
    return f"The network sees each photo {size}; its answer is brought to its full size and compared there"


def confusion_shares(scorecard: Scorecard) -> list[list[Json]]:
    """Divide the confusion matrix by the truth: rows of cells with a text and the share it stands for."""
    pooled = scorecard.matrices.sum(0).astype(np.float64)
    shares = ratio(pooled, pooled.sum(-1, keepdims=True))
    return [
        [
            {
                "text": "" if np.isnan(share) or share < 0.005 else f"{100 * share:.0f}",
                "share": 0.0 if np.isnan(share) else round(float(share), 3),
                "right": i == j,
            }
            for j, share in enumerate(row)
        ]
        for i, row in enumerate(shares)
    ]


def mixups(scorecard: Scorecard, most: int = 7) -> list[Json]:
    """List the pairs of classes between which most pixels are lost, with the share of the truth that goes."""
    pooled = scorecard.matrices.sum(0).astype(np.float64)
    wrong, names = pooled * (1 - np.eye(len(pooled))), scorecard.classes.names
    found = []
    for flat in np.argsort(wrong, axis=None)[::-1][:most]:
        i, j = divmod(int(flat), len(pooled))
        share = wrong[i, j] / max(pooled[i].sum(), 1)
        if share >= 0.005:
            found.append({"truth": names[i], "said": names[j], "share": float(share)})
    return found


def _sections(scorecard: Scorecard) -> list[Json]:
    return [
        {"title": title, "note": note, "rows": [_row(part) for part in scorecard.parts[name]]}
        for name, title, note in PARTS
        if scorecard.parts[name]
    ]


def _parity_rows(scorecard: Scorecard, mode: str) -> list[dict[str, str]]:
    return [
        {"name": NAMES.get(name, name), "value": number(estimate[0], 3), "range": range_of(estimate, 3)}
        for name, estimate in scorecard.parity(mode).items()
    ]


def _row(part: Part) -> Json:
    low, high = part.dice9_ci95
    return {
        "kind": part.kind,
        "photos": part.photos,
        "dice9": part.dice9,
        "dice2": part.dice2,
        "range": range_of((part.dice9, part.dice9_ci95)) if part.groups > 1 else "one group",
        "low": low,
        "high": high,
        "wide": part.groups > 1 and bool(np.isfinite([low, high]).all()),
    }


def card_rows(card: Card) -> list[tuple[str, str]]:
    """List what is known of a model and its origin, as name and value."""
    plan, network = card.get("plan", {}), card.get("network", {})
    made = card.get("created")
    rows = {
        "Recipe": card.get("recipe"),
        "Lane": card.get("lane"),
        "Network": " with encoder ".join(str(network[k]) for k in ("arch", "encoder") if network.get(k)),
        "Started from": card.get("init"),
        "Goes on from": ", ".join(card.get("parents") or []),
        "Licence of starting weights": card.get("encoder_licence"),
        "Photos learnt from": card.get("trained_photos"),
        "Steps": _steps(card),
        "Batch": plan.get("batch"),
        "Crop": f"{plan['size']} px" if plan.get("size") else None,
        "Photos scaled to": f"at most {plan['long_side']} px for the network"
        if plan.get("long_side")
        else "own size",
        "Seed": plan.get("seed"),
        "Temperature of confidence": card.get("temperature"),
        "Trained on": " ".join(str(card[k]) for k in ("device", "precision") if card.get(k)),
        "Seconds": f"{card['seconds']:,.0f}" if card.get("seconds") is not None else None,
        "Made": time.strftime("%Y-%m-%d %H:%M", time.localtime(made)) if made else None,
        "Decision": card.get("decision"),
    }
    return [(name, str(value)) for name, value in rows.items() if value not in (None, "")]


def _steps(card: Card) -> str | None:
    steps, learnt = card.get("steps"), card.get("steps_learnt")
    if steps is None:
        return None
    return f"{steps:,}" if learnt in (None, steps) else f"{steps:,} ({learnt:,} with those before)"
