"""napari readers: a project folder opens the workspace, a mask group opens as a coloured Labels layer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

LayerData = tuple[Any, ...]


def get_reader(path: str | list[str]) -> Callable[[str], list[LayerData]] | None:
    """Return a reader for a SkinSeg project folder (or its skinseg.toml) or mask group, else None."""
    if isinstance(path, list):
        return None
    target = Path(path)
    if target.name == "skinseg.toml" or (target / "skinseg.toml").is_file():
        return read_project
    if target.suffix == ".zarr" and _is_mask_group(target):
        return read_group
    return None


def read_project(path: str) -> list[LayerData]:
    """Open the workspace on a project in the current window; adds no layer by itself."""
    import napari

    from napari_skinseg.widgets.workspace import open_workspace

    viewer = napari.current_viewer()
    if viewer is not None:
        target = Path(path)
        open_workspace(viewer, target.parent if target.name == "skinseg.toml" else target)
    return [(None,)]


def read_group(path: str) -> list[LayerData]:
    """Read one mask group: the labels, and their provenance as a second, hidden layer.

    Returns
    -------
    list of LayerData
        `labels` uint8 (H, W), stored values; `provenance` uint8 (H, W), 0 none … 3 painted.
    """
    import zarr

    group = zarr.open_group(path, mode="r")
    attributes = dict(group.attrs)
    names, colours = _classes(attributes)
    labels, name = np.asarray(group["labels"]), Path(path).stem
    options: dict[str, Any] = {"name": name, "metadata": {"classes": names}}
    ours: Any = attributes.get("skinseg", {})
    if "classes" in ours:
        options["metadata"]["class_set"] = ours["classes"]
    if colours:
        options["colormap"] = colours
        options["features"] = {"index": list(names), "class": list(names.values())}
    layers: list[LayerData] = [(labels, options, "labels")]
    if "provenance" in group:
        more = {"name": f"{name} provenance", "visible": False}
        layers.append((np.asarray(group["provenance"]), more, "labels"))
    return layers


def _is_mask_group(path: Path) -> bool:
    return (path / "zarr.json").is_file() and (path / "labels" / "zarr.json").is_file()


def _classes(attributes: dict[str, Any]) -> tuple[dict[int, str], dict[int | None, NDArray[np.float64]]]:
    """Return names and RGBA colours by stored value, from NGFF image-label metadata."""
    label = attributes.get("ome", attributes).get("image-label", {})
    names = {0: "not labelled"}
    for item in label.get("properties", []):
        value = int(item.get("label-value", 0))
        names[value] = str(item.get("class") or item.get("name") or value)
    colours: dict[int | None, NDArray[np.float64]] = {
        int(item["label-value"]): np.array(item["rgba"], dtype=float) / 255
        for item in label.get("colors", [])
    }
    if colours:
        colours.setdefault(0, np.zeros(4))
        colours[None] = np.zeros(4)
    return names, colours
