"""The start page's demo: it says what it fetches, and goes on without."""

from __future__ import annotations

import pytest
from napari.utils.notifications import notification_manager
from qtpy.QtWidgets import QLabel

from napari_skinseg.session import projects
from napari_skinseg.widgets.start_panel import StartPanel
from napari_skinseg.widgets.workspace import open_workspace
from trainer.networks.published.folder import FOLDER_VARIABLE
from trainer.networks.published.registry import MOBILESAM


@pytest.fixture(autouse=True)
def own_preferences(monkeypatch):
    """Leave the preferences of whoever runs the tests alone."""
    monkeypatch.setattr(projects, "remember", lambda path: None)
    monkeypatch.setattr(projects, "last_project", lambda: "")
    monkeypatch.setattr(projects, "wants_trainer", lambda: False)


def test_the_demo_says_what_it_fetches_unless_it_is_at_hand(qtbot, tmp_path, monkeypatch, put_at_hand):
    def words():
        panel = StartPanel()
        qtbot.addWidget(panel)
        return " ".join(label.text() for label in panel.findChildren(QLabel))

    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    assert "Fetches the weights of MobileSAM meanwhile (41 MB, licence apache-2.0)" in words()
    put_at_hand(MOBILESAM, tmp_path)
    assert "Fetches" not in words()


@pytest.mark.usefixtures("offline")
def test_the_demo_opens_without_its_weights_and_says_what_is_lost(
    make_napari_viewer, tmp_path, qtbot, monkeypatch
):
    monkeypatch.setattr(projects, "DEMO_PHOTOS", 8)
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "weights"))
    dock = open_workspace(make_napari_viewer())
    dock.start.maker.run(projects.demo, tmp_path / "demo")
    qtbot.waitUntil(lambda: dock.project is not None, timeout=120_000)
    said = [note.message for note in notification_manager.records]
    assert any(line.startswith("going on without the weights mobilesam, which would give") for line in said)
    assert dock.project.path == tmp_path / "demo"
    dock.dispose()
