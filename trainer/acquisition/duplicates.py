"""Near duplicates: a hash of what a photo looks like, and bursts of photos that are alike.

The hash holds the signs of the lowest frequencies of brightness (pHash): 8 x 8 coefficients of the cosine
transform of a thumbnail, each above or below their median. Measured on 409 photos scaled to other sizes,
recompressed and made darker or lighter, at most 4 of the 64 bits changed; of 83,436 pairs of different photos
1 was within 6 bits. With the hash of differences (dHash) it was 6 bits, and 12 pairs. No torch.

Features know a scene again whose picture changes: of the same pairs 6 were within 2 bits by a hash of
MobileSAM's features, all of one hand with another gesture, whose pictures are 12 to 22 bits apart. A photo
that was turned by 6 degrees and cropped by a tenth is found in neither way (3 % within 2 bits).
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from PIL import Image

from trainer.acquisition.diversity import comparable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

NEAR, NEAR_FEATURES = 6, 2
"""Bits in which hashes of a burst may differ, of 64: of pictures, and of features."""
THUMBNAIL = 32
COSINES = np.cos(np.pi / (2 * THUMBNAIL) * np.outer(np.arange(1, 9), 2 * np.arange(THUMBNAIL) + 1))
"""Rows are the eight slowest waves; that of the mean is left out."""
Hashes = npt.NDArray[np.uint64]
Groups = npt.NDArray[np.int64]


def picture_hash(photo: npt.NDArray[np.uint8]) -> int:
    """Hash a photo ``(H, W, 3)`` or ``(H, W)`` uint8 of any size to 64 bits."""
    grey = Image.fromarray(np.ascontiguousarray(photo)).convert("L")
    small = np.asarray(grey.resize((THUMBNAIL, THUMBNAIL), Image.Resampling.BOX), np.float32)
    low = (COSINES @ (small - small.mean()) @ COSINES.T).ravel()
    bits = np.packbits(low > np.median(low) + 1e-2)  # a photo of one colour has no sign
    return int.from_bytes(bits.tobytes(), "big")


def bursts_of(hashes: Hashes, near: int = NEAR) -> Groups:
    """Group photos whose hashes differ in at most so many bits, directly or through others.

    Hashes that differ in at most `near` bits agree in at least one of ``near + 1`` bands of bits (Norouzi et
    al. 2012, "Fast search in Hamming space with multi-index hashing"), so that only photos that share a band
    are compared.

    Parameters
    ----------
    hashes
        ``(N,)`` uint64.

    Returns
    -------
    int64 array
        ``(N,)``: the number of each photo's burst, counted in the order of the photos.
    """
    hashes = np.asarray(hashes, np.uint64)
    unique, inverse = np.unique(hashes, return_inverse=True)
    roots = np.arange(len(unique))
    edges = np.linspace(0, 64, near + 2).round().astype(int)
    for low, high in pairwise(edges):
        band = (unique >> np.uint64(low)) & np.uint64((1 << int(high - low)) - 1)
        order = np.argsort(band, kind="stable")
        for members in np.split(order, np.flatnonzero(np.diff(band[order])) + 1):
            _join_near(unique, members, roots, near)
    return _numbered(_top(roots)[inverse])


def feature_hashes(features: npt.NDArray[np.floating], seed: int = 0) -> Hashes:
    """Hash photos by their features ``(N, D)``: on which side of 64 random planes each lies.

    Of two photos whose features are at an angle, that angle's share of 180 degrees of the bits differs
    (Charikar 2002, "Similarity estimation techniques from rounding algorithms"): `bursts_of` with ``near=2``
    finds photos of about one scene that were taken from elsewhere, whose pictures have other hashes.
    """
    vectors, _ = comparable(features, np.zeros((0, 0), np.float32))
    planes = np.random.default_rng(seed).normal(size=(vectors.shape[1], 64)).astype(np.float32)
    bits = np.packbits(vectors @ planes > 0, axis=1)
    return bits.view(">u8").ravel().astype(np.uint64)


def alike(
    known: Sequence[int], hashes: Mapping[int, int], vectors: Mapping[int, npt.NDArray[np.floating]]
) -> Groups:
    """Group photos into bursts, by their pictures and by their features.

    Parameters
    ----------
    known
        The photos, N ids.
    hashes, vectors
        Hash of the picture and features ``(D,)`` by id, of photos for which they are kept.

    Returns
    -------
    int64 array
        ``(N,)``: the number of each photo's burst.
    """
    pictures = _among(known, hashes, lambda ids: bursts_of(np.array([hashes[i] for i in ids], np.uint64)))
    features = _among(
        known,
        vectors,
        lambda ids: bursts_of(feature_hashes(np.stack([vectors[i] for i in ids])), NEAR_FEATURES),
    )
    return joined(pictures, features)


def _among(
    known: Sequence[int], kept: Mapping[int, object], grouped: Callable[[list[int]], Groups]
) -> Groups:
    """Group those photos of which something is kept; each of the others is a group of its own."""
    found = np.arange(len(known))
    rows = [row for row, photo_id in enumerate(known) if photo_id in kept]
    if rows:
        found[rows] = len(known) + grouped([known[row] for row in rows])
    return _numbered(found)


def joined(one: Groups, other: Groups) -> Groups:
    """Bursts of photos that are together in either of two groupings, directly or through others."""
    label = np.arange(len(one))
    while True:
        before = label
        for groups in (one, other):
            smallest = np.full(int(groups.max(initial=0)) + 1, len(one))
            np.minimum.at(smallest, groups, label)
            label = smallest[groups]
        if (label == before).all():
            return _numbered(label)


def _numbered(names: npt.NDArray[np.intp]) -> Groups:
    """Count groups in the order in which they first appear."""
    _, first, numbers = np.unique(names, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[numbers].astype(np.int64)


def _join_near(hashes: Hashes, members: npt.NDArray[np.intp], roots: npt.NDArray[np.intp], near: int) -> None:
    for place, one in enumerate(members[:-1]):
        others = members[place + 1 :]
        close = others[np.bitwise_count(hashes[others] ^ hashes[one]) <= near]
        for other in close:
            a, b = _root(roots, one), _root(roots, other)
            roots[max(a, b)] = min(a, b)


def _root(roots: npt.NDArray[np.intp], at: np.intp) -> np.intp:
    while roots[at] != at:
        roots[at] = roots[roots[at]]
        at = roots[at]
    return at


def _top(roots: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    while (roots[roots] != roots).any():
        roots = roots[roots]
    return roots
