"""The background trainer as a real process: learns, predicts, obeys, survives."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest
from live_trainer import Trainer, make_project

from trainer.project.models.predictions import UNSURE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trainer.project.queue.queue import QueueEntry


@pytest.fixture(scope="module")
def running(tiny_folder: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trainer]:
    """A trainer that has served its first model; one photo of the pool is torn."""
    root = tmp_path_factory.mktemp("running")
    path = make_project(tiny_folder, root / "study")
    pool = root / "pool"
    pool.mkdir()
    for index in range(4):
        shutil.copy(tiny_folder.photos / f"tiny_{index:02}.jpg", pool / f"pool_{index}.jpg")
    (pool / "pool_torn.jpg").write_bytes((pool / "pool_0.jpg").read_bytes()[:900])
    left = path / "masks" / "left_by_a_killed_window.zarr"
    left.mkdir(parents=True)
    os.utime(left, (time.time() - 7200,) * 2)
    made = Trainer(path)
    made.project.registration.add_folder(pool)
    made.start()
    made.wait_for(made.project.models.served, 90)
    yield made
    made.end()


def test_beats_while_it_works(running: Trainer) -> None:
    state = running.project.trainer.state()
    assert state is not None
    assert state.pid == running.process.pid
    assert state.device == "cpu"
    assert state.age < 4


def test_sweeps_away_what_a_killed_program_left(running: Trainer) -> None:
    left = running.path / "masks" / "left_by_a_killed_window.zarr"
    assert running.wait_for(lambda: not left.exists(), 120)
    assert len(list((running.path / "masks").iterdir())) == running.project.photos.counts().labelled


def test_the_served_model_says_why(running: Trainer) -> None:
    served = running.project.models.served()
    assert served is not None
    assert served.why
    assert (running.path / "models" / served.id / "model.json").is_file()


def test_predicts_what_a_session_asks_for_and_passes_over_a_torn_photo(running: Trainer) -> None:
    project = running.project
    session = project.sessions.start("anna")
    photos = {name: project.photos.find(name).id for name in ("pool_1", "pool_torn", "pool_2")}
    project.queue.request_prediction(session.id, list(photos.values()))
    made = running.wait_for(lambda: project.predictions.get(photos["pool_2"]), 60)
    assert running.wait_for(lambda: project.predictions.get(photos["pool_1"]), 60)
    labels, confidence = project.predictions.read(made)
    photo = project.photos.read(photos["pool_2"])
    assert labels.shape == confidence.shape == photo.shape[:2]
    assert labels.min() >= 1
    assert labels.max() <= 9
    running.wait_for(lambda: project.photos.get(photos["pool_torn"]).state == "broken")
    assert "cut short" in (project.photos.get(photos["pool_torn"]).reason or "")
    project.sessions.end(session.id)


def test_says_why_a_photo_is_next(running: Trainer) -> None:
    def with_a_reason() -> list[QueueEntry]:
        """A prediction comes with a passing word; the reason once the whole head has been looked at."""
        entries = running.project.queue.head(5)
        return [e for e in entries if e.score is not None and e.why != UNSURE]

    entries = running.wait_for(with_a_reason, 60)
    assert entries[0].why == "a quick check" or entries[0].why.endswith("?")


def test_acknowledges_commands(running: Trainer) -> None:
    assert "paused" in running.ask("pause")
    running.wait_for(lambda: running.state() == "paused", 20)
    assert running.ask("resume") == "going on"
    running.wait_for(lambda: running.state() != "paused", 20)
    assert running.ask("dance").startswith("refused")
    assert running.ask("promote", model_id="no such").startswith("refused")


def test_trains_on_request(running: Trainer) -> None:
    before = len(running.project.trainer.rounds())
    assert "round" in running.ask("train_now")
    running.wait_for(lambda: len(running.project.trainer.rounds()) > before, 60)


def test_a_second_trainer_is_refused(running: Trainer) -> None:
    words = [sys.executable, "-P", "-m", "trainer", "trainer", str(running.path)]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1
    assert str(running.process.pid) in done.stderr


def test_stops_cleanly_when_asked(running: Trainer) -> None:
    assert running.ask("stop") == "stopping"
    assert running.process.wait(60) == 0
    assert running.state() == "stopped"
    assert "Traceback" not in (running.path / "trainer.log").read_text()


def test_goes_on_after_kill_9(trainer: Trainer) -> None:
    write_settings_of(trainer, "tu-test_resnet", "tu-resnet10t")  # whose steps can be caught in the middle
    write_settings_of(trainer, "steps_fast = 5", "steps_fast = 500")
    trainer.start()
    reached = trainer.wait_for(lambda: step_of(trainer) > 20 and checkpoint(trainer) and step_of(trainer), 90)
    trainer.process.send_signal(signal.SIGKILL)
    trainer.process.wait()
    (open_round,) = trainer.project.trainer.rounds()
    assert open_round.ended is None
    heads = [trainer.project.masks.head(photo).id for photo in trainer.project.photos.ids(labelled=True)]
    assert len(heads) == 12

    trainer.start()
    trainer.wait_for(lambda: trainer.project.trainer.state().pid == trainer.process.pid, 60)
    trainer.wait_for(lambda: trainer.state() == "training" and step_of(trainer) > 0, 60)
    told = " ".join(
        str(event.data.get("message")) for event in trainer.project.events.latest(50, "round note")
    )
    resumed_at = int(re.search(r"going on at step (\d+)", told)[1])
    assert 0 < resumed_at <= reached + 60
    assert [r.id for r in trainer.project.trainer.rounds()] == [open_round.id]
    steps = [step for step, _ in trainer.project.trainer.curve(open_round.id)["loss"]]
    assert steps == sorted(set(steps))

    trainer.process.send_signal(signal.SIGTERM)
    assert trainer.process.wait(30) == 0
    assert trainer.state() == "stopped"
    assert checkpoint(trainer)


def test_suggestions_and_orders_do_not_wait_for_the_end_of_a_round(trainer: Trainer) -> None:
    trainer.start()
    trainer.wait_for(trainer.project.models.served, 90)
    trainer.wait_for(lambda: trainer.state() == "resting", 90)
    for lane in ("fast", "full"):
        write_settings_of(trainer, f"steps_{lane} = 5", f"steps_{lane} = 5000")
    trainer.ask("train_now")
    trainer.wait_for(lambda: trainer.state() == "training" and step_of(trainer) > 5, 60)
    project, photo = trainer.project, trainer.project.photos.ids()[0]
    project.queue.request_prediction(project.sessions.start("anna").id, [photo])
    trainer.wait_for(lambda: project.predictions.get(photo), 30)
    reached = trainer.wait_for(lambda: trainer.state() == "training" and step_of(trainer), 30)
    assert reached < 5000
    assert "paused" in trainer.ask("pause")
    trainer.wait_for(lambda: trainer.state() == "paused", 20)
    trainer.ask("resume")
    trainer.wait_for(lambda: trainer.state() == "training" and step_of(trainer) >= reached, 60)
    assert [r.ended for r in project.trainer.rounds()].count(None) == 1


def test_gives_the_memory_back_when_nothing_is_to_do(trainer: Trainer) -> None:
    write_settings_of(trainer, "[service]", "[service]\nidle_release_seconds = 1.0")
    trainer.start()
    trainer.wait_for(trainer.project.models.served, 90)
    photo = trainer.project.photos.ids()[0]
    trainer.project.queue.request_prediction(trainer.project.sessions.start("anna").id, [photo])
    trainer.wait_for(lambda: trainer.project.predictions.get(photo), 60)
    log = trainer.path / "trainer.log"
    trainer.wait_for(lambda: "gave the memory back" in log.read_text(), 90)
    another = trainer.project.photos.ids()[1]
    trainer.project.queue.request_prediction(trainer.project.sessions.start("anna").id, [another])
    trainer.wait_for(lambda: trainer.project.predictions.get(another), 60)


def test_a_failing_round_is_told_and_tried_again(trainer: Trainer) -> None:
    write_settings_of(trainer, "[training]", '[training]\ninit = "imagenet"')
    trainer.start()
    row = trainer.wait_for(lambda: (s := trainer.project.trainer.state()) and s.state == "failed" and s, 60)
    assert "test_resnet.safetensors" in row.message
    assert "failed" in " ".join(event.kind for event in trainer.project.events.latest(20))
    write_settings_of(trainer, '[training]\ninit = "imagenet"', "[training]")
    assert trainer.wait_for(trainer.project.models.served, 90)


def test_an_interrupted_retrain_goes_on(trainer: Trainer) -> None:
    write_settings_of(trainer, "tu-test_resnet", "tu-resnet10t")  # whose steps can be caught in the middle
    words = [sys.executable, "-P", "-m", "trainer", "retrain", str(trainer.path), "--device", "cpu", "--json"]
    first = subprocess.Popen([*words, "--steps", "24"], stdout=subprocess.PIPE, text=True)
    trainer.wait_for(lambda: step_of(trainer) > 5, 60)
    first.send_signal(signal.SIGINT)
    out, _ = first.communicate(timeout=60)
    assert first.returncode == 130
    assert json.loads(out)["model"] is None
    assert checkpoint(trainer)

    done = subprocess.run([*words, "--resume"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    data = json.loads(done.stdout)
    assert data["steps"] == 24
    assert data["model"] == trainer.project.models.served().id
    (round_,) = trainer.project.trainer.rounds()
    assert (round_.lane, round_.state) == ("batch", "done")


def test_once_ends_by_itself(trainer: Trainer) -> None:
    process = trainer.start("--once", "--json")
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert trainer.project.models.served().id in out
    assert trainer.project.predictions.wanted(trainer.project.models.served().id) == []


def step_of(trainer: Trainer) -> int:
    row = trainer.project.trainer.state()
    return (row.step or 0) if row is not None else 0


def checkpoint(trainer: Trainer) -> bool:
    return any((trainer.path / "rounds").glob("*/checkpoint.pt"))


def write_settings_of(trainer: Trainer, old: str, new: str) -> None:
    file = trainer.path / "skinseg.toml"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))
