"""The forms of the menu Plugins › SkinSeg, as the manifest names them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import napari

from napari_skinseg.session import projects
from napari_skinseg.widgets.forms import mask_forms, model_forms, photo_forms
from napari_skinseg.widgets.forms.form import Form
from napari_skinseg.widgets.workspace import show_first_photo, show_project, shown_project

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_skinseg.widgets.forms.form import Form


def new_project() -> Form:
    """Open the form *New project*; the project is opened in this window when it is made."""
    viewer = _viewer()
    last = projects.last_project()
    place = Path(last).parent if last else None
    return photo_forms.new_project(lambda path: show_project(viewer, path), place)


def add_photos() -> Form:
    """Open the form *Add photos*."""
    return _on_shown_project(photo_forms.more_photos)


def import_masks() -> Form:
    """Open the form *Import masks*."""
    return _on_shown_project(mask_forms.import_masks)


def export_masks() -> Form:
    """Open the form *Export masks*."""
    return _on_shown_project(mask_forms.export_masks)


def evaluate() -> Form:
    """Open the form *Evaluate*."""
    return _on_shown_project(model_forms.evaluate)


def predict_folder() -> Form:
    """Open the form *Predict a folder*."""
    return _on_shown_project(model_forms.predict_folder)


def _on_shown_project(build: Callable[..., Form]) -> Form:
    """Build a form for the project of the window, else the one that was open last."""
    viewer = _viewer()
    last = projects.last_project()
    project = shown_project(viewer) or (Path(last) if last else None)
    return build(lambda path: show_first_photo(viewer, path), project)


def _viewer() -> Any:
    return napari.current_viewer()
