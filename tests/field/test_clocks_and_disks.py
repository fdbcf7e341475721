"""Clocks that are put back, models that pile up, disks that are full."""

from __future__ import annotations

import json
import logging
import os
import resource
import socket
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
from command_line import Skinseg
from field_masks import MakeStudy

from napari_skinseg.views.trainer import resolve_trainer
from trainer.errors import StorageFullError
from trainer.project.doctor import doctor
from trainer.project.maintenance.backup import backup
from trainer.project.maintenance.janitor import tidy_up
from trainer.project.project import Project
from trainer.service.logs import log_to
from trainer.service.process import trainer_liveness
from trainer.settings.plan import Lane


@pytest.mark.parametrize("ahead", [3600.0, 86400.0 * 400, -60.0])
@pytest.mark.parametrize("host", ["elsewhere", None])
def test_window_and_command_line_judge_a_heartbeat_alike(
    make_study: MakeStudy, skinseg: Skinseg, ahead: float, host: str | None
) -> None:
    study = make_study()
    dead = max(psutil.pids()) + 1000
    with Project.open(study) as project:
        project.trainer.write_state(
            pid=dead, host=host or socket.gethostname(), state="training", heartbeat=time.time() + ahead
        )
        assert trainer_liveness(project) != "running"
        assert not resolve_trainer(project).running
        assert skinseg("status", study, "--json").data["trainer"]["state"] == "not running"


def test_a_heartbeat_that_goes_on_is_alive_whatever_its_clock_says(make_study: MakeStudy) -> None:
    with Project.open(make_study()) as project:
        for beat in range(3):
            project.trainer.write_state(
                pid=1, host="elsewhere", state="training", heartbeat=time.time() + 900 + beat
            )
            assert trainer_liveness(project) == ("running" if beat else "stale")


def test_rounds_models_and_masks_stand_in_the_order_in_which_they_came(
    make_study: MakeStudy, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Project.open(make_study()) as project:
        photo_id = project.photos.ids()[0]
        clock, now = [9000.0, 5000.0, 7000.0, 100.0], time.time
        revisions = []
        for index, moment in enumerate(clock):
            monkeypatch.setattr(time, "time", lambda moment=moment: moment)
            project.trainer.start_round(f"r{9 - index}", Lane.FAST, "supervised")
            project.models.add(f"{index + 1:04d}", "supervised", Lane.FAST)
            labels = np.full((60, 80), index + 1, np.uint8)
            head = project.masks.head(photo_id)
            saved = project.masks.save(
                photo_id, labels, np.full_like(labels, 3), "ann", None if head is None else head.id
            )
            revisions.append(saved.id)
        project.trainer.finish_round("r6")
        monkeypatch.setattr(time, "time", now)
        ended = project.trainer.round("r6")
        assert ended.ended is not None
        assert ended.ended >= ended.started > 9000
        assert [r.id for r in project.trainer.rounds()] == ["r6", "r7", "r8", "r9"]
        assert [m.id for m in project.models.all()] == ["0004", "0003", "0002", "0001"]
        assert [r.id for r in project.masks.history(photo_id)] == revisions[::-1]


def make_models(project: Project, count: int) -> None:
    """Models with files as they are on disk; each was served for a while, the third was the best."""
    for index in range(1, count + 1):
        model_id = f"{index:04d}"
        folder = project.models.folder(model_id)
        folder.mkdir(parents=True)
        head = json.dumps({"w": {"dtype": "U8", "shape": [1000], "data_offsets": [0, 1000]}}).encode()
        (folder / "weights.safetensors").write_bytes(len(head).to_bytes(8, "little") + head + bytes(1000))
        (folder / "model.json").write_text(json.dumps({"network": {}}))
        metrics = {"dice9": 0.9 if index == 3 else 0.5}
        project.models.add(model_id, "supervised", Lane.FAST, metrics=metrics)
        project.models.promote(model_id, "a test", "gate")


def with_files(project: Project) -> list[str]:
    return [path.parent.name for path in sorted(project.path.glob("models/*/model.json"))]


def test_old_models_go_and_those_of_use_stay(make_study: MakeStudy, skinseg: Skinseg) -> None:
    study = make_study()
    with Project.open(study) as project:
        make_models(project, 20)
        labels = np.ones((60, 80), np.uint8)
        project.masks.save(project.photos.ids()[0], labels, labels * 3, "ann", None, model_id="0007")
        assert tidy_up(project) == [], "fewer than the setting keeps"
    said = skinseg("models", study, "prune", "--keep", "5", "--json").data
    assert [item["id"] for item in said["models"] if item["files"]][::-1] == [
        "0003",
        "0007",
        "0016",
        "0017",
        "0018",
        "0019",
        "0020",
    ]
    with Project.open(study) as project:
        assert len(with_files(project)) == 7
        assert len(project.models.all()) == 20, "scores and decisions stay"
        assert not [f for f in doctor(project) if "served model" in f.what]
    assert "were removed by skinseg models prune" in skinseg("models", study, "promote", "0002").error
    assert skinseg("models", study, "promote", "0003").code == 0
    assert "0001" in skinseg("models", study).out


def test_the_setting_and_the_doctor_count_old_models(make_study: MakeStudy) -> None:
    study = make_study()
    with (study / "skinseg.toml").open("a") as file:
        file.write("\n[service]\nkeep_models = 4\n")
    with Project.open(study) as project:
        make_models(project, 9)
        (note,) = [f.what for f in doctor(project) if "of no more use" in f.what]
        assert note.startswith("9 models have their files, 4 of no more use")
        assert tidy_up(project)[0].startswith("removed the files of 4 old models")
        assert with_files(project) == ["0003", "0006", "0007", "0008", "0009"]


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (lambda path: (path / "weights.safetensors").unlink(), "weights.safetensors is gone"),
        (
            lambda path: (path / "weights.safetensors").write_bytes(b"x" * 500),
            "weights.safetensors is damaged",
        ),
        (lambda path: (path / "model.json").write_text("{"), "model.json cannot be read"),
        (lambda path: (path / "model.json").write_text("[]"), "model.json is damaged"),
        (lambda path: os.truncate(path / "weights.safetensors", 900), "weights.safetensors is damaged"),
    ],
)
def test_the_doctor_says_when_the_served_model_is_damaged(make_study: MakeStudy, harm, said: str) -> None:  # type: ignore[no-untyped-def]
    with Project.open(make_study()) as project:
        make_models(project, 2)
        harm(project.models.folder("0002"))
        (found,) = [f for f in doctor(project) if "served model" in f.what]
        assert found.level == "error"
        assert found.what.startswith(f"the served model 0002 cannot be used: {said}")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
@pytest.mark.parametrize("limit", [1_000, 60_000, 400_000])
def test_a_backup_on_a_full_disk_says_which_one(make_study: MakeStudy, tmp_path: Path, limit: int) -> None:
    with Project.open(make_study()) as project:
        make_models(project, 2)
        with (project.path / "models" / "0001" / "more.safetensors").open("wb") as file:
            file.write(bytes(900_000))
        out = tmp_path / "out"
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
        try:
            with pytest.raises(StorageFullError) as caught:
                backup(project, out)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        said = str(caught.value)
        assert said.startswith(str(out))
        assert "that the backup goes to" in said
        assert "name a place with more room" in said
        assert list(out.iterdir()) == [], "nothing half is left"
        assert backup(project, out).is_file()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
@pytest.mark.parametrize("limit", [1_000, 20_000])
def test_a_project_that_a_full_disk_cuts_short_leaves_nothing_behind(
    make_study: MakeStudy, skinseg: Skinseg, tmp_path: Path, limit: int
) -> None:
    make_study()
    words = ("new", tmp_path / "other", "--photos", tmp_path / "study-photos")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        said = skinseg(*words)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert str(tmp_path / "other") in said.error
    assert skinseg(*words).code == 0, "the same command does it once there is room"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
def test_a_log_that_the_disk_does_not_take_goes_without_a_line(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path, log = log_to(tmp_path), logging.getLogger("trainer.service")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, before[1]))
    try:
        log.warning("a line that is longer than ten letters")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    log.warning("there is room again")
    assert "there is room again" in path.read_text()
    assert "Traceback" not in capfd.readouterr().err
