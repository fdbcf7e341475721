"""The background trainer: watches the project, trains, predicts, and does what the windows ask for.

It converges on what the catalog says (level-triggered): nothing it needs lives only in memory, so it may be
killed at any moment and started again. `tick` runs between any two training steps; there commands are
acknowledged and predictions for open sessions overtake training.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from trainer.engine.memory import release_device_memory
from trainer.errors import SkinsegError
from trainer.project.janitor import collect_orphans
from trainer.project.states import RoundState
from trainer.service.commands import Orders
from trainer.service.heartbeat import Heartbeat
from trainer.service.lock import TrainerLock
from trainer.service.prediction_worker import SuggestionDesk
from trainer.service.schedule import LEARNING_COLOURS, PRETEXT, Decision, decide
from trainer.service.schedule_state import read_situation
from trainer.settings.plan import Lane

if TYPE_CHECKING:
    from trainer.project.project import Project
    from trainer.settings.model import Settings
    from trainer.training.round import RoundResult
    from trainer.training.round_context import RoundProgress

log = logging.getLogger(__name__)

FIRST_BACK_OFF, LONGEST_BACK_OFF = 5.0, 300.0
SWEEP_SECONDS = 3600.0


class Service:
    """One project's trainer.

    Parameters
    ----------
    project : Project
        Open for writing.
    device : str
        auto, cpu, cuda or mps.
    """

    def __init__(self, project: Project, device: str = "auto") -> None:
        self.project = project
        self.device = device
        self.heartbeat = Heartbeat(project, project.settings.service.heartbeat_seconds)
        self.orders = Orders(project)
        self.desk = SuggestionDesk(project, device)
        self.on_progress: Callable[[RoundProgress], None] | None = None
        self._wake = threading.Event()
        self._version = -1
        self._looked = 0.0
        self._failures = 0
        self._retry_at = 0.0
        self._failure = ""
        self._head_is_due = True
        self._sweep_at = 0.0
        self._round_lane: Lane | None = None
        self._round_labels = 0
        self._device = "cpu"

    @contextmanager
    def running(self, background: bool = True) -> Iterator[Service]:
        """Hold the project's lock and beat, from the first moment to the last; signals mean a clean stop.

        In the background the process steps back behind the window wherever both want the processor.
        """
        with TrainerLock(self.project):
            previous = self._catch_signals()
            self.heartbeat.start()
            last_words = ("stopped", "")
            try:
                self.orders.forget_old()
                device = self._device = _prepare(self.device, background)
                self.heartbeat.tell(device=device)
                self.project.events.add("trainer started", "trainer", pid=os.getpid(), device=device)
                yield self
            except BaseException as error:
                asked = isinstance(error, SkinsegError | KeyboardInterrupt)
                last_words = ("stopped" if asked else "failed", str(error))
                raise
            finally:
                self.desk.release()
                self.heartbeat.end(*last_words)
                with suppress(Exception):
                    self.project.events.add(
                        "trainer stopped", "trainer", pid=os.getpid(), state=last_words[0]
                    )
                for number, handler in previous.items():
                    signal.signal(number, handler)

    def run(self, once: bool = False) -> bool:
        """Work until told to stop; with `once`, until nothing is left to do. False: a round failed."""
        while not self.orders.stop:
            try:
                busy = self._one_turn()
            except Exception as error:
                if not self.project.path.is_dir():
                    log.error("%s is gone: ending", self.project.path)
                    return False
                self._hold_off(self._failed("the trainer met an error", error))
                busy = True
            if once and (self._failures or not busy):
                break
        self.heartbeat.tell(state="stopping")
        return self._failures == 0

    def _hold_off(self, seconds: float) -> None:
        """Wait before the next try, and obey meanwhile."""
        end = time.monotonic() + seconds
        while not self.orders.stop and time.monotonic() < end:
            self._wake.wait(min(seconds, self.project.settings.service.poll_seconds))
            with suppress(Exception):  # the next turn will meet it, and tell
                self.orders.obey()

    def _one_turn(self) -> bool:
        """Obey, predict one photo, or train one round; False when there is nothing to do."""
        if not self._news():
            self._wake.wait(self.project.settings.service.poll_seconds)
            return True
        self.orders.obey()
        if self.orders.stop:
            return True
        return self._predict_one(head=self._head_is_due) or self._one_decision()

    def _predict_one(self, head: bool) -> bool:
        """Write one prediction; False when none is wanted.

        The head of the queue is due once after each promotion and otherwise waits until there is nothing to
        train: a new label must not wait for photos that nobody has asked for yet.
        """
        if self.desk.serve_one(head) is not None:
            self._tell_state("predicting", "suggestions for the photos that come next")
            self._looked = 0.0
            return True
        self._head_is_due = self._head_is_due and not head
        return False

    def tick(self, progress: RoundProgress) -> None:
        """Between two steps: tell, obey, let predictions overtake; `StopRound` ends the round here."""
        from trainer.training.round_context import StopRound

        self._tell_progress(progress)
        if self.on_progress is not None:
            self.on_progress(progress)
        if self.orders.stop:
            raise StopRound("stopped")
        if not self._news():
            return
        self.orders.obey()
        if self.orders.stop or self.orders.paused:
            raise StopRound("stopped" if self.orders.stop else "paused")
        if self.desk.serve_one(head=self._round_lane == Lane.FULL) is not None:
            self._looked = 0.0  # there may be another: look again after the next step
        elif self._round_lane == Lane.FULL and self._new_labels():
            raise StopRound("new labels come first")
        elif progress.recipe == PRETEXT and self._round_lane == Lane.FULL and self.orders.train_now:
            raise StopRound("the round asked for comes first")

    def train(self, lane: Lane, round_id: str | None = None, **choices: Any) -> RoundResult | None:
        """Run one round under `tick`; None when it was stopped on the way (it can go on)."""
        from trainer.training.round import run_round
        from trainer.training.round_context import StopRound

        settings = choices.pop("settings", None) or self._settings(len(self.project.trainer.rounds()))
        self._round_lane, self._round_labels = lane, self.project.photos.counts().labelled
        self.heartbeat.tell(state="training", lane=lane, round=round_id, step=0, message="getting ready")
        choices |= {"lane": lane, "round_id": round_id, "tick": self.tick, "device": self.device}
        try:
            return run_round(self.project, settings, **choices)
        except StopRound as stop:
            log.info("round left at a checkpoint: %s", stop)
            return None
        finally:
            self._round_lane = None
            release_device_memory()

    def _one_decision(self) -> bool:
        """Decide and act; False when there is nothing to train."""
        if self.orders.paused:
            self._tell_state("paused", "paused: resume to go on")
            self._free_when_idle()
            return False
        wait = max(0.0, self._retry_at - time.monotonic())
        situation = read_situation(self.project, self.orders.train_now, wait, self._device)
        decision = decide(replace(situation, pretrain_now=self.orders.pretrain_now))
        if decision.action == "rest":
            self.orders.train_now = None
            if self._predict_one(head=True):
                return True
            trouble = self._failure if wait else self.desk.trouble
            self._tell_state("failed" if trouble else "resting", trouble or decision.why)
            self._free_when_idle()
            self._sweep()
            return False
        self._act(decision)
        return True

    def _sweep(self) -> None:
        """Once in a while remove what killed programs left half-written; nothing points to it."""
        if time.monotonic() < self._sweep_at:
            return
        self._sweep_at = time.monotonic() + SWEEP_SECONDS
        if removed := collect_orphans(self.project):
            log.info("removed %d groups of files that belonged to nothing", removed)

    def _act(self, decision: Decision) -> None:
        log.info("%s %s: %s", decision.action, decision.lane or decision.round_id, decision.why)
        if self.orders.pretrain_now:
            self.orders.pretrain_now = False
        else:
            self.orders.train_now = None
        try:
            lane = decision.lane or self._lane_of(decision.round_id)
            choices = {} if decision.recipe is None else {"recipe": decision.recipe, "init": "scratch"}
            result = self.train(lane, round_id=decision.round_id, **choices)
        except Exception as error:
            self._give_up(decision.round_id)
            self._failed("a training round failed", error)
            return
        self._failures, self._retry_at, self._failure = 0, 0.0, ""
        self._looked = 0.0
        if result is not None:
            self._head_is_due = result.served
            log.info("round %s: model %s, %s", result.round_id, result.model_id, result.why)

    def _lane_of(self, round_id: str | None) -> Lane:
        return next((r.lane for r in self.project.trainer.rounds() if r.id == round_id), Lane.FAST)

    def _give_up(self, round_id: str | None) -> None:
        """A round that cannot even be resumed must not be tried for ever."""
        if round_id is not None and self.project.trainer.round(round_id).ended is None:
            self.project.trainer.finish_round(round_id, RoundState.FAILED, why="could not be resumed")

    def _failed(self, what: str, error: Exception) -> float:
        """Say what went wrong; returns the seconds to hold off, longer each time."""
        self._failures += 1
        wait = min(LONGEST_BACK_OFF, FIRST_BACK_OFF * 2.0 ** (self._failures - 1))
        self._retry_at = time.monotonic() + wait
        reason = str(error) if isinstance(error, SkinsegError) else f"{type(error).__name__}: {error}"
        log.exception("%s; next try in %.0f s", what, wait)
        self._failure = f"{what}: {reason}"
        self._tell_state("failed", self._failure)
        with suppress(Exception):
            self.project.events.add("round failed", "trainer", why=reason, wait=wait)
        return wait

    def _news(self) -> bool:
        """Whether the catalog changed since the last look, or that look is long enough ago."""
        version = self.project.data_version()
        now = time.monotonic()
        if version == self._version and now - self._looked < 1.0:
            return False
        self._version, self._looked = version, now
        return True

    def _new_labels(self) -> bool:
        return bool(self.project.photos.counts().labelled > self._round_labels)

    def _settings(self, rounds: int) -> Settings:
        """The settings as the file says now: an edit counts from the next round on. Each round draws anew."""
        from trainer.settings.toml_file import load_settings

        try:
            settings = load_settings(self.project.path / "skinseg.toml")
        except SkinsegError as error:
            log.warning("%s; going on with the settings from the start", error)
            settings = self.project.settings
        training = settings.training.model_copy(update={"seed": settings.training.seed + rounds})
        return settings.model_copy(update={"training": training})

    def _tell_state(self, state: str, message: str) -> None:
        self.heartbeat.tell(state=state, message=message, step=None, steps=None, seconds_left=None)

    def _tell_progress(self, progress: RoundProgress) -> None:
        state = "validating" if progress.phase == "validate" else "training"
        self.heartbeat.tell(
            state=state,
            round=progress.round_id,
            lane=progress.lane,
            step=progress.step,
            steps=progress.steps,
            seconds_left=progress.seconds_left,
            message=LEARNING_COLOURS if progress.recipe == PRETEXT else "",
        )

    def _free_when_idle(self) -> None:
        idle = time.monotonic() - self.desk.last_used
        if self.desk.loaded and idle > self.project.settings.service.idle_release_seconds:
            self.desk.release()
            log.info("idle for %.0f s: gave the memory back", idle)

    def _catch_signals(self) -> dict[int, Any]:
        """A first SIGTERM or SIGINT asks for a clean stop; a second one ends the process the hard way."""
        if threading.current_thread() is not threading.main_thread():
            return {}

        def on_signal(number: int, frame: object) -> None:
            self.orders.stop = True
            self._wake.set()
            signal.signal(number, signal.SIG_DFL)

        return {number: signal.signal(number, on_signal) for number in (signal.SIGTERM, signal.SIGINT)}


def _prepare(device: str, background: bool) -> str:
    """Load torch, settle on the device, and step back where training runs on the window's processor."""
    from trainer.engine.device import choose_device

    chosen = choose_device(device)
    if background and chosen == "cpu" and hasattr(os, "nice"):
        with suppress(OSError):
            os.nice(10)
    return chosen
