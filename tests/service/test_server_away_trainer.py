"""A trainer whose database stops for a while goes on with its round by itself."""

from __future__ import annotations

import sys
import time

import pytest
from live_trainer import QUICK, Trainer, write_settings

from trainer.cli.main import main
from trainer.project.states import RoundState

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="a server of one's own needs Unix sockets"),
]


def test_the_round_goes_on_once_the_server_is_back(tiny_folder, tmp_path, own_server):
    server, path = own_server(), tmp_path / "study"
    photos, groups = str(tiny_folder.photos), str(tiny_folder.groups)
    with server.database() as url:
        assert main(["new", str(path), "--photos", photos, "--groups", groups, "--database", url]) == 0
        assert main(["import", str(path), str(tiny_folder.masks)]) == 0
        write_settings(path, QUICK.replace("steps_fast = 5", "steps_fast = 4000"))
        trainer = Trainer(path)
        try:
            process = trainer.start()
            before = trainer.wait_for(lambda: (s := trainer.project.trainer.state()) and s.step and s, 120)
            server.stop()
            time.sleep(3)
            assert process.poll() is None
            server.start()
            trainer.wait_for(lambda: (trainer.project.trainer.state().step or 0) > before.step + 5, 120)
            (kept,) = trainer.project.trainer.rounds()
            assert (kept.id, kept.state) == (before.round, RoundState.RUNNING), (
                "the same, and it has not failed"
            )
            said = (path / "trainer.log").read_text()
            assert "does not answer" in said
            assert "Traceback" not in said
        finally:
            trainer.end()
