"""States and kinds that the catalog stores, each under its one spelling."""

from __future__ import annotations

from enum import StrEnum

__all__ = [
    "AccessKind",
    "CommandKind",
    "ModelDecision",
    "PhotoState",
    "RevisionKind",
    "RoundState",
    "ServingChange",
    "Slot",
    "VisitOutcome",
]


class PhotoState(StrEnum):
    """State of a photo."""

    NEW = "new"
    PART = "part"
    """Saved in part; work goes on later."""
    LABELLED = "labelled"
    FLAGGED = "flagged"
    """Set aside with a note."""
    BROKEN = "broken"
    """Cannot be read, for a stated reason."""


class RevisionKind(StrEnum):
    """The origin of a saved mask."""

    SAVE = "save"
    PART = "part"
    """Saved before it was finished."""
    IMPORT = "import"
    REVERT = "revert"
    """An earlier revision, made current again."""


class VisitOutcome(StrEnum):
    """Outcome of a visit to a photo."""

    SAVED = "saved"
    """The only one that counts as finished."""
    SKIPPED = "skipped"
    FLAGGED = "flagged"
    LEFT = "left"


class Slot(StrEnum):
    """The place in the queue that a photo was handed out for."""

    RANKED = "ranked"
    """By rank, or in the random order of the training photos before there is a rank."""
    RANDOM = "random"
    """A training photo at random, which the ranked ones are compared with."""
    VALIDATION = "val"
    TEST = "test"
    ASKED = "asked"
    """Somebody opened it."""


class AccessKind(StrEnum):
    """The way in which somebody saw a photo, or took it out of the project."""

    WINDOW = "window"
    """Opened to be annotated, or looked at."""
    EXPORT = "export"
    """Its mask was written out."""
    REPORT = "report"
    """Its picture is in a page."""


class CommandKind(StrEnum):
    """Commands that the trainer carries out."""

    PAUSE = "pause"
    RESUME = "resume"
    STOP = "stop"
    TRAIN_NOW = "train_now"
    PROMOTE = "promote"
    ROLLBACK = "rollback"


class RoundState(StrEnum):
    """State of a round of training."""

    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"


class ModelDecision(StrEnum):
    """Decision on a model; before it, the column is NULL."""

    SERVED = "served"
    PROVISIONAL = "provisional"
    """Served on the evidence of few validation photos."""
    KEPT_OLD = "kept old"
    """Not served: the model before it stayed."""
    REPLACED = "replaced"
    """Served until another took its place."""


class ServingChange(StrEnum):
    """Change of the served model."""

    PROMOTE = "promote"
    ROLLBACK = "rollback"
