"""States and kinds that the catalog stores, each under its one spelling."""

from __future__ import annotations

from enum import StrEnum

__all__ = [
    "CommandKind",
    "ModelDecision",
    "PhotoState",
    "RevisionKind",
    "RoundState",
    "ServingChange",
    "VisitOutcome",
]


class PhotoState(StrEnum):
    """What has become of a photo."""

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
    """How a photo was left."""

    SAVED = "saved"
    """The only one that counts as finished."""
    SKIPPED = "skipped"
    FLAGGED = "flagged"
    LEFT = "left"


class CommandKind(StrEnum):
    """What the trainer can be asked for."""

    PAUSE = "pause"
    RESUME = "resume"
    STOP = "stop"
    TRAIN_NOW = "train_now"
    PROMOTE = "promote"
    ROLLBACK = "rollback"


class RoundState(StrEnum):
    """How far a round of training has come."""

    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"


class ModelDecision(StrEnum):
    """What was decided on a model; none yet is None."""

    SERVED = "served"
    PROVISIONAL = "provisional"
    """Served on the evidence of few validation photos."""
    KEPT_OLD = "kept old"
    """Not served: the model before it stayed."""
    REPLACED = "replaced"
    """Served until another took its place."""


class ServingChange(StrEnum):
    """How the served model came to change."""

    PROMOTE = "promote"
    ROLLBACK = "rollback"
