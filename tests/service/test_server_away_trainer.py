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
        write_settings(path, QUICK.replace("steps_fast = 5", "steps_fast = 400"))
        trainer = Trainer(path)
        try:
            process = trainer.start()
            trainer.wait_for(lambda: (s := trainer.project.trainer.state()) and (s.step or 0) > 20, 120)
            server.stop()
            time.sleep(3)
            assert process.poll() is None
            server.start()
            models = trainer.project.models
            trainer.wait_for(models.all, 120)
            rounds = trainer.project.trainer.rounds()
            assert [kept.state for kept in rounds[-1:]] == [RoundState.DONE], "and no round failed"
        finally:
            trainer.end()
