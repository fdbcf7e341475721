"""Background trainer: watches the project, trains, predicts, and does what the windows ask for.

It converges on what the catalog says (level-triggered): nothing it needs lives only in memory, so it may be
killed at any moment and started again. `tick` runs between any two training steps; there commands are
acknowledged and predictions for open sessions overtake training.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Unpack

from trainer.engine.memory import release_device_memory
from trainer.errors import SkinsegError, UnreachableError
from trainer.project.maintenance.janitor import Sweep
from trainer.project.states import RoundState
from trainer.service.back_off import BackOff
from trainer.service.commands import CommandHandler
from trainer.service.device import prepare_device
from trainer.service.heartbeat import Heartbeat
from trainer.service.lock import TrainerLock
from trainer.service.news import News
from trainer.service.photo_server import PhotoServer
from trainer.service.round_settings import RoundChoices, settings_for_round
from trainer.service.schedule import PRETEXT, NextStep, decide, probe_is_due
from trainer.service.schedule_state import read_scheduler_state
from trainer.service.stop_signals import stop_on_signal
from trainer.settings.plan import Lane

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from trainer.project.project import Project
    from trainer.service.schedule import SchedulerState
    from trainer.settings.model import Settings
    from trainer.training.round import RoundResult
    from trainer.training.round_context import RoundProgress

log = logging.getLogger(__name__)


class Service:
    """Trainer of one project.

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
        self.commands = CommandHandler(project)
        self.server = PhotoServer(project, device)
        self.on_progress: Callable[[RoundProgress], None] | None = None
        self._wake = threading.Event()
        self._news = News(project)
        self._back_off = BackOff()
        self._head_is_due = True
        self._sweep = Sweep(project)
        self._round_lane: Lane | None = None
        self._round_labels = 0
        self._device = "cpu"

    @contextmanager
    def running(self, background: bool = True) -> Iterator[Service]:
        """Hold the project's lock and beat, from the first moment to the last; signals mean a clean stop.

        In the background the process steps back behind the window wherever both want the processor.
        """
        with TrainerLock(self.project), stop_on_signal(self._stop):
            self.heartbeat.start()
            last_state = ("stopped", "")
            try:
                self.commands.forget_old()
                device = self._device = prepare_device(self.device, background)
                self.heartbeat.show(device=device)
                self.project.events.add("trainer started", "trainer", pid=os.getpid(), device=device)
                yield self
            except BaseException as error:
                asked = isinstance(error, SkinsegError | KeyboardInterrupt)
                last_state = ("stopped" if asked else "failed", str(error))
                raise
            finally:
                self.server.release()
                self.heartbeat.end(*last_state)
                with suppress(Exception):
                    self.project.events.add(
                        "trainer stopped", "trainer", pid=os.getpid(), state=last_state[0]
                    )

    def run(self, once: bool = False) -> bool:
        """Work until asked to stop; with `once`, until nothing is left to do. False: a round failed."""
        while not self.commands.stop:
            try:
                busy = self._one_turn()
            except Exception as error:
                if not self.project.path.is_dir():
                    log.error("%s is gone: ending", self.project.path)
                    return False
                self._hold_off(self._report_failure("the trainer met an error", error))
                busy = True
            if once and (self._back_off.failures or not busy):
                break
        self.heartbeat.show(state="stopping")
        return self._back_off.failures == 0

    def _hold_off(self, seconds: float) -> None:
        """Wait before the next try, and carry out commands meanwhile."""
        end = time.monotonic() + seconds
        while not self.commands.stop and time.monotonic() < end:
            self._wake.wait(min(seconds, self.project.settings.service.poll_seconds))
            with suppress(Exception):  # the next turn meets it again, and reports it
                self.commands.run_pending()

    def _one_turn(self) -> bool:
        """Carry out commands, predict one photo, or train one round; False when there is nothing to do."""
        # Nothing is queued in memory: each turn looks at the catalog and does what matters most. So a kill
        # between two turns loses nothing, and a request never waits behind a plan.
        if not self._news.is_there():
            self._wake.wait(self.project.settings.service.poll_seconds)
            return True
        self.commands.run_pending()
        if self.commands.stop:
            return True
        # Predictions before training: a person waits for them, and they take a second, not minutes.
        if self._predict_one(head=self._head_is_due):
            return True
        # A better model ranks the head of the queue before a round that nobody waits for; the rest waits.
        return (self._state().new_labels == 0 and self._rank_one(head_only=True)) or self._train_next()

    def _predict_one(self, head: bool) -> bool:
        """Write one prediction; False when none is wanted.

        The head of the queue is due once after each promotion and otherwise waits until there is nothing to
        train: a new label must not wait for photos that nobody has asked for yet.
        """
        if served := self.server.serve_one(head, clicks=not probe_is_due(self._state())):
            self.heartbeat.show_state("predicting", served)
            self._news.look_again()  # there may be another: look again at once
            return True
        self._head_is_due = self._head_is_due and not head
        return False

    def _rank_one(self, head_only: bool = False) -> bool:
        """Look at one photo of the pool, or rank; False when all is ranked."""
        if doing := self.server.rank_one(head_only):
            self.heartbeat.show_state("predicting", doing)
            self._news.look_again()
        return doing != ""

    def tick(self, progress: RoundProgress) -> None:
        """Report progress and serve commands and predictions between two training steps.

        Raises
        ------
        StopRound
            The round ends here, at a checkpoint.
        """
        from trainer.training.round_context import StopRound

        self.heartbeat.show_progress(progress)
        if self.on_progress is not None:
            self.on_progress(progress)
        if self.commands.stop:
            raise StopRound("stopped")
        if not self._news.is_there():
            return
        self.commands.run_pending()
        if self.commands.stop or self.commands.paused:
            raise StopRound("stopped" if self.commands.stop else "paused")
        in_full = self._round_lane == Lane.FULL
        # a probe takes seconds, and a person waits for it more than for clicks
        due = self._round_lane in (Lane.FAST, Lane.FULL) and probe_is_due(self._state())
        if self.server.serve_one(head=in_full, clicks=self._round_lane != Lane.PROBE and not due):
            self._news.look_again()  # there may be another: look again after the next step
        elif in_full and self.project.photos.counts().labelled > self._round_labels:
            raise StopRound("new labels come first")
        elif due:
            raise StopRound("the newest label comes first")
        elif progress.recipe == PRETEXT and self._round_lane == Lane.FULL and self.commands.train_now:
            raise StopRound("the round asked for comes first")
        elif in_full:
            self.server.rank_between_steps()

    def train(
        self,
        lane: Lane,
        round_id: str | None = None,
        settings: Settings | None = None,
        **choices: Unpack[RoundChoices],
    ) -> RoundResult | None:
        """Run one round under `tick`; None where it was stopped at a checkpoint, from which it can go on.

        Parameters
        ----------
        lane : Lane
            Kind of round.
        round_id : str, optional
            An interrupted round to go on with.
        settings : Settings, optional
            The project's own by default.
        **choices
            As `run_round` takes them.
        """
        from trainer.training.round import run_round
        from trainer.training.round_context import StopRound

        device, settings = self.device, settings or settings_for_round(self.project)
        self._round_lane, self._round_labels = lane, self.project.photos.counts().labelled
        self.heartbeat.show(state="training", lane=lane, round=round_id, step=0, message="getting ready")
        try:
            return run_round(
                self.project, settings, lane=lane, round_id=round_id, tick=self.tick, device=device, **choices
            )
        except StopRound as stop:
            log.info("round left at a checkpoint: %s", stop)
            return None
        finally:
            self._round_lane = None
            release_device_memory()

    def _train_next(self) -> bool:
        """Train what the schedule says comes next; False when there is nothing to train."""
        if self.commands.paused:
            self.heartbeat.show_state("paused", "paused: resume to go on")
            self.server.release_when_idle(self.project.settings.service.idle_release_seconds)
            return False
        state = self._state()
        next_step = decide(replace(state, pretrain_now=self.commands.pretrain_now))
        if next_step.action == "rest":
            self.commands.train_now = None
            if self._predict_one(head=True):
                return True
            self._sweep.look()
            if self._rank_one():
                return True
            trouble = self._back_off.message if state.wait else self.server.predictions.trouble
            self.heartbeat.show_state("failed" if trouble else "resting", trouble or next_step.why)
            self.server.release_when_idle(self.project.settings.service.idle_release_seconds)
            return False
        self._carry_out(next_step)
        return True

    def _state(self) -> SchedulerState:
        wait = self._back_off.seconds
        return read_scheduler_state(self.project, self.commands.train_now, wait, self._device)

    def _carry_out(self, next_step: NextStep) -> None:
        log.info("%s %s: %s", next_step.action, next_step.round_id or next_step.lane, next_step.why)
        if self.commands.pretrain_now:
            self.commands.pretrain_now = False
        elif next_step.lane != Lane.PROBE:  # the round that was asked for comes after it
            self.commands.train_now = None
        try:
            init = "scratch" if next_step.recipe == PRETEXT else None
            result = self.train(next_step.lane, next_step.round_id, recipe=next_step.recipe, init=init)
        except Exception as error:
            if not isinstance(error, UnreachableError):
                self._give_up(next_step.round_id)
            self._report_failure("a training round failed", error)
            return
        self._back_off.succeed()
        self._news.look_again()
        if result is not None:
            self._head_is_due = result.served
            log.info("round %s: model %s, %s", result.round_id, result.model_id, result.why)

    def _give_up(self, round_id: str | None) -> None:
        """Close a round that cannot even be resumed, so that it is not tried for ever."""
        if round_id is not None and self.project.trainer.round(round_id).ended is None:
            self.project.trainer.finish_round(round_id, RoundState.FAILED, why="could not be resumed")

    def _report_failure(self, what: str, error: Exception) -> float:
        """Log and show a failure; return the seconds to hold off, longer each time."""
        reason = str(error) if isinstance(error, SkinsegError) else f"{type(error).__name__}: {error}"
        away = isinstance(error, UnreachableError)
        wait = self._back_off.fail(f"{what}: {reason}", mends_itself=away)
        log.error("%s; next try in %.0f s: %s", what, wait, reason, exc_info=not away)
        with suppress(Exception):  # before the state: who sees that finds the event
            self.project.events.add("round failed", "trainer", why=reason, wait=wait)
        self.heartbeat.show_state("failed", self._back_off.message)
        return wait

    def _stop(self) -> None:
        self.commands.stop = True
        self._wake.set()
