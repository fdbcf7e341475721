"""Masks of a folder as the truth to compare with: which photos they belong to, and which belong to none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from trainer.errors import ConfigError, MaskError, PhotoError
from trainer.labels.truth import to_targets
from trainer.project.import_export.claims import Claim, claim_of, rivals
from trainer.project.import_export.mask_files import MaskFiles, find_masks, named
from trainer.project.import_export.reading import Reading, check_set, reading_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from trainer.data.photo_cache import Bytes
    from trainer.project.project import Project


@dataclass(frozen=True)
class GivenMasks:
    """PNG masks of a folder, in the tree of the photos as `export` writes it or flat.

    Attributes
    ----------
    folder : Path
        Where they are.
    reading : Reading
        What their values mean.
    files : MaskFiles
        What is in the folder.
    of_photos : dict of int to str
        File of each photo of the split, by its id.
    unmatched : list of str
        Files that belong to no photo.
    other_splits : int
        Files of photos of other splits.
    """

    folder: Path
    reading: Reading
    files: MaskFiles
    of_photos: dict[int, str]
    unmatched: list[str]
    other_splits: int

    @property
    def readers(self) -> list[tuple[int, Callable[[], Bytes]]]:
        """Photo ids, each with the function that reads its targets, (height, width) uint8."""

        def reader(name: str) -> Callable[[], Bytes]:
            return lambda: to_targets(self.reading.read(self.folder / name).labels)

        return [(photo_id, reader(name)) for photo_id, name in self.of_photos.items()]

    @property
    def left_out(self) -> list[str]:
        """One line for each kind of files that nothing was compared with."""
        lines = []
        if self.unmatched:
            lines.append(f"no photo for {len(self.unmatched):,} masks: {named(self.unmatched)}")
        if self.other_splits:
            lines.append(f"not compared, of other splits: {self.other_splits:,} masks")
        return lines + self.files.passed_over

    def to_json(self) -> dict[str, object]:
        """Plain Python, for programs."""
        return {
            "compared": len(self.of_photos),
            "unmatched": self.unmatched,
            "other_splits": self.other_splits,
            "passed_over": self.files.others,
            "left_out": self.left_out,
            "values": self.reading.source or "class indices",
        }


def match_masks(
    project: Project,
    folder: Path,
    split: str,
    ids: str | Path | None = None,
    binary: str | None = None,
) -> GivenMasks:
    """Find the photo of each PNG mask of a folder, as an import does; none is read in full before its turn.

    Parameters
    ----------
    project : Project
        Whose photos.
    folder : Path
        Where the masks are; subfolders too.
    split : str
        Whose photos are compared.
    ids, binary
        Meaning of the values; see `import_masks`.

    Raises
    ------
    MaskError
        If there is no such folder, two files belong to one photo, or all may mean two things.
    ConfigError
        If `ids` or `binary` is not usable.
    SkinsegError
        If no mask belongs to a photo of the split.
    """
    files = find_masks(folder, ".png")
    reading = reading_of(project.classes, folder, ids=ids, binary=binary)
    found = GivenMasks(folder, reading, files, *_matched(project, files.masks, split))
    if not found.of_photos:
        why = "".join(f"; {line}" for line in found.left_out)
        raise ConfigError(
            f"no mask in {folder} belongs to a {split} photo: there is nothing to compare with{why}"
        )
    check_set(reading, folder, files.masks)
    return found


def _matched(project: Project, names: list[str], split: str) -> tuple[dict[int, str], list[str], int]:
    claims = [_claim_or_none(project, name) for name in names]
    against = rivals(claims)
    of_photos: dict[int, str] = {}
    unmatched, other_splits = list[str](), 0
    for place, (name, claim) in enumerate(zip(names, claims, strict=True)):
        if claim is None or (place in against and against[place] not in against):
            unmatched.append(name)
        elif project.photos.get(claim.photo_id).split != split:
            other_splits += 1
        elif place in against:
            both = f"{name} and {names[against[place]]}"
            raise MaskError(f"{both} belong to the same photo, {claim.relpath}; keep one of them")
        else:
            of_photos[claim.photo_id] = name
    return of_photos, unmatched, other_splits


def _claim_or_none(project: Project, name: str) -> Claim | None:
    try:
        return claim_of(project, name)
    except PhotoError:
        return None
