"""Masks that a folder or a file offers, whatever its format: the photo each is of, and the reader of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from trainer.errors import MaskError
from trainer.labels.ids import CLASSES_FILE
from trainer.project.import_export.coco import read_coco
from trainer.project.import_export.colour_masks import (
    COLOURS_FILE,
    LABELMAP,
    VOC_FOLDER,
    own_colours,
    read_coloured,
    read_colours,
)
from trainer.project.import_export.cvat import read_cvat
from trainer.project.import_export.formats import FORMATS
from trainer.project.import_export.labelme import read_labelme
from trainer.project.import_export.mask_files import MaskFiles, find_masks
from trainer.project.import_export.reading import VOC, Mask, Reading, check_set, indices, reading_of, thing
from trainer.project.import_export.shapes import draw, meaning_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from trainer.labels.classes import ClassSet
    from trainer.project.import_export.formats import Format
    from trainer.project.import_export.shape_files import Drawn

__all__ = ["Entry", "Offer", "Said", "offer_of"]


@dataclass(frozen=True)
class Said:
    """What somebody said of the masks; see `import_masks`."""

    ids: Path | None = None
    binary: str | None = None
    colours: Path | None = None
    rest: str | None = None


@dataclass(frozen=True)
class Entry:
    """One mask.

    Attributes
    ----------
    name : str
        As it is shown: a relative path.
    photos : tuple of str
        Names its photo may have, the likeliest first.
    whole : bool
        Whether these end with the photo's own suffix.
    read : callable
        From the photo's size, (height, width), to the mask; raises MaskError.
    """

    name: str
    photos: tuple[str, ...]
    whole: bool
    read: Callable[[tuple[int, int]], Mask]


@dataclass(frozen=True)
class Offer:
    """All masks of a folder or file; `source` says where the meaning of their values was said."""

    entries: list[Entry]
    files: MaskFiles
    source: str


def offer_of(classes: ClassSet, place: Path, file_format: Format, said: Said) -> Offer:
    """Find the masks of a folder or file.

    Raises
    ------
    MaskError
        If there are none, or all may mean two things.
    ConfigError
        If what was said is not usable.
    """
    if FORMATS[file_format].shapes:
        return _of_shapes(classes, place, file_format, said)
    if file_format == "voc" and (place / VOC_FOLDER).is_dir():
        place, above = place / VOC_FOLDER, place
    else:
        above = place
    files = _found(place, file_format, said)
    coloured = file_format == "colours" or (file_format == "voc" and (above / LABELMAP).is_file())
    if coloured or said.colours is not None:
        return _of_colours(classes, place, above, files, said)
    reading = reading_of(
        classes, place, "png" if file_format == "voc" else file_format, said.ids, said.binary
    )
    if file_format == "voc" and not reading.source:
        reading = Reading(classes, "png", ids=indices(classes), source=VOC)
    check_set(reading, place, files.masks)

    def reader(name: str) -> Callable[[tuple[int, int]], Mask]:
        return lambda _size: reading.read(place / name)

    return Offer([Entry(name, (name,), False, reader(name)) for name in files.masks], files, reading.source)


def _found(place: Path, file_format: Format, said: Said) -> MaskFiles:
    suffix = FORMATS[file_format].suffix
    known = {path for path in (said.ids, said.colours) if path is not None}
    files = find_masks(place, suffix, known | {place / COLOURS_FILE, place / LABELMAP})
    if not files.masks:
        there = "".join(f"; {line}" for line in files.passed_over)
        raise MaskError(
            f"{place}: no masks here ({suffix} files){there}; name their folder, or say with --format what "
            "they are"
        )
    return files


def _of_colours(classes: ClassSet, place: Path, above: Path, files: MaskFiles, said: Said) -> Offer:
    tables = [path for name in (COLOURS_FILE, LABELMAP, CLASSES_FILE) if (path := above / name).is_file()]
    table = said.colours or next(iter(tables), None)
    colours = own_colours(classes) if table is None else read_colours(table, classes)
    source = "the project's own colours" if table is None else "--colours" if said.colours else table.name

    def reader(name: str) -> Callable[[tuple[int, int]], Mask]:
        return lambda _size: Mask(read_coloured(place / name, colours), {})

    return Offer([Entry(name, (name,), False, reader(name)) for name in files.masks], files, source)


def _of_shapes(classes: ClassSet, place: Path, file_format: Format, said: Said) -> Offer:
    files = MaskFiles([place.name]) if place.is_file() else _found(place, file_format, said)
    folder = place.parent if place.is_file() else place
    drawn: list[tuple[str, tuple[str, ...], Drawn | MaskError]] = []
    for name in files.masks:
        try:
            if file_format == "labelme":
                found = read_labelme(folder / name)
                beside = f"{name.rpartition('/')[0]}/{found.photo}".lstrip("/")  # as labelme looks for it
                drawn.append((name, (name, beside) if found.photo else (name,), found))
                continue
            several = read_coco(folder / name) if file_format == "coco" else read_cvat(folder / name)
            drawn += [(f"{name}: {one.photo}", _spellings(one.photo), one) for one in several]
        except MaskError as error:
            if len(files.masks) == 1:
                raise
            drawn.append((name, (name,), error))
    if not drawn:
        raise MaskError(f"{place}: holds no image{_other_kind(file_format)}")
    lines = [name for name, _, one in drawn if not isinstance(one, MaskError) and one.lines]
    others = files.others | ({"with points or lines, which have no area": lines} if lines else {})
    named = {shape.name for _, _, one in drawn if not isinstance(one, MaskError) for shape in one.shapes}
    binary = None if said.binary is None else thing(classes, said.binary)
    meaning = meaning_of(classes, named, said.ids, binary, said.rest)

    def reader(one: Drawn | MaskError) -> Callable[[tuple[int, int]], Mask]:
        def read(size: tuple[int, int]) -> Mask:
            if isinstance(one, MaskError):
                raise one
            one.check_size(size)
            if one.lines and not one.shapes:
                raise MaskError(
                    f"{one.path}: holds only points and lines of {one.photo}; draw what has an area"
                )
            return Mask(draw(one.path, one.shapes, size, meaning), {})

        return read

    rest = "not labelled" if meaning.rest == 0 else classes.names[meaning.rest - 1]
    by = "--ids" if said.ids else "--binary" if said.binary else "names of classes"
    entries = [
        Entry(name, photos, file_format != "labelme" or len(photos) > 1, reader(one))
        for name, photos, one in drawn
    ]
    return Offer(entries, MaskFiles([e.name for e in entries], others), f"{by}, {rest} under no shape")


def _other_kind(file_format: Format) -> str:
    return "; export it as 'CVAT for images', not for video" if file_format == "cvat" else "; export it anew"


def _spellings(name: str) -> tuple[str, ...]:
    """Return a name as it stands, and with its backslashes as a path of Windows."""
    return tuple(dict.fromkeys((name, name.replace("\\", "/"))))
