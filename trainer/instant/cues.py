"""What is known of an open photo before a stroke: features of its cells, a model's opinion, and its edges.

Shape suffixes of arrays: H, W cells of a grid of about four pixels of the small photo; K classes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
from PIL import Image

from trainer.instant.edges import Guide
from trainer.instant.resized import resized

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Bytes = NDArray[np.uint8]

Source: TypeAlias = Literal["activations", "embedding", "colours"]

SIDE = 384
"""Photos are looked at with this long side."""
CELL = 4
DEPTH = 32
"""Features of a cell that a model gives, behind its probabilities."""


@dataclass(frozen=True, eq=False)
class Cues:
    """A photo, ready to follow strokes; made once, which takes a tenth of a second or two.

    Attributes
    ----------
    features
        ``(H, W, D)`` float32: a network's, where there is one, and the colours; the mean square distance of
        each of the two from its mean is 1.
    prior
        ``(K, H, W)`` probabilities before any stroke; zeros without a model.
    edges
        The small photo.
    refined
        The prior at the size of the small photo, along its edges.
    source
        Where the features come from.
    suggested
        Whether there is a prior.
    """

    features: Floats
    prior: Floats
    edges: Guide
    refined: Floats
    source: Source
    suggested: bool

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns of the cells."""
        return self.prior.shape[1], self.prior.shape[2]


def cues_of(
    photo: Bytes,
    classes: int,
    activations: NDArray[np.float16] | None = None,
    labels: Bytes | None = None,
    confidence: Bytes | None = None,
    embedding: NDArray[np.float16] | None = None,
) -> Cues:
    """Prepare a photo.

    Parameters
    ----------
    photo
        ``(height, width, 3)`` uint8, also a smaller copy of the photo.
    classes
        Classes of the project.
    activations
        ``(H, W, K + DEPTH)`` as `trainer.inference.activations` makes them, of the model whose suggestion is
        shown; None: the embedding or the colours stand for them.
    labels, confidence
        uint8, of any one size: the suggestion, where it is not that of the activations; None: there is none.
    embedding
        ``(256, 64, 64)``, of MobileSAM.

    Raises
    ------
    ValueError
        Activations that `usable` would have refused.
    """
    small = _small(photo)
    edges = Guide(small)
    height, width = edges.shape
    source: Source = "colours"
    parts: list[Floats] = []
    if activations is not None:
        if not usable(activations, classes):
            raise ValueError(f"activations {activations.shape} are of no model of {classes} classes")
        source, known = "activations", activations.shape[2] - DEPTH
        values = activations.astype(np.float32)
        prior = _prior(labels, confidence, classes, (values.shape[0], values.shape[1]))
        if labels is None:
            prior[:known] = values[..., :known].transpose(2, 0, 1)
        parts.append(values[..., known:])
    else:
        prior = _prior(labels, confidence, classes, (-(-height // CELL), -(-width // CELL)))
        if embedding is not None:
            source = "embedding"
            parts.append(_reduced(embedding, prior.shape[1:]))
    colours = np.divide(small, 255, dtype=np.float32).transpose(2, 0, 1)
    parts.append(resized(colours, prior.shape[1:]).transpose(1, 2, 0))
    features = np.concatenate([_standardised(part) for part in parts], axis=2)
    refined = edges.filtered(prior)
    return Cues(features, prior, edges, refined, source, bool(prior.any()))


def _small(photo: Bytes) -> Bytes:
    height, width = photo.shape[:2]
    scale = min(1.0, SIDE / max(height, width))
    rows, columns = (max(1, round(side * scale)) for side in (height, width))
    if (rows, columns) == (height, width):
        return photo
    return np.asarray(Image.fromarray(photo).resize((columns, rows), Image.Resampling.BOX))


def usable(activations: NDArray[np.float16], classes: int) -> bool:
    """Tell whether activations can be of a model of these classes: an older one may know fewer."""
    shaped = activations.ndim == 3 and DEPTH < activations.shape[2] <= classes + DEPTH
    return shaped and activations.size > 0 and bool(np.isfinite(activations).all())


def _reduced(embedding: NDArray[np.float16], grid: tuple[int, int]) -> Floats:
    """Return an embedding ``(C, h, w)`` of a photo filled up to a square as features of the photo's cells."""
    rows, columns = (max(1, round(embedding.shape[1] * side / max(grid))) for side in grid)
    inside = embedding[:, :rows, :columns].astype(np.float32)
    units = inside.reshape(len(inside), -1).T
    units = units - units.mean(axis=0)
    axes = np.linalg.eigh(units.T @ units)[1][:, ::-1][:, :DEPTH]
    maps = (units @ axes).T.reshape(-1, rows, columns)
    return resized(maps, grid).transpose(1, 2, 0)


def _prior(labels: Bytes | None, confidence: Bytes | None, classes: int, grid: tuple[int, int]) -> Floats:
    """Probabilities that a suggestion stands for: its confidence, and the rest for all other classes."""
    prior = np.zeros((classes, *grid), np.float32)
    if labels is None or not labels.any():
        return prior
    cells = at_cells(labels, grid)
    sure = np.full(grid, 0.8, np.float32)
    if confidence is not None and confidence.shape == labels.shape:
        sure = np.clip(at_cells(confidence, grid).astype(np.float32) / 255, 1 / classes, 0.98)
    known = (cells > 0) & (cells <= classes)
    prior += np.where(known, (1 - sure) / max(classes - 1, 1), 0)
    rows, columns = np.nonzero(known)
    prior[cells[known].astype(int) - 1, rows, columns] = sure[known]
    return prior


def _standardised(features: Floats) -> Floats:
    features = features - features.mean(axis=(0, 1))
    scale = float(np.sqrt((features**2).sum(axis=2).mean()))
    return features / max(scale, 1e-6)


def at_cells(values: Bytes, grid: tuple[int, int]) -> Bytes:
    """Take the values ``(height, width)`` under the middles of the cells of a grid."""
    if values.shape == grid:
        return values
    rows, columns = (
        ((np.arange(n) + 0.5) * (side / n)).astype(np.intp)
        for n, side in zip(grid, values.shape, strict=True)
    )
    found: Bytes = values[rows[:, None], columns]
    return found
