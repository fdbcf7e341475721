"""Questions that several forms ask: folders and files, with their words."""

from pathlib import Path
from typing import Annotated, Any

from trainer.project.import_export.formats import FORMATS, said_of_formats
from trainer.project.import_export.formats import Format as FormatOfMasks


def folder(label: str, tooltip: str) -> dict[str, Any]:
    """Options of magicgui for a folder."""
    return {"mode": "d", "nullable": True, "label": label, "tooltip": tooltip}


def choices(label: str, tooltip: str, *pairs: tuple[str, str]) -> dict[str, Any]:
    """Options of magicgui for one of several values, each with what is shown for it."""
    return {"choices": list(pairs), "label": label, "tooltip": tooltip}


ProjectFolder = Annotated[Path, folder("project", "A folder that was made as a project")]
GroupsFile = Annotated[
    Path | None,
    {
        "filter": "*.csv",
        "label": "groups",
        "tooltip": "Optional: a table (CSV) with the columns photo and group, the patient or visit; photos "
        "of one patient then never both teach a model and measure it",
    },
]
MasksFolder = Annotated[
    Path | None,
    folder(
        "masks",
        "Optional: masks there are already, PNG named like the photo, whose pixels are class numbers from 0",
    ),
]
ValuesFile = Annotated[
    Path | None,
    {
        "filter": "*.json *.csv",
        "label": "ids",
        "tooltip": "Optional: a JSON or CSV file that says which pixel value means which class",
    },
]
OneClass = Annotated[
    str,
    {
        "label": "binary",
        "tooltip": "For masks of one thing, black and white: the class of all that is not black, as lesion",
    },
]
Format = Annotated[
    str,
    choices(
        "format",
        said_of_formats(),
        *((info.title, name) for name, info in FORMATS.items()),
    ),
]
ModelId = Annotated[
    str,
    {
        "label": "model",
        "tooltip": "Its number as the models tab shows it, as 0003; empty: the one that makes suggestions",
    },
]
FormatName = FormatOfMasks
ColoursFile = Annotated[
    Path | None,
    {
        "filter": "*.csv *.json *.txt",
        "label": "colours",
        "tooltip": "Optional, for coloured masks: a table of class names and colours as #rrggbb",
    },
]
Rest = Annotated[
    str,
    {
        "label": "rest",
        "tooltip": "For COCO, labelme and CVAT: the class of what lies under no shape. Empty: background in "
        "a project of two classes or with binary, not labelled in others",
    },
]
