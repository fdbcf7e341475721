"""The rivals' way on our features: scribbles on the open photo teach a forest or boosted trees the rest.

    python -m benchmarks.rivals PROJECT --scribbles 1 2 3

A random forest on an encoder's features is how FeatureForest works, gradient-boosted trees how
napari-convpaint does; here both see the frozen backbone of our probe at a quarter of the working size (the
trees its 64 principal components on the photo: with all they take half a minute an answer), with the same
refinement along edges. The simulated hand draws one scribble through the largest region of every class of
the photo (one in each round, then where most is wrong), waits for nothing, and mends the answer: seconds as a
share of painting the photo from nothing, beside `benchmarks.effort`. PROJECT is what that makes.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from sklearn.decomposition import PCA
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from torch.nn import functional as F

from trainer.data.photo_cache import WorkingPhotos, project_cache
from trainer.effort.costs import HANDS
from trainer.effort.hand import LEAST, Hand, at_working_size
from trainer.effort.paired import paired_share
from trainer.effort.strokes import Stroke, covered_by, sweep, wrong_regions
from trainer.evaluation.validation import readable_truth
from trainer.features.cache import FeatureExtractor, feature_cache
from trainer.inference.edges import refined_bands
from trainer.inference.predictor import to_working_size
from trainer.labels.truth import to_labels
from trainer.networks.probe import gather, join
from trainer.project.project import Project
from trainer.training.standalone import run_standalone

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import NDArray
    from sklearn.base import ClassifierMixin

    Labels = NDArray[np.uint8]

RIVALS = ("random forest", "boosted trees")
BRUSH = 6.0
"""Diameter of a scribble, pixels of the working mask."""


def classifier(name: str) -> ClassifierMixin:
    """Build an untrained one."""
    if name == "random forest":
        return RandomForestClassifier(100, class_weight="balanced", n_jobs=1, random_state=0)
    return HistGradientBoostingClassifier(max_iter=60, class_weight="balanced", random_state=0)


def pixel_features(extractor: FeatureExtractor, photo: Labels) -> tuple[NDArray[np.float32], tuple[int, int]]:
    """Features ``(P, D)`` of all pixels of the backbone's finest stage, and rows and columns of these."""
    stages = extractor.stages(photo)
    height, width = stages[0].shape[-2:]
    own, shared = gather(stages, torch.arange(height * width))
    return join(own, shared.expand(len(own), -1)).numpy(), (height, width)


def scribbles(labels: Labels, truth: Labels) -> list[tuple[Stroke, Labels]]:
    """One scribble through the largest region of each class that lacks its label, and what it covers."""
    found = {}
    for value in np.unique(truth[truth > 0]):
        regions = wrong_regions(np.where(truth == value, labels, truth), truth, LEAST * truth.size)
        if regions:
            way, width = sweep(regions[0][1])
            painted = covered_by(way, min(BRUSH, width), truth.shape) & (truth == value)
            found[value] = Stroke(int(value), way, width, 0), painted
    return list(found.values())


def answer(
    model: ClassifierMixin,
    features: NDArray[np.float32],
    size: tuple[int, int],
    scribbled: Labels,
    photo: Labels,
) -> Labels:
    """Labels of the whole photo at the size of the scribbles."""
    rows, columns = (
        np.minimum((np.arange(n) + 0.5) * (full / n), full - 1).astype(int)
        for n, full in zip(size, scribbled.shape, strict=True)
    )
    known = scribbled[np.ix_(rows, columns)].ravel()
    if len(np.unique(known[known > 0])) < 2:
        return scribbled
    model.fit(features[known > 0], known[known > 0])
    maps = model.predict_proba(features).T.reshape(-1, *size).astype(np.float32)
    large = F.interpolate(torch.from_numpy(maps)[None], photo.shape[:2], mode="bilinear")[0]
    refined = torch.cat([band for _, band in refined_bands([(0, large)], photo, len(large))], dim=1)
    small = F.interpolate(refined[None], scribbled.shape, mode="bilinear")[0].argmax(dim=0).numpy()
    labels = model.classes_[small].astype(np.uint8)
    return np.where(scribbled > 0, scribbled, labels)


def print_rivals(path: Path, rounds: Collection[int], n_photos: int) -> None:
    """Print a table for both hands, after so many rounds of scribbles, of the first validation photos."""
    seconds: dict[tuple[str, str, int], list[float]] = {}
    nothing: dict[str, list[float]] = {name: [] for name in HANDS}
    with Project.open(path) as project, tempfile.TemporaryDirectory() as folder:
        trained = run_standalone(project, project.settings, folder=Path(folder), recipe="probe", steps=1)
        extractor = FeatureExtractor(trained.network, feature_cache(project))
        photos = WorkingPhotos(project, None, project_cache(project))
        for known in readable_truth(project, project.masks.truth("val"))[:n_photos]:
            photo = photos.photo(known.photo_id)
            full = to_labels(np.array(photos.target(known.photo_id, known.revision_id, photo.shape[:2])))
            truth = at_working_size(full)
            working = to_working_size(photo, trained.plan.long_side)
            features, size = pixel_features(extractor, working)
            seen_by = dict(
                zip(RIVALS, (features, PCA(64, random_state=0).fit_transform(features)), strict=True)
            )
            for hand, costs in HANDS.items():
                nothing[hand].append(Hand(costs).seconds_from_nothing(full))
            for name in RIVALS:
                scribbled, labels = np.zeros_like(truth), np.zeros_like(truth)
                spent = dict.fromkeys(HANDS, 0.0)
                for count in range(1, max(rounds) + 1):
                    for stroke, painted in scribbles(labels, truth):
                        scribbled[painted] = stroke.value
                        for hand, costs in HANDS.items():
                            spent[hand] += costs.of(stroke, max(truth.shape))
                    labels = answer(classifier(name), seen_by[name], size, scribbled, working)
                    if count in rounds:
                        for hand, costs in HANDS.items():
                            total = spent[hand] + Hand(costs).seconds(labels, truth)
                            seconds.setdefault((hand, name, count), []).append(total)
    for (hand, name, count), spent_ in sorted(seconds.items()):
        print(f"{hand:9} {name:14} {count} a class: {paired_share(spent_, nothing[hand])}")


def main() -> None:
    """Run it on a project."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("project", type=Path)
    parser.add_argument("--scribbles", type=int, nargs="+", default=[1, 2, 3], help="rounds of scribbles")
    parser.add_argument("--photos", type=int, default=10_000)
    args = parser.parse_args()
    print_rivals(args.project, args.scribbles, args.photos)


if __name__ == "__main__":
    main()
