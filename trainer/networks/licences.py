"""Licences of encoders' starting weights: a table and what files say, without torch."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

WEIGHTS, CARD = "weights.safetensors", "model.json"
"""Of a model folder."""

LONGEST_HEADER = 100_000_000

RESEARCH_ONLY = ("-nc", "noncommercial", "non-commercial", "apple-amlr", "seer-license")
"""Marks of licences that forbid commercial use."""


@dataclass(frozen=True)
class EncoderFacts:
    """Size and licence of an encoder, to choose by."""

    parameters: float
    """Millions."""
    licence: str
    """Of the ImageNet weights published for it, as their publisher names it."""


ENCODERS: dict[str, EncoderFacts] = {
    "tu-resnet10t": EncoderFacts(5.4, "apache-2.0"),
    "tu-resnet18": EncoderFacts(11.7, "apache-2.0"),
    "tu-resnet34": EncoderFacts(21.8, "apache-2.0"),
    "tu-resnet50": EncoderFacts(25.6, "apache-2.0"),
    "tu-resnet50s": EncoderFacts(25.7, "apache-2.0"),
    "tu-resnet101": EncoderFacts(44.5, "apache-2.0"),
    "tu-xception65": EncoderFacts(39.9, "apache-2.0"),
    "tu-mobilenetv3_small_100": EncoderFacts(2.5, "apache-2.0"),
    "tu-mobilenetv3_large_100": EncoderFacts(5.5, "apache-2.0"),
    "tu-tf_efficientnet_lite0": EncoderFacts(4.7, "apache-2.0"),
    "tu-mobilenetv2_100": EncoderFacts(3.5, "apache-2.0"),
    "tu-tiny_vit_5m_224": EncoderFacts(5.4, "apache-2.0"),
    "tu-efficientnet_b0": EncoderFacts(5.3, "apache-2.0"),
    "tu-regnety_008": EncoderFacts(6.3, "mit"),
    "tu-convnextv2_nano": EncoderFacts(15.6, "cc-by-nc-4.0"),
    "resnet18": EncoderFacts(11.7, "other"),
    "resnet34": EncoderFacts(21.8, "other"),
    "resnet50": EncoderFacts(25.6, "other"),
    "mobilenet_v2": EncoderFacts(3.5, "other"),
}
"""Encoders offered by name; others of timm (``tu-`` + name) can be typed. `other`: their card names none."""


def stated_licence(weights: Path) -> str | None:
    """Read the licence that a weights file states: by the card beside it or its own header; None: nothing."""
    try:
        beside = weights.with_name(CARD) if weights.name == WEIGHTS else weights.with_suffix(".json")
        card = json.loads(beside.read_text(encoding="utf-8"))
        if isinstance(card, dict) and isinstance(card.get("encoder_licence"), str):
            return str(card["encoder_licence"])
    except (OSError, ValueError):
        pass
    return _header_licence(weights)


def _header_licence(weights: Path) -> str | None:
    if weights.suffix != ".safetensors":
        return None
    try:
        with weights.open("rb") as file:
            size = int.from_bytes(file.read(8), "little")
            header = json.loads(file.read(size)) if size <= LONGEST_HEADER else {}
    except (OSError, ValueError):
        return None
    metadata = header.get("__metadata__") or {}
    found = metadata.get("licence") or metadata.get("license")
    return None if found is None else str(found)


def forbids_commercial_use(licence: str | None) -> bool:
    """Tell whether a licence is for research only."""
    return any(mark in (licence or "").lower() for mark in RESEARCH_ONLY)
