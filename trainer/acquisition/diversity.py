"""Photos that are unlike each other: k-centre, k-means with the most typical photo of each cluster, coverage.

All distances are Euclidean between standardised vectors; N photos, M chosen before, D dimensions.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.float32]
Rows = npt.NDArray[np.intp]
Rule = Callable[[Vectors, Vectors, int, np.random.Generator], list[int]]
"""Rows to choose, in order, from vectors, those of labelled photos, how many, and a generator."""


def comparable(features: Vectors, labelled: Vectors) -> tuple[Vectors, Vectors]:
    """Give every photo a vector of length one, of features in units of their deviation in the pool.

    NaN and infinities become the mean. Labelled photos of other features than the pool's count as none.
    """
    features = np.asarray(features, np.float32)
    if labelled.shape[1:] != features.shape[1:]:
        labelled = np.zeros((0, features.shape[1]), np.float32)
    both = np.concatenate([features, labelled]).astype(np.float32)
    both[~np.isfinite(both)] = np.nan
    with np.errstate(invalid="ignore"):
        counted = np.maximum(np.isfinite(both).sum(axis=0), 1)
        mean = np.nansum(both, axis=0) / counted
        spread = np.sqrt(np.nansum((both - mean) ** 2, axis=0) / counted)
    flat = np.nan_to_num((both - mean) / np.maximum(spread, 1e-6))
    flat /= np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-6)
    return flat[: len(features)], flat[len(features) :]


def distances(vectors: Vectors, centre: Vectors) -> Vectors:
    """Squared distances ``(N,)`` of unit vectors to one unit vector."""
    found: Vectors = np.maximum(2 - 2 * (vectors @ centre), 0)
    return found


def to_nearest(vectors: Vectors, centres: Vectors) -> Vectors:
    """Squared distances ``(N,)`` to the nearest of some unit vectors; infinite where there are none."""
    nearest = np.full(len(vectors), np.inf, np.float32)
    for start in range(0, len(centres), 256):
        found = 2 - 2 * (vectors @ centres[start : start + 256].T).max(axis=1)
        nearest = np.minimum(nearest, np.maximum(found, 0))
    return nearest


def k_centre(
    vectors: Vectors,
    centres: Vectors,
    count: int,
    rng: np.random.Generator,
    weight: Vectors | None = None,
) -> list[int]:
    """Choose rows one by one, each the one farthest from all before (Sener & Savarese 2018, "Core-set").

    Parameters
    ----------
    vectors, centres
        Unit vectors of the photos, and of those that are labelled; with none the first row is that of the
        largest weight, else a random one.
    weight
        ``(N,)`` by which squared distances are multiplied.
    """
    weight = np.ones(len(vectors), np.float32) if weight is None else weight
    nearest = to_nearest(vectors, centres)
    chosen: list[int] = []
    free = np.ones(len(vectors), bool)
    for _ in range(min(count, len(vectors))):
        far = np.where(np.isinf(nearest), 4.0, nearest) * weight + 1e-9 * rng.random(len(vectors))
        row = int(np.where(free, far, -np.inf).argmax())
        chosen.append(row)
        free[row] = False
        nearest = np.minimum(nearest, distances(vectors, vectors[row]))
    return chosen


def k_means(vectors: Vectors, clusters: int, rng: np.random.Generator, rounds: int = 20) -> Vectors:
    """Centres ``(clusters, D)`` by Lloyd's algorithm from k-means++ starts (Arthur & Vassilvitskii 2007)."""
    centres = vectors[[int(rng.integers(len(vectors)))]]
    nearest = ((vectors - centres[0]) ** 2).sum(axis=1)
    for _ in range(clusters - 1):
        total = float(nearest.sum())
        chance = nearest / total if total > 0 else np.full(len(vectors), 1 / len(vectors))
        chance = chance.astype(np.float64) / chance.astype(np.float64).sum()
        centres = np.concatenate([centres, vectors[[int(rng.choice(len(vectors), p=chance))]]])
        nearest = np.minimum(nearest, ((vectors - centres[-1]) ** 2).sum(axis=1))
    for _ in range(rounds):
        owner = assign(vectors, centres)
        size = np.bincount(owner, minlength=clusters)
        sums = np.zeros_like(centres)
        np.add.at(sums, owner, vectors)
        centres = np.where(size[:, None] > 0, sums / np.maximum(size, 1)[:, None], centres)
    return centres


def assign(vectors: Vectors, centres: Vectors) -> Rows:
    """Return the nearest centre of each vector, ``(N,)``."""
    found: Rows = ((centres**2).sum(axis=1) - 2 * (vectors @ centres.T)).argmin(axis=1)
    return found


def typical_rows(
    vectors: Vectors, centres: Vectors, count: int, rng: np.random.Generator, neighbours: int = 20
) -> list[int]:
    """Choose the most typical photo of each of the largest clusters that hold no labelled photo.

    Hacohen et al. 2022, "Active learning on a budget": as many clusters as there are labelled and wanted
    photos; typicality is the inverse of the mean distance to the nearest neighbours within the cluster.
    """
    clusters = min(len(centres) + count, len(vectors))
    means = k_means(vectors, clusters, rng)
    owner = assign(vectors, means)
    size = np.bincount(owner, minlength=clusters).astype(float)
    if len(centres):
        covered = np.bincount(assign(centres, means), minlength=clusters)
        size /= 1 + 1e6 * covered  # those without a label first, then the largest
    chosen: list[int] = []
    for cluster in np.argsort(-size, kind="stable"):
        members = np.flatnonzero(owner == cluster)
        if len(chosen) == count:
            break
        if len(members):
            chosen.append(int(members[_typicality(vectors[members], neighbours).argmax()]))
    taken = np.zeros(len(vectors), bool)
    taken[chosen] = True
    rest = np.flatnonzero(~taken)
    return chosen + [int(row) for row in rng.permutation(rest)[: count - len(chosen)]]


def _typicality(vectors: Vectors, neighbours: int) -> Vectors:
    squared = np.maximum(2 - 2 * (vectors @ vectors.T), 0)
    near = min(neighbours + 1, len(vectors))
    nearest = np.partition(squared, near - 1, axis=1)[:, :near]
    found: Vectors = -np.sqrt(nearest).mean(axis=1)
    return found


def coverage(
    vectors: Vectors,
    centres: Vectors,
    worth: npt.NDArray[np.floating],
    cost: npt.NDArray[np.floating],
    count: int,
    reference: Rows,
) -> list[tuple[int, float]]:
    """Choose rows one by one, each the one whose label helps the others most for its cost.

    A label helps a photo as far as it is more like it than all labels before (facility location, Wei et al.
    2015, "Submodularity in data subset selection and active learning"), times what help is worth there.

    Parameters
    ----------
    worth
        ``(N,)`` of each photo.
    cost
        ``(N,)``, positive.
    reference
        Rows that stand for all that can be helped.

    Returns
    -------
    list of (int, float)
        Rows and their gain for the cost.
    """
    likeness = np.maximum(vectors @ vectors[reference].T, 0)  # (N, R)
    best = (
        np.maximum((centres @ vectors[reference].T).max(axis=0), 0)
        if len(centres)
        else np.zeros(len(reference), np.float32)
    )
    weight = np.asarray(worth[reference], np.float32)
    gains = np.maximum(likeness - best, 0) @ weight / cost
    heap = [(-float(gain), row) for row, gain in enumerate(gains)]
    heapq.heapify(heap)
    chosen: list[tuple[int, float]] = []
    while heap and len(chosen) < count:
        # A gain only ever shrinks: the row still first when counted anew is the best (Minoux 1978).
        row = heap[0][1]
        gain = float(np.maximum(likeness[row] - best, 0) @ weight / cost[row])
        if len(heap) > 1 and (-gain, row) > min(heap[1:3]):
            heapq.heapreplace(heap, (-gain, row))
            continue
        heapq.heappop(heap)
        chosen.append((row, gain))
        best = np.maximum(best, likeness[row])
    return chosen
