"""Commands to the trainer: rows that windows and the command line write, carried out and answered here."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from trainer.errors import SkinsegError
from trainer.project.states import CommandKind
from trainer.service.schedule import PRETEXT
from trainer.settings.plan import Lane

if TYPE_CHECKING:
    from trainer.project.models.trainer_channel import Command
    from trainer.project.project import Project

log = logging.getLogger(__name__)

MEANT_FOR_ONE = (CommandKind.STOP, CommandKind.PAUSE, CommandKind.RESUME)
"""Commands to the trainer that runs when they are given, not to its successor."""


class CommandHandler:
    """Trainer's side of the command table.

    Attributes
    ----------
    paused, stop : bool
        In force until a command says otherwise.
    train_now, pretrain_now : str, bool
        The round asked for; the service clears it when the round begins.
    """

    def __init__(self, project: Project) -> None:
        self._project = project
        self._older = {command.id for command in project.trainer.pending()}
        self.paused = False
        self.stop = False
        self.train_now: Lane | None = None
        self.pretrain_now = False

    def forget_old(self) -> None:
        """Acknowledge commands meant for an earlier trainer: a stop must not end its successor."""
        for command in self._project.trainer.pending():
            if command.kind in MEANT_FOR_ONE and command.id in self._older:
                self._project.trainer.acknowledge(command.id, "no trainer was running")

    def run_pending(self) -> None:
        """Carry out every waiting command and acknowledge it with its result in one line."""
        for command in self._project.trainer.pending():
            try:
                result = self._carry_out(command)
            except SkinsegError as error:
                result = f"refused: {error}"
            log.info("%s asked for %s %s: %s", command.by, command.kind, command.args or "", result)
            self._project.trainer.acknowledge(command.id, result)

    def _carry_out(self, command: Command) -> str:
        kind, args = command.kind, command.args
        if kind == CommandKind.PAUSE:
            self.paused = True
            return "paused"
        if kind == CommandKind.RESUME:
            self.paused = False
            return "going on"
        if kind == CommandKind.STOP:
            self.stop = True
            return "stopping"
        if kind == CommandKind.TRAIN_NOW:
            if args.get("recipe") == PRETEXT:
                return self._pretrain_now()
            return self._train_now(str(args.get("lane", Lane.FAST)))
        if kind == CommandKind.PROMOTE:
            model_id = str(args.get("model_id", ""))
            self._project.models.promote(model_id, why=str(args.get("why", "chosen by hand")), by=command.by)
            return f"model {model_id} is served"
        if kind == CommandKind.ROLLBACK:
            return f"model {self._project.models.rollback(by=command.by).id} is served"
        return f"refused: this trainer knows no command '{kind}'"

    def _pretrain_now(self) -> str:
        self.paused = False
        self.pretrain_now = True
        return "starting weights are made next"

    def _train_now(self, lane: str) -> str:
        if self._project.photos.counts().by_split.get("train", (0, 0))[1] == 0:
            return "refused: no train photo has a mask yet; save one first"
        self.paused = False
        self.train_now = Lane.FULL if lane == Lane.FULL else Lane.FAST
        return f"a {self.train_now} round is next"
