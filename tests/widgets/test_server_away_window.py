"""The window when a team's server stops: it says so in words, draws no traceback, and goes on by itself."""

from __future__ import annotations

import sys

import pytest
from workbench import write_photo

from napari_skinseg.session import projects
from napari_skinseg.widgets.workspace import open_workspace
from trainer.project.project import Project

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a server of one's own needs Unix sockets")


@pytest.fixture
def dock(make_napari_viewer, own_server, tmp_path, qtbot, monkeypatch):
    monkeypatch.setattr(projects, "remember", lambda path: None)
    monkeypatch.setattr(projects, "wants_trainer", lambda: False)
    (tmp_path / "photos").mkdir()
    for number in range(4):
        write_photo(tmp_path / "photos" / f"arm_{number}.jpg", number)
    with own_server().database() as url:
        with Project.create(tmp_path / "project", database_url=url) as made:
            made.registration.add_folder(tmp_path / "photos")
        dock = open_workspace(make_napari_viewer(), tmp_path / "project", "ann")
        qtbot.waitUntil(lambda: dock.session.current is not None, timeout=10000)
        yield dock
        dock.dispose()


def test_a_server_that_stops_is_told_and_the_stroke_is_kept(dock, own_server, qtbot):
    photo, server = dock.session.current.photo.id, own_server()
    notices = []
    dock.session.notice.connect(lambda level, text: notices.append((level, text)))
    server.stop()
    try:
        qtbot.waitUntil(lambda: dock.session.away, timeout=15000)
        dock.session.annotation_layer.paint((20, 20), 5)
        qtbot.waitUntil(lambda: "cannot be reached" in dock.annotate.view.sentence, timeout=15000)
        qtbot.wait(1500)  # the clock reads the trainer, the queue and the day every second
        assert [level for level, _ in notices].count("error") <= 2, notices  # the project's, and the draft's
    finally:
        server.start()
    qtbot.waitUntil(lambda: not dock.session.away, timeout=15000)
    qtbot.waitUntil(lambda: dock.project.drafts.get(photo, "ann") is not None, timeout=15000)
    labels, _ = dock.project.drafts.read(dock.project.drafts.get(photo, "ann"))
    assert labels[20, 20] == 5
