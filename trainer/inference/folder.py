"""Masks for photos that belong to no project: a folder in, a folder of PNG masks out."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trainer.atomic import write_text
from trainer.errors import PhotoError, ProjectError
from trainer.labels.classes import ClassSet
from trainer.labels.ids import write_classes
from trainer.labels.png import write_png
from trainer.labels.truth import to_targets
from trainer.project.files.decode import KINDS, decode
from trainer.project.photos.photo_files import PassedOver, find_photos, readable_name
from trainer.settings.photos import PhotoSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from trainer.inference.predictor import Segmentation
    from trainer.labels.boxes import Box


@dataclass
class FolderReport:
    """Counts and failures of a prediction of a folder."""

    written: int = 0
    failed: list[dict[str, str]] = field(default_factory=list)
    seconds: float = 0.0


def photos_in(source: Path, passed: PassedOver | None = None) -> list[tuple[Path, Path]]:
    """List the photos under a folder (or the one named), each with its path relative to it, in order.

    Parameters
    ----------
    source : Path
        A folder, or a file.
    passed : PassedOver, optional
        Learns what is not taken.

    Raises
    ------
    ProjectError
        No such folder, not readable, or no photo in it.
    """
    if source.is_file():
        return [(source, Path(source.name))]
    if not source.exists():
        raise ProjectError(f"no photos at {source}: check the path")
    passed = PassedOver() if passed is None else passed
    found = [(source / name, Path(name)) for name in find_photos(source, passed)]
    if not found and passed.unreadable:
        raise ProjectError(f"cannot read {passed.unreadable[0]} in {source}: ask for permission to read it")
    if not found:
        there = "; ".join(["", *passed.lines])
        raise ProjectError(f"no photos in {source}: it holds no {KINDS} file{there}")
    return found


def predict_folder(
    model: Path,
    photos: list[tuple[Path, Path]],
    out: Path,
    device: str = "auto",
    with_confidence: bool = False,
    progress: Callable[[int], None] | None = None,
    max_pixels: int | None = None,
) -> FolderReport:
    """Write `out/RELATIVE.png` for each photo, pixel = class index; failures are reported and passed over.

    A model that finds boxes gives `RELATIVE.boxes.json` besides. `out/classes.csv` says what the values mean.

    Parameters
    ----------
    model : Path
        Folder with weights.safetensors and model.json.
    photos : list of (Path, Path)
        As from `photos_in`.
    with_confidence : bool
        Also write `RELATIVE.confidence.png`, 0 to 255, and `RELATIVE.error.png` by a model with a
        discriminator: where it believes the mask wrong, 255 = surely.
    max_pixels : int, optional
        Setting `photos.max_pixels` of the project.

    Raises
    ------
    ProjectError
        If a mask would take the place of a file that is there: it may be a photo, or a corrected mask.
    """
    there = [target for _, relative in photos if (target := out / relative.with_suffix(".png")).exists()]
    if there:
        more = f" (and {len(there) - 1} more)" if len(there) > 1 else ""
        raise ProjectError(f"{there[0]}{more} is there already and stays: name an empty folder for the masks")
    from trainer.inference.predictor import Predictor

    predictor = Predictor(model, device)
    most = PhotoSettings().max_pixels if max_pixels is None else max_pixels
    report, started, taken = FolderReport(), time.monotonic(), dict[Path, Path]()
    for done, (path, relative) in enumerate(photos, start=1):
        target = out / relative.with_suffix(".png")
        try:
            if target in taken:
                raise PhotoError(f"its mask would overwrite that of {taken[target]}: rename one of the two")
            result = predictor.predict(decode(path, most).pixels)
            _write(target, result, with_confidence, predictor.card)
            taken[target] = relative
            report.written += 1
        except Exception as error:  # whatever one photo leads to, the others have their turn
            why = " ".join(str(error).split()) or type(error).__name__
            report.failed.append({"photo": readable_name(str(relative)), "why": why})
        if progress is not None:
            progress(done)
    if report.written and "classes" in predictor.card:  # says what the values mean, and that these are masks
        write_classes(out, ClassSet.from_dict(predictor.card["classes"]))
    report.seconds = time.monotonic() - started
    return report


def _write(target: Path, result: Segmentation, with_confidence: bool, card: Mapping[str, Any]) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    write_png(target, to_targets(result.labels))
    if with_confidence:
        write_png(target.with_suffix(".confidence.png"), result.confidence)
    if with_confidence and result.error is not None:
        write_png(target.with_suffix(".error.png"), result.error)
    if result.boxes:
        write_boxes(target.with_suffix(".boxes.json"), result.boxes, card)


def write_boxes(path: Path, boxes: Sequence[Box], card: Mapping[str, Any]) -> None:
    """Write boxes as JSON: class, score, edges in pixels of the photo, probability of every class."""
    names = [str(name) for name in card.get("classes", {}).get("names", ())]

    def name(index: int) -> str:
        return names[index] if index < len(names) else str(index)

    rows = [
        {
            "class": name(box.class_index),
            "score": round(box.score, 4),
            **{edge: round(getattr(box, edge), 1) for edge in ("top", "left", "bottom", "right")},
            "probabilities": {name(i): round(p, 4) for i, p in enumerate(box.probabilities)},
        }
        for box in boxes
    ]
    write_text(path, json.dumps(rows, indent=1))
