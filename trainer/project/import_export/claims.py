"""Claims of masks on photos: the photo that each mask file belongs to, and what two of them do to one."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trainer.errors import PhotoError
from trainer.project.photo import composed
from trainer.project.photos.masks_among_photos import stem_of_mask

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trainer.project.photos.photos import Photo
    from trainer.project.project import Project

__all__ = ["Claim", "claim_of", "rivals"]

_KINDS = re.compile(
    r"(?<![a-z])(masks?|labels?|seg|segmentations?|segmentationclass|annotations?|gt|ground_?truths?|truths?|"
    r"preds?|predictions?|images?|imgs?|photos?|pictures?|jpegimages|jpe?gs?|pngs?)(?![a-z])"
)
"""Words in names of folders that say what kind of files they hold, and not of whom."""


@dataclass(frozen=True)
class Claim:
    """The photo of one mask, and whether their relative paths are the same but for the suffix."""

    photo_id: int
    relpath: str
    exact: bool


def claim_of(project: Project, name: str, whole: bool = False) -> Claim:
    """Return the photo that a mask file belongs to.

    It is the one with its relative path (with or without the photo's own suffix), else the only one with its
    stem, unless their folders are of two things: `a/001` is not `b/001`. Ids name no file. `whole` says that
    the name is the photo's own, suffix and all.

    Raises
    ------
    PhotoError
        If there is none, or more than one.
    """
    bare = os.path.splitext(name)[0]
    try:
        found = project.photos.find_path(name) if whole else None
        found = found or project.photos.find_path(bare)
        if found is not None:
            return Claim(found.id, found.relpath, True)
        photo = project.photos.find(bare.rpartition("/")[2], by_id=False)
    except PhotoError as error:
        many = "is the name of" in str(error)
        raise PhotoError(
            str(error) if many else f"no photo is called {bare}{_meant(project, bare)}"
        ) from error
    _check_folder(project, bare, photo)
    return Claim(photo.id, photo.relpath, False)


def rivals(claims: Sequence[Claim | None]) -> dict[int, int]:
    """Return which claims do not count, each with the one that stands against it.

    Of several on one photo the only exact one counts. Where there is none, or two, none of them does: that
    one is read first makes it no better.
    """
    of_photo: dict[int, list[int]] = {}
    for place, claim in enumerate(claims):
        if claim is not None:
            of_photo.setdefault(claim.photo_id, []).append(place)
    against: dict[int, int] = {}
    for places in of_photo.values():
        exact = [place for place in places if (claim := claims[place]) is not None and claim.exact]
        winner = exact[0] if len(exact) == 1 else None
        for place in places if len(places) > 1 else []:
            if place != winner:
                against[place] = next(p for p in (winner, *places) if p is not None and p != place)
    return against


def _meant(project: Project, bare: str) -> str:
    """Say which photo a file such as 1_mask.png is probably of."""
    last = stem_of_mask(bare.rpartition("/")[2])
    if last is None:
        return ""
    try:
        photo = project.photos.find(last, by_id=False)
    except PhotoError:
        return ""
    return f"; is it of {photo.relpath}? Rename it to {last}.png"


def _check_folder(project: Project, bare: str, photo: Photo) -> None:
    folder, its_folder = bare.rpartition("/")[0], photo.relpath.rpartition("/")[0]
    if not folder or folder == its_folder:
        return
    ours, its = _whose(folder), _whose(its_folder)
    alike = not ours or not its or ours[-len(its) :] == its or its[-len(ours) :] == ours
    if not alike or project.photos.any_in(folder):
        raise PhotoError(f"no photo is called {bare}; {photo.relpath} has that name, but in another folder")


def _whose(folder: str) -> list[str]:
    """Return the parts of a folder's path that say of whom its files are."""
    parts = (_KINDS.sub("", part) for part in composed(folder.lower()).split("/"))
    return [bare for part in parts if (bare := re.sub(r"[\W_]+", " ", part).strip())]
