"""Meaning of the pixel values of a folder of masks: said by its maker, or evident, or refused."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from trainer.errors import ConfigError, MaskError
from trainer.labels.ids import CLASSES_FILE, Ids, Labels, is_classes_file, read_ids, translate
from trainer.labels.png import read_written
from trainer.labels.values import IGNORE
from trainer.project.import_export.ngff import named_ids, read_ngff
from trainer.project.import_export.palettes import check_palette, is_voc
from trainer.project.import_export.resampled import steps_between
from trainer.spelling import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from trainer.labels.classes import ClassSet
    from trainer.project.import_export.formats import Format

__all__ = ["VOC", "Mask", "Reading", "check_set", "indices", "reading_of", "thing"]

VOC = "VOC's palette"
"""Source of the meaning of masks of Pascal VOC without a table of names."""


@dataclass(frozen=True)
class Mask:
    """One mask file as it was understood.

    Attributes
    ----------
    labels : NDArray of uint8
        (height, width), 0 = not labelled, else class index + 1.
    steps : dict of int to int
        Labels that occur only as thin lines between a lower and a higher one, and their pixels.
    """

    labels: Labels
    steps: dict[int, int]


@dataclass(frozen=True)
class Reading:
    """How the values of the masks of a folder are understood.

    Attributes
    ----------
    classes : ClassSet
        Of the project.
    format : {"png", "ngff"}
        Of the files.
    ids : mapping of int to int, or None
        What was said of the values; else they are class indices, where that is evident.
    binary : int or None
        Label of all that is not 0, in masks of one thing.
    source : str
        Where the meaning was said: ``--ids``, ``--binary``, ``classes.csv``, `VOC`, or nowhere.
    """

    classes: ClassSet
    format: Format
    ids: Ids | None = None
    binary: int | None = None
    source: str = ""

    def read(self, path: Path) -> Mask:
        """Read one mask.

        Raises
        ------
        MaskError
            If it is damaged, or its values mean nothing or more than one thing.
        """
        if self.format == "ngff":
            values, names = read_ngff(path)
            meant = self._said_of(path, values) or named_ids(path, names, self.classes)
            return Mask(translate(path, values, meant, self.classes), {})
        written = read_written(path)
        values = written.pixels
        if not self.source or (self.source == VOC and not is_voc(written.palette)):
            self._check_evident(path, values, written.one_bit)
        meant = self._said_of(path, values) or indices(self.classes)
        if self.source not in ("--ids", "--binary"):
            check_palette(path, _values_in(values), written.palette, meant, self.classes)
        labels = translate(path, values, meant, self.classes)
        steps = steps_between(values.astype(np.uint8)) if values.max(initial=0) <= IGNORE else {}
        if len(steps) > 1 and not self.source:
            names_of = ", ".join(self.classes.names[value] for value in steps)
            raise MaskError(
                f"{path}: {names_of} are only thin lines between other classes ({sum(steps.values()):,} "
                "pixels), as resizing with interpolation leaves them: resize with nearest neighbour, or say "
                "with --ids that they are meant"
            )
        return Mask(labels, {meant[value]: pixels for value, pixels in steps.items() if meant[value]})

    def _said_of(self, path: Path, values: NDArray[np.integer]) -> Ids | None:
        """Return what was said of the values of a file, if anything was."""
        if self.binary is None:
            return self.ids
        others = [value for value in _values_in(values) if value != 0]
        if len(others) > 1:
            raise MaskError(
                f"{path}: holds {len(others)} values besides 0, from {others[0]} to {others[-1]}, but a "
                "mask of one thing has one: make it black and white, or say with --ids what they are"
            )
        return {0: self.classes.background + 1, **dict.fromkeys(others, self.binary)}

    def _check_evident(self, path: Path, values: NDArray[np.integer], one_bit: bool) -> None:
        low, high = (int(values.min()), int(values.max())) if values.size else (0, 0)
        if (low, high) == (0, IGNORE) and not ((values > 0) & (values < IGNORE)).any():
            raise MaskError(f"{path}: holds only 0 and 255{_either(self.classes, IGNORE)}")
        if one_bit and high == 1 and not _fits_one_bit(self.classes):
            raise MaskError(f"{path}: is black and white (1 bit){_either(self.classes, 1)}")


def reading_of(
    classes: ClassSet,
    folder: Path,
    file_format: Format = "png",
    ids: str | Path | None = None,
    binary: str | None = None,
) -> Reading:
    """Find out what was said of the values of the masks in a folder.

    Parameters
    ----------
    classes : ClassSet
        Of the project.
    folder : Path
        Where the masks are; the `classes.csv` of an export there counts unless `ids` or `binary` is given.
    file_format : {"png", "ngff"}
        Of the masks.
    ids : str or Path, optional
        A file for `read_ids`.
    binary : str, optional
        Name of the class of all that is not 0; 0 is background.

    Raises
    ------
    ConfigError
        If both are given, or one of them is not usable.
    """
    if ids is not None and binary is not None:
        raise ConfigError("--ids and --binary both say what the values mean; give one of them")
    if ids is not None:
        return Reading(classes, file_format, ids=read_ids(Path(ids), classes), source="--ids")
    if binary is not None:
        return Reading(classes, file_format, binary=thing(classes, binary), source="--binary")
    file = folder / CLASSES_FILE
    if file_format == "png" and is_classes_file(file):
        try:
            return Reading(classes, file_format, ids=read_ids(file, classes), source=CLASSES_FILE)
        except ConfigError as error:
            raise ConfigError(f"{error}; say with --ids what the values mean here") from error
    return Reading(classes, file_format)


def check_set(reading: Reading, folder: Path, names: Iterable[str]) -> None:
    """Refuse masks that all together may mean two things, before one of them is taken.

    Files that cannot be read, or that mean nothing, are left to `Reading.read`.

    Raises
    ------
    MaskError
        If they hold 0 and 255 alone, or 0 and 1 where there are more classes, or run to one past the last.
    """
    if reading.source not in ("", VOC) or reading.format != "png":
        return
    classes, found, read = reading.classes, set[int](), 0
    for name in names:
        try:
            written = read_written(folder / name)
        except MaskError:
            continue
        if reading.source == VOC and is_voc(written.palette):
            return
        found.update(_values_in(written.pixels))
        read += 1
    masks = f"{folder}: " + ("its mask holds" if read == 1 else f"all its {read:,} masks hold")
    if found <= {0, IGNORE} and IGNORE in found:
        raise MaskError(f"{masks} only {_listed(found)}{_either(classes, IGNORE)}")
    if {0, 1} <= found <= {0, 1, IGNORE} and not _fits_one_bit(classes):
        raise MaskError(f"{masks} only {_listed(found)}{_either(classes, 1)}")
    if max(found - {IGNORE}, default=0) == classes.count:
        raise MaskError(
            f"{folder}: its values run to {classes.count}, and the classes of {classes.name} from 0 to "
            f"{classes.count - 1}: does 1 stand for {classes.names[0]}? Say with --ids what each value means"
        )


def indices(classes: ClassSet) -> Ids:
    """Return the meaning of class indices, 255 = not labelled."""
    return {IGNORE: 0, **{index: index + 1 for index in range(classes.count)}}


def thing(classes: ClassSet, name: str) -> int:
    """Return the label of the class that `--binary` names.

    Raises
    ------
    ConfigError
        If there is none, or it is background.
    """
    if name not in classes.names:
        raise ConfigError(
            f"--binary {name}: the project has no such class; {did_you_mean(name, classes.names)}"
        )
    if classes.names.index(name) == classes.background:
        raise ConfigError(f"--binary {name}: is what 0 stands for; name the class of all that is not 0")
    return classes.names.index(name) + 1


def _fits_one_bit(classes: ClassSet) -> bool:
    return classes.count == 2 and classes.background == 0


def _either(classes: ClassSet, value: int) -> str:
    """Say which two things a value may mean, and how to say which."""
    background = classes.names[classes.background]
    otherwise = "not labelled" if value == IGNORE else classes.names[value]
    thing = classes.names[classes.skin[0]] if classes.count == 2 else "CLASS"
    return (
        f", which may be {background} and one thing, or {classes.names[0]} and {otherwise}: say which with "
        f"--binary {thing}, or with --ids FILE"
    )


def _values_in(values: NDArray[np.integer]) -> list[int]:
    if values.dtype != np.uint8:
        return [int(value) for value in np.unique(values)]
    return [int(value) for value in np.flatnonzero(np.bincount(values.ravel(), minlength=256))]


def _listed(values: set[int]) -> str:
    *first, last = map(str, sorted(values))
    return f"{', '.join(first)} and {last}" if first else last
