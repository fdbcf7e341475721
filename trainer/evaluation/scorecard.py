"""Scorecard: everything measured of one model on one split, to be printed, written as JSON, or drawn."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from functools import cached_property
from typing import TYPE_CHECKING, TypedDict

import numpy as np

from trainer.evaluation.bootstrap import Bootstrap
from trainer.evaluation.json_values import Json, json_object
from trainer.evaluation.metrics import (
    Array,
    Counts,
    Floats,
    interval,
    macro,
    macro_dice,
    skin_or_not,
)
from trainer.evaluation.scores.breakdown import Part, by_folder, by_main_class, by_tone
from trainer.evaluation.scores.calibration import Reliability, expected_error, reliability
from trainer.evaluation.scores.classification import classification_scores
from trainer.evaluation.scores.headlines import binary_scores, dice2, iou9, per_photo_dice9
from trainer.evaluation.scores.parity import isic, keras_dice, smp_batch_iou
from trainer.evaluation.summary import Evaluation, score_photos

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from trainer.evaluation.scores.photo import PhotoScores
    from trainer.labels.classes import ClassSet

Estimate = tuple[float, tuple[float, float]]
"""A score and its 95 % interval."""


class PhotoRow(TypedDict):
    """Scores of one photo."""

    photo: str
    id: int
    group: str
    dice9: float
    dice2: float
    nsd: float
    hd95: float
    tone: float


@dataclass(frozen=True)
class Scorecard:
    """Scores of a model on the photos of a split; all intervals draw whole groups."""

    evaluation: Evaluation
    photos: Sequence[PhotoScores] = field(repr=False)
    paths: Sequence[str] = field(repr=False)
    classes: ClassSet
    draws: int = 2000

    @classmethod
    def of(
        cls,
        photos: Sequence[PhotoScores],
        groups: Sequence[str],
        photo_ids: Sequence[int],
        paths: Sequence[str],
        classes: ClassSet,
        *,
        model: str,
        split: str,
        draws: int = 2000,
    ) -> Scorecard:
        """Score photos that were counted, at least one."""
        matrices = np.stack([photo.matrix for photo in photos])
        evaluation = score_photos(matrices, groups, photo_ids, classes, model=model, split=split, draws=draws)
        return cls(evaluation, photos, paths, classes, draws)

    @cached_property
    def matrices(self) -> Counts:
        """One confusion matrix per photo, ``(P, K, K)``."""
        return self.evaluation.matrices

    @cached_property
    def bootstrap(self) -> Bootstrap:
        """Bootstrap that all intervals share."""
        return Bootstrap(self.evaluation.groups, self.draws)

    def stacked(self, field: Callable[[PhotoScores], Array]) -> Array:
        """Stack one field of all photos: ``(P, ...)``."""
        return np.stack([field(photo) for photo in self.photos])

    def boundary(self, name: str) -> Floats:
        """Stack ``nsd`` or ``hd95`` per photo and class: ``(P, K)``."""
        return np.stack([getattr(photo.boundary, name) for photo in self.photos])

    @cached_property
    def headlines(self) -> dict[str, Estimate]:
        """Figures of the whole split, each with its interval."""
        evaluation, sample = self.evaluation, self.bootstrap
        values = {name: (float(getattr(evaluation, name)), evaluation.ci95[name]) for name in evaluation.ci95}
        pooled, drawn = self.matrices.sum(0), sample.sums(self.matrices)
        values["iou9"] = (evaluation.iou9, interval(iou9(drawn, whole=pooled)))
        skin = self.stacked(lambda photo: photo.skin)
        values["dice2_sum"] = (
            float(macro_dice(skin.sum(0))),
            interval(np.asarray(macro_dice(sample.sums(skin), skin.sum(0)))),
        )
        values["photo_dice9"] = self._mean(per_photo_dice9(self.matrices))
        for name in ("nsd", "hd95"):
            scores = self.boundary(name)
            whole = np.asarray(macro(scores.T))
            means = np.asarray(macro(sample.means(scores), whole))
            values[name] = (float(macro(whole)), interval(means))
        counts = self.stacked(lambda photo: photo.confidence)
        values["ece"] = (float(expected_error(counts.sum(0))), interval(expected_error(sample.sums(counts))))
        two, two_drawn = (binary_scores(skin_or_not(m, self.classes.background)) for m in (pooled, drawn))
        for part in fields(two):
            values[part.name] = (float(getattr(two, part.name)), interval(getattr(two_drawn, part.name)))
        return values

    def _mean(self, per_photo: Floats) -> Estimate:
        return float(macro(per_photo)), self.bootstrap.interval_of_mean(per_photo)

    @cached_property
    def reliability(self) -> Reliability:
        """Bins of confidence over all photos."""
        return reliability(self.stacked(lambda photo: photo.confidence).sum(0))

    @cached_property
    def per_class(self) -> dict[str, dict[str, float | int]]:
        """Scores of each class: pooled pixels, outlines as means over photos, and presence on a photo."""
        rows: dict[str, dict[str, float | int]] = {}
        nsd, hd95 = (np.asarray(macro(self.boundary(name).T)) for name in ("nsd", "hd95"))
        on_photo, peak = self.matrices.sum(-1) > 0, self.stacked(lambda photo: photo.peak)
        for i, name in enumerate(self.classes.names):
            presence = classification_scores(on_photo[:, i], peak[:, i])
            rows[name] = {
                **self.evaluation.per_class[name],
                "nsd": float(nsd[i]),
                "hd95": float(hd95[i]),
                "presence_auc": presence.auc,
                "presence_ap": presence.ap,
            }
        return rows

    @cached_property
    def without_score(self) -> list[str]:
        """Classes neither in the truth nor predicted; they are left out of means."""
        scores = self.evaluation.per_class
        return [name for name in self.classes.names if np.isnan(scores[name]["dice"])]

    @cached_property
    def imagined(self) -> list[str]:
        """Classes that are predicted and on no photo: they score 0."""
        scores = self.evaluation.per_class
        return [n for n in self.classes.names if not scores[n]["photos"] and n not in self.without_score]

    @cached_property
    def parts(self) -> dict[str, list[Part]]:
        """Scores by what photos show, by folder where folders sort them, and by skin tone."""
        groups, tones = self.evaluation.groups, np.array([photo.tone for photo in self.photos])
        return {
            "shows": by_main_class(self.matrices, groups, self.classes),
            "folder": by_folder(self.matrices, groups, self.paths, self.classes),
            "tone": by_tone(self.matrices, groups, tones, self.classes),
        }

    def parity(self, mode: str) -> dict[str, Estimate]:
        """Compute the figures of a source's own mode (see ``scores.parity``); photos are its batches."""
        if mode == "isic":
            scores = isic(skin_or_not(self.matrices, self.classes.background))
            return {part.name: self._mean(getattr(scores, part.name)) for part in fields(scores)}
        if mode == "keras_dice":
            return {"keras_dice": self._mean(keras_dice(self.stacked(lambda photo: photo.skin_sums)))}
        if mode == "smp_batch_iou":
            return {"smp_batch_iou": self._mean(smp_batch_iou(self.stacked(lambda photo: photo.skin)))}
        return {}

    def photo_rows(self) -> list[PhotoRow]:
        """Scores of each photo, the worst first."""
        dice = per_photo_dice9(self.matrices)
        two = dice2(self.matrices, self.classes)
        rows: list[PhotoRow] = [
            {
                "photo": path,
                "id": self.evaluation.photo_ids[i],
                "group": self.evaluation.groups[i],
                "dice9": float(dice[i]),
                "dice2": float(two[i]),
                "nsd": float(macro(self.photos[i].boundary.nsd)),
                "hd95": float(macro(self.photos[i].boundary.hd95)),
                "tone": self.photos[i].tone,
            }
            for i, path in enumerate(self.paths)
        ]
        return sorted(rows, key=lambda row: (np.isnan(row["dice9"]), row["dice9"]))

    def to_json(self, mode: str = "default") -> Json:
        """Return all of it as one JSON object, NaN as null."""
        values: Json = {
            **self.evaluation.to_json(),
            "groups": self.bootstrap.groups,
            **{name: value for name, (value, _) in self.headlines.items()},
            "ci95": {name: ends for name, (_, ends) in self.headlines.items()},
            "per_class": self.per_class,
            "without_score": self.without_score,
            "confusion": self.matrices.sum(0).tolist(),
            "reliability": {name: row.tolist() for name, row in asdict(self.reliability).items()},
            "overconfident": self.reliability.overconfident,
            "parts": {name: [part.to_json() for part in parts] for name, parts in self.parts.items()},
            "photo_scores": self.photo_rows(),
            "mode": mode,
        }
        if mode != "default":
            parity = self.parity(mode)
            values["parity"] = {name: value for name, (value, _) in parity.items()}
            values["parity_ci95"] = {name: ends for name, (_, ends) in parity.items()}
        return json_object(values)
