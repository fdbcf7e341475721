"""Report of an import: what was taken, what it shows by class, and all that was not."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from trainer.project.import_export.class_counts import ClassCounts
from trainer.project.import_export.mask_files import MaskFiles, named

if TYPE_CHECKING:
    from trainer.labels.classes import ClassSet
    from trainer.project.import_export.reading import Mask

__all__ = ["ImportReport"]

_ALIKE = 3
"""Files refused for one reason that have a line each; more share one."""


@dataclass
class ImportReport:
    """Result of `import_masks`.

    Attributes
    ----------
    classes : ClassSet
        Of the project.
    files : MaskFiles
        What was found.
    source : str
        Where the meaning of the values was said; empty: they are class indices.
    dry_run : bool
        Whether nothing was written.
    imported, unchanged : int
        Files that say something new, and that say what stood already.
    refused : list of {"file", "why"}
        Files left out.
    steps : dict of str to dict of int to int
        By file: labels that are only thin lines, and their pixels.
    counts : ClassCounts
        What the files show that were not refused.
    """

    classes: ClassSet
    files: MaskFiles
    source: str = ""
    dry_run: bool = False
    imported: int = 0
    unchanged: int = 0
    refused: list[dict[str, str]] = field(default_factory=list)
    steps: dict[str, dict[int, int]] = field(default_factory=dict)
    counts: ClassCounts = field(init=False)

    def __post_init__(self) -> None:
        self.counts = ClassCounts(self.classes)

    def add(self, name: str, mask: Mask, changed: bool) -> None:
        """Count a file that was not refused."""
        self.counts.add(mask.labels)
        if mask.steps:
            self.steps[name] = mask.steps
        self.imported += changed
        self.unchanged += not changed

    @property
    def text(self) -> str:
        """The result in one line."""
        done, end = ("would be imported", "; nothing was written.") if self.dry_run else ("imported", ".")
        return f"{self.imported:,} {done}, {self.unchanged:,} unchanged, {len(self.refused):,} refused{end}"

    @property
    def details(self) -> list[str]:
        """One line for each thing that was not as it should be; many files refused alike share one."""
        alike: dict[str, list[str]] = {}
        for item in self.refused:
            alike.setdefault(item["why"], []).append(item["file"])
        lines = []
        for reason, files in alike.items():
            bare = reason.startswith("no photo is called") and ";" not in reason
            why = f"{reason}; name it like its photo, as p1.png for p1.jpg" if bare else reason
            if len(files) > _ALIKE:
                lines.append(f"refused {len(files):,} files ({named(files)}): {why}")
            else:
                lines += [f"refused {file}: {why}" for file in files]
        return lines + self.files.passed_over + self.doubts

    @property
    def doubts(self) -> list[str]:
        """One line for each class that is only a thin line in some masks."""
        labels = sorted({label for steps in self.steps.values() for label in steps})
        lines = []
        for label in labels:
            files = [name for name, steps in self.steps.items() if label in steps]
            pixels = sum(self.steps[name][label] for name in files)
            lines.append(
                f"look at {self.classes.names[label - 1]} in {named(files)}: only a thin line between two "
                f"other classes ({pixels:,} pixels), as resizing with interpolation leaves it"
            )
        return lines

    @property
    def summary(self) -> list[str]:
        """One line for each class that there is, so that a wrong reading is seen."""
        return [row.text for row in self.counts.shown]

    @property
    def fits(self) -> bool:
        """Whether any file did."""
        return bool(self.imported or self.unchanged or not self.refused)

    def to_json(self) -> dict[str, object]:
        """Plain Python, for programs."""
        return {
            "imported": self.imported,
            "unchanged": self.unchanged,
            "refused": self.refused,
            "passed_over": self.files.others,
            "doubts": self.doubts,
            "values": self.source or "class indices",
            "classes": self.counts.to_json(),
            "dry_run": self.dry_run,
        }
