"""Names that lead to photos: the photos at a path, and the mend where one leads to several."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from trainer.project.photo import composed, without_suffix

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import sqlalchemy as sa

    from trainer.project.photo import Photo

__all__ = ["at_path", "said_of_several"]


def at_path(
    rows: Sequence[sa.Row[Any]], name: str, root_path: Callable[[int], Path]
) -> Sequence[sa.Row[Any]]:
    """Return the rows of photos at a relative path, suffix or not, or at the end of a longer one.

    Parameters
    ----------
    rows : sequence of Row
        Of the photos with the stem.
    name : str
        With "/".
    root_path : callable
        From the id of an added folder to its place.
    """
    name = composed(name)
    matches = [row for row in rows if name in map(composed, (row.relpath, without_suffix(row.relpath)))]
    matches = [row for row in matches if composed(row.relpath) == name] or matches
    if len(matches) == 1 or "/" not in name:
        return matches
    whole = [row for row in rows if _ends(root_path(row.root_id) / row.relpath, name)]
    return whole if len(whole) == 1 else matches


def said_of_several(name: str, photos: Sequence[Photo]) -> str:
    """Say that a name is that of several photos, and how to tell them apart."""
    first, other = photos[:2]
    if first.relpath == other.relpath:  # of two folders that were added
        root = first.path.parents[first.relpath.count("/")].name
        mend = f"the name of its folder before it, as in {root}/{name}.png"
    else:
        mend = f"the photo's suffix too, as in {first.relpath}.png"
    return f"{name!r} is the name of {len(photos)} photos: {first.relpath} and {other.relpath}; write {mend}"


def _ends(path: Path, name: str) -> bool:
    whole, end = composed(path.as_posix()), f"/{name.lstrip('/')}"
    return whole.endswith(end) or without_suffix(whole).endswith(end)
