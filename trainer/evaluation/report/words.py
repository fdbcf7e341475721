"""Words around the figures of a report, for readers new to them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trainer.evaluation.json_values import Json
    from trainer.evaluation.scorecard import Estimate, Scorecard

Card = Mapping[str, Any]
"""A model's ``model.json``."""

FEW_GROUPS = 10
"""Below this many groups a bootstrap interval is rough."""


def number(value: float | None, digits: int = 2) -> str:
    """Format a score; a dash where there is none."""
    return "–" if value is None or not math.isfinite(value) else f"{value:.{digits}f}"


def percent(value: float | None) -> str:
    """Format a share in percent; a dash where there is none."""
    return "–" if value is None or not math.isfinite(value) else f"{100 * value:.0f} %"


def range_of(estimate: Estimate, digits: int = 2) -> str:
    """Format an interval as `0.55 to 0.70`; empty without one."""
    low, high = estimate[1]
    known = math.isfinite(low) and math.isfinite(high)
    return f"{number(low, digits)} to {number(high, digits)}" if known else ""


def headline_cards(scorecard: Scorecard) -> list[Json]:
    """Make the cards at the top of the page: name, figure, its range, and its meaning."""
    classes, found = scorecard.classes, scorecard.headlines
    averaged = f"Dice, averaged over the {classes.count - len(scorecard.without_score)} classes that occur"
    if scorecard.imagined:
        averaged += f" (in the prediction alone, so that it scores 0: {', '.join(scorecard.imagined)})"
    cards = [
        _card(
            f"All {classes.count} classes",
            found["dice9"],
            f"{averaged}. 1 is perfect.",
        )
    ]
    if classes.uncertain is not None:
        doubt = classes.names[classes.uncertain]
        cards.append(_card("Without doubt", found["dice8"], f"The same, with “{doubt}” pixels left out."))
    if classes.count > 2:
        merged = f"{classes.foreground.capitalize()} against background, Dice averaged over both."
        cards.append(_card(f"{classes.foreground.capitalize()} or not", found["dice2"], merged))
    else:
        cards += [
            _card("Jaccard", found["ja"], f"Overlap of the {classes.foreground}: shared over all."),
            _card("Sensitivity", found["se"], f"Share of the true {classes.foreground} that was found."),
            _card("Specificity", found["sp"], "Share of the true background that was left alone."),
        ]
    cards.append(
        _card("Outlines", found["nsd"], "Share of the outlines at most 2 pixels off (long side 1024).")
    )
    gap = scorecard.reliability.overconfident
    card = _card("Confidence error", found["ece"], confidence_sentence(found["ece"][0], gap))
    return [*cards, card]


def _card(name: str, estimate: Estimate, meaning: str) -> Json:
    return {
        "name": name,
        "value": number(estimate[0]),
        "range": range_of(estimate),
        "meaning": meaning,
        "low": estimate[1][0],
        "high": estimate[1][1],
    }


def confidence_sentence(ece: float, gap: float) -> str:
    """Explain the calibration error."""
    if not math.isfinite(ece):
        return "Nothing to compare with."
    which = "Too sure of itself" if gap > 0 else "Too modest"
    if ece < 0.03:
        return "Of what it is 80 % sure of, it gets about 80 % right."
    return f"{which}: off by {100 * ece:.0f} points of 100 on average."


def verdict(scorecard: Scorecard) -> str:
    """Write the page's first sentence: the main figure, and how far to trust it."""
    evaluation = scorecard.evaluation
    value, _ = estimate = scorecard.headlines["dice9"]
    photos, groups = evaluation.photos, scorecard.bootstrap.groups
    many = f"{photos} photo{'s' * (photos != 1)} of {groups} group{'s' * (groups != 1)}"
    within = range_of(estimate)
    if groups < 2 or not within:
        return f"Dice {number(value)} on {many}: too few to say what other photos would give."
    sentence = f"Dice {number(value)} on {many}. With other photos of the same kind it would most likely lie "
    sentence += f"within {within} (95 % interval)."
    if groups < FEW_GROUPS:
        sentence += f" With only {groups} groups, take that range as a rough guess."
    return sentence


def cautions(scorecard: Scorecard, card: Card) -> list[str]:
    """List the reasons for caution."""
    found = []
    if scorecard.evaluation.split == "val":
        found.append(
            "These are validation photos: models were chosen by them, so that the figures flatter a little. "
            "Use the test photos for a figure to quote."
        )
    if scorecard.evaluation.split == "train":
        found.append("The model has learnt from these photos: the figures say nothing about others.")
    if scorecard.without_score:
        names = ", ".join(scorecard.without_score)
        found.append(f"No score for {names}: neither in the truth nor predicted, so left out of all means.")
    rare = [
        name
        for name, row in scorecard.per_class.items()
        if 0 < row["photos"] < 5 and name not in scorecard.without_score
    ]
    if rare:
        found.append(f"On fewer than five photos: {', '.join(rare)}. Their figures hang on single photos.")
    licence = str(card.get("encoder_licence") or "")
    if "NC" in licence.upper().replace("_", "-").split("-"):
        found.append(f"The starting weights are under {licence}: no commercial use.")
    return found
