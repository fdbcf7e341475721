"""Consistency of printed tables: IoU, precision, recall and F1 of one class depend on each other.

F1 = 2PR / (P + R) and IoU = F1 / (2 - F1). Both grow with P and R, so that rounding leaves an interval for
F1 from each of the three sources; a row that can be true has a common part of them. Rows of means over
classes cannot be checked: a mean of ratios is not the ratio of means.
"""

from __future__ import annotations

from itertools import combinations

from trainer.errors import SkinsegError


def contradiction(iou: str, precision: str, recall: str, f1: str) -> str | None:
    """Say why the figures of one class cannot all be right, or None if they can.

    Parameters
    ----------
    iou, precision, recall, f1
        As printed, because the digits say how they were rounded: ``"0.96"`` is .955 to .965.

    Raises
    ------
    SkinsegError
        Something that is no number from 0 to 1.
    """
    printed = {
        name: _rounded_from(name, text)
        for name, text in (("IoU", iou), ("P", precision), ("R", recall), ("F1", f1))
    }
    implied = {
        "F1": printed["F1"],
        "P and R": tuple(_f1(p, r) for p, r in zip(printed["P"], printed["R"], strict=True)),
        "IoU": tuple(2 * i / (1 + i) for i in printed["IoU"]),
    }
    for one, other in combinations(implied, 2):
        if max(implied[one][0], implied[other][0]) > min(implied[one][1], implied[other][1]) + 1e-9:
            return _sentence(one, other, float(iou), float(precision), float(recall), float(f1))
    return None  # intervals that overlap in pairs have a point in common


def _sentence(one: str, other: str, iou: float, precision: float, recall: float, f1: float) -> str:
    from_both = _f1(precision, recall)
    if "IoU" not in (one, other):
        return f"F1 is printed as {f1:.3f}, but precision and recall give {from_both:.3f}"
    source, value = ("F1", f1) if "F1" in (one, other) else ("precision and recall", from_both)
    verb = "gives" if source == "F1" else "give"
    return f"IoU is printed as {iou:.3f}, but {source} {verb} {value / (2 - value):.3f}"


def _f1(precision: float, recall: float) -> float:
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _rounded_from(name: str, text: str) -> tuple[float, float]:
    """Bound the values that are printed like this."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise SkinsegError(f"table: {name} is {text!r}; give it as printed, a number from 0 to 1")
    half = 0.5 * 10.0 ** -len(text.strip().partition(".")[2])
    return max(0.0, value - half), min(1.0, value + half)
