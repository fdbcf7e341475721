"""Writers of masks, one for each format: photo by photo, and what goes with all of them at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from trainer.labels.ids import write_classes
from trainer.labels.png import write_png
from trainer.project.import_export.coco import CocoWriter
from trainer.project.import_export.colour_masks import (
    COLOURS_FILE,
    VOC_FOLDER,
    voc_palette,
    write_coloured,
    write_colours,
    write_indexed,
    write_voc_names,
)
from trainer.project.import_export.cvat import CvatWriter
from trainer.project.import_export.labelme import LabelmeWriter
from trainer.project.import_export.ngff import write_ngff

if TYPE_CHECKING:
    from pathlib import Path

    from trainer.labels.ids import Labels
    from trainer.project.import_export.formats import Format
    from trainer.project.project import Project
    from trainer.project.revisions import Truth

__all__ = ["Writer", "writer_of"]


class Writer(Protocol):
    """Writes the masks of a project into a folder."""

    def add(self, truth: Truth, name: str, photo: str) -> None:
        """Write one mask under a relative path without suffix; MaskError where it cannot be read.

        `photo` is the path of the photo, suffix and all.
        """
        ...

    def finish(self) -> None:
        """Write what goes with all masks."""
        ...


def writer_of(file_format: Format, folder: Path, project: Project) -> Writer:
    """Return the writer of a format."""
    if file_format in ("coco", "cvat", "labelme"):
        return _Shapes(file_format, folder, project)
    kinds = {"png": _Png, "ngff": _Ngff, "colours": _Coloured, "voc": _Voc}
    return kinds[file_format](folder, project)


class _Files:
    """A file for each photo."""

    suffix = ".png"

    def __init__(self, folder: Path, project: Project) -> None:
        self.folder, self.project, self.classes = folder, project, project.classes

    def add(self, truth: Truth, name: str, photo: str) -> None:
        target = self.folder / f"{name}{self.suffix}"
        target.parent.mkdir(parents=True, exist_ok=True)
        self.write(target, truth)

    def write(self, target: Path, truth: Truth) -> None:
        raise NotImplementedError

    def targets(self, truth: Truth) -> Labels:
        return self.project.masks.read_truth(truth)

    def finish(self) -> None:
        """Nothing goes with them."""


class _Png(_Files):
    def write(self, target: Path, truth: Truth) -> None:
        write_png(target, self.targets(truth), self.classes.colours)

    def finish(self) -> None:
        write_classes(self.folder, self.classes)


class _Ngff(_Files):
    suffix = ".zarr"

    def write(self, target: Path, truth: Truth) -> None:
        labels, provenance = self.project.masks.read(self.project.masks.revision(truth.revision_id))
        write_ngff(target, labels, provenance, self.classes)


class _Coloured(_Files):
    def write(self, target: Path, truth: Truth) -> None:
        write_coloured(target, self.targets(truth), self.classes)

    def finish(self) -> None:
        write_colours(self.folder / COLOURS_FILE, self.classes)


class _Voc(_Files):
    def __init__(self, folder: Path, project: Project) -> None:
        super().__init__(folder, project)
        self._palette = voc_palette()
        self._of_splits: dict[str, list[str]] = {}

    def add(self, truth: Truth, name: str, photo: str) -> None:
        super().add(truth, f"{VOC_FOLDER}/{name}", photo)
        self._of_splits.setdefault(self.project.photos.get(truth.photo_id).split, []).append(name)

    def write(self, target: Path, truth: Truth) -> None:
        write_indexed(target, self.targets(truth), self._palette)

    def finish(self) -> None:
        write_voc_names(self.folder, self.classes, self._of_splits)


class _Shapes:
    """Named shapes, of one file or of many."""

    def __init__(self, file_format: Format, folder: Path, project: Project) -> None:
        self._project = project
        self._labelme = LabelmeWriter(folder, project.classes) if file_format == "labelme" else None
        whole = CocoWriter if file_format == "coco" else CvatWriter
        self._whole = whole(folder, project.classes)

    def add(self, truth: Truth, name: str, photo: str) -> None:
        targets = self._project.masks.read_truth(truth)
        if self._labelme is not None:
            self._labelme.add(photo, targets, name)
        else:
            self._whole.add(photo, targets)

    def finish(self) -> None:
        if self._labelme is None:
            self._whole.finish()
