"""Values of settings in forms: their text, the values that a setting takes, and why one is refused."""

from __future__ import annotations

from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

if TYPE_CHECKING:
    from collections.abc import Sequence


LABELS = {
    "autosave_seconds": "keep drafts every, s",
    "prefetch": "photos read ahead",
    "lease_seconds": "photo kept for, s",
    "strategy": "way of choosing",
    "random_share": "part by chance",
    "blind_share": "part without suggestion",
    "blind_after": "first one without after",
    "first_model_after": "first model after",
    "predict_ahead": "suggestions ahead",
    "sample": "photos compared",
    "double_share": "part labelled twice",
    "access_log": "log who opened what",
    "sensitive": "classes blurred",
    "bootstrap": "repeats of comparing",
    "averages": "mean of two models",
    "hold_back": "hold back what costs time",
    "margin_fast": "may be worse, quick",
    "margin_full": "may be worse, full",
    "best_margin": "may be below the best",
    "class_margin": "may be worse, one class",
    "min_photos": "photos to be sure",
    "few_margin": "may be worse, few photos",
    "probe_margin": "may be worse, newer masks",
    "init": "starting weights",
    "encoder": "network's eye",
    "steps_fast": "steps, quick",
    "steps_full": "steps, full",
    "batch": "pieces a step",
    "size": "side of a piece",
    "fit": "what it sees",
    "long_side": "photo's long side",
    "lr": "learning rate",
    "beta1": "memory of steps",
    "weight_decay": "kept simple by",
    "encoder_lr": "eye learns at",
    "encoder_slow": "eye learns slowly for",
    "bn_batches": "steps to get used",
    "fast_lr_factor": "quick learns at",
    "dropout": "left out",
    "clip": "largest change",
    "ema": "follows slowly",
    "dice_weight": "weight of overlap",
    "class_balanced": "pieces on classes",
    "newest_share": "pieces of new masks",
    "augment": "vary the pieces",
    "discriminator": "the judge",
    "receptive_field": "judge's squares",
    "target": "judge learns",
    "lambda_adv": "weight of the judge",
    "lambda_semi": "weight of unlabelled",
    "lambda_gan": "weight of the judge",
    "lr_discriminator": "judge's learning rate",
    "judge_interval": "judge every (steps)",
    "free_steps": "judge only learns for",
    "semi_start": "unlabelled join at",
    "unlabelled_share": "unlabelled for each",
    "smooth": "masks blurred by",
    "literal": "exactly as published",
    "semi_loss": "unlabelled teach by",
    "hung_lambda": "weight of believed",
    "hung_threshold": "believed above",
    "temperature": "caution",
    "teacher_decay": "teacher follows by",
    "cutmix": "pasted in",
    "backbone": "ready network",
    "heads": "networks side by side",
    "dropout_heads": "left out of each",
    "bank": "pixels in all",
    "lr_heads": "learning rate of each",
    "decay_heads": "each kept simple by",
    "cache_bytes": "kept, bytes",
    "gan": "judge",
    "l1_warmup": "judge joins at",
    "epochs": "passes",
    "rpn_loss": "regions taught by",
    "mask_loss": "masks taught by",
    "rho": "weight of boxes",
    "rois": "places",
    "separable_aspp": "lighter form",
    "follow_strokes": "rest follows strokes",
    "bursts_apart": "between a burst's photos",
    "bursts_together": "bursts in a row",
    "approved_only": "learn approved only",
    "arch": "network",
    "allow_licence": "licence accepted",
    "centres": "where pieces lie",
    "warmup": "slow start",
    "optimizer": "rule of a step",
    "uncertain_weight": "weight of uncertain",
    "vertical_flip": "upside down too",
    "rotate": "turn up to, degrees",
    "zoom": "enlarge up to",
    "shift": "shift up to",
    "colour": "change of colours",
    "edges": "draw along edges",
    "precision": "exactness",
    "threads": "cores used",
    "seed": "number of chance",
    "threshold": "sure of at least",
    "views": "copies of each piece",
    "jitter": "change of copies",
    "gray": "gray copies",
    "weight": "weight of unlabelled",
    "stride": "judge's steps",
    "width": "size inside",
    "schedule": "order",
    "automatic": "by itself",
    "automatic_photos": "by itself from photos",
    "resize": "made square",
    "batch_norm": "even brightness",
    "jaccard_delta": "small regions forgiven",
    "tasks": "tasks learnt",
    "mask_pool": "side of a mask",
    "drop_at": "slower after pass",
    "photo_side": "photo's long side",
    "mirrored": "mirrored photos too",
    "per_class": "pixels of a class",
    "steps_heads": "steps of a training",
    "compared_on": "photos compared on",
    "max_pixels": "most pixels of a photo",
    "val_share": "part for comparing",
    "test_share": "part for the final test",
}
"""Labels of settings whose own names are a programmer's."""


def options_of(annotation: object) -> tuple[object, ...]:
    """Return the values a Literal or bool setting can have; none for others."""
    if annotation is bool:
        return (True, False)
    return get_args(annotation) if get_origin(annotation) is Literal else ()


def refusal(section: type[BaseModel], name: str, value: object) -> str:
    """Say briefly why a setting cannot have this value; empty where it can."""
    if value is None:
        return ""
    try:
        section.model_validate({name: value})
    except ValidationError as error:
        own = [e["msg"].removeprefix("Value error, ") for e in error.errors() if e["type"] == "value_error"]
        return own[0] if own else f"must be {expected_values(section.model_fields[name])}"
    return ""


def expected_values(info: FieldInfo) -> str:
    """Values that a setting takes: ``a number, 0 to 1``, ``a whole number or auto``."""
    return " or ".join(_kinds(info.annotation, info.metadata))


def _kinds(kind: Any, metadata: Sequence[object]) -> list[str]:
    if get_origin(kind) is Annotated:
        kind, *more = get_args(kind)
        nested = [m for one in more for m in (one.metadata if isinstance(one, FieldInfo) else [one])]
        return _kinds(kind, [*metadata, *nested])
    if get_origin(kind) in (Union, UnionType):
        return [text for part in get_args(kind) for text in _kinds(part, metadata)]
    if get_origin(kind) is Literal:
        return [value_text(option) for option in get_args(kind)]
    noun = {int: "a whole number", float: "a number", bool: "yes or no"}.get(kind, "text")
    bounds = limits(metadata)
    return [f"{noun}, {bounds}" if bounds else noun]


def limits(metadata: Sequence[object]) -> str:
    """Write bounds as ``0 to 1``, ``1 or more``, ``above 0``; empty without any."""
    low = next((f"{m.ge:g}" for m in metadata if isinstance(m, Ge)), "")
    above = next((f"above {m.gt:g}" for m in metadata if isinstance(m, Gt)), "")
    high = next((f"{m.le:g}" for m in metadata if isinstance(m, Le)), "")
    below = next((f"below {m.lt:g}" for m in metadata if isinstance(m, Lt)), "")
    if low and high:
        return f"{low} to {high}"
    parts = [f"{low} or more" if low else above, f"{high} or less" if high else below]
    return ", ".join(part for part in parts if part)


def parse_value(text: str) -> int | float | str:
    """Read a number where the text is one: ``513``, ``1e-4``; any other text as it is."""
    text = text.strip()
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def value_text(value: object) -> str:
    """Write a value as in a form: ``yes``, ``0.5``, ``fcn``."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)


def setting_label(name: str) -> str:
    """Write the name of a setting for people: ``steps_fast`` is ``steps fast``."""
    return LABELS.get(name, name.replace("_", " "))
