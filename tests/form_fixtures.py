"""What the tests of the forms work with: a window, a button that is pressed, and what is said in the end."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from qtpy.QtCore import Qt
from workbench import make_project

from napari_skinseg.session import projects
from napari_skinseg.widgets.forms import form as form_module


@pytest.fixture
def own_preferences(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the preferences of whoever runs the tests alone."""
    monkeypatch.setattr(projects, "remember", lambda path: None)
    monkeypatch.setattr(projects, "last_project", lambda: "")
    monkeypatch.setattr(projects, "wants_trainer", lambda: False)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Notifications of the forms, level and text, in the order they came."""
    lines: list[tuple[str, str]] = []
    for level in form_module.NOTICES:
        monkeypatch.setitem(form_module.NOTICES, level, lambda text, level=level: lines.append((level, text)))
    return lines


@pytest.fixture
def six_photos(tmp_path: Path) -> Path:
    """The folder of a project with six photos and no masks; the photos lie beside it."""
    with make_project(tmp_path) as project:
        return project.path


@pytest.fixture
def press(
    make_napari_viewer: Any, qtbot: Any, told: list[tuple[str, str]], own_preferences: None
) -> Callable[..., tuple[str, str]]:
    """Show a form, fill it in, press its button, and wait for the one notification."""
    viewer = make_napari_viewer()

    def run(form: form_module.Form, **answers: object) -> tuple[str, str]:
        if not any(shown is form for shown in viewer.window.dock_widgets.values()):
            viewer.window.add_dock_widget(form)
        form.answer(**answers)
        told.clear()
        qtbot.mouseClick(form.run_button.native, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: bool(told) and not form.busy, timeout=180000)
        assert len(told) == 1
        assert "\n" not in told[0][1]
        assert form.run_button.enabled, "the form stays usable"
        assert form.box.enabled
        assert not form.cancel_button.enabled
        assert told[0][1].split(".")[0] in form.message.value
        return told[0]

    run.viewer = viewer  # type: ignore[attr-defined]
    return run
