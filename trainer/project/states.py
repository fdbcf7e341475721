"""States and kinds that the catalog stores, each under its one spelling."""

from __future__ import annotations

from enum import StrEnum

__all__ = [
    "FINISHED",
    "SPLITS",
    "AccessKind",
    "Chosen",
    "CommandKind",
    "ModelDecision",
    "PhotoState",
    "RevisionKind",
    "Role",
    "RoundState",
    "ServingChange",
    "Slot",
    "VerdictKind",
    "VisitOutcome",
]

SPLITS = ("train", "val", "test")


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
    GRID = "grid"
    """A suggestion, accepted in a grid of small pictures without being opened."""
    PART = "part"
    """Saved before it was finished."""
    IMPORT = "import"
    REVERT = "revert"
    """An earlier revision, made current again."""


FINISHED = (RevisionKind.SAVE, RevisionKind.GRID)
"""Kinds by which a person says that a whole photo is right."""


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
    """Somebody opened it, or chose it by a filter of the queue."""
    RETURNED = "returned"
    """A reviewer sent it back to its annotator."""
    SECOND = "second"
    """Read by a second annotator, who does not see the first mask."""


class AccessKind(StrEnum):
    """The way in which somebody saw a photo, or took it out of the project."""

    WINDOW = "window"
    """Opened to be annotated, or looked at."""
    EXPORT = "export"
    """Its mask was written out."""
    REPORT = "report"
    """Its picture is in a page."""


class Role(StrEnum):
    """What somebody does in a project."""

    ANNOTATOR = "annotator"
    REVIEWER = "reviewer"
    """Also approves masks of others, or sends them back."""


class VerdictKind(StrEnum):
    """What a reviewer says of a mask."""

    APPROVED = "approved"
    RETURNED = "returned"


class Chosen(StrEnum):
    """The mask that a reviewer chose of two readings."""

    FIRST = "first"
    SECOND = "second"
    CORRECTED = "corrected"
    """Neither: the reviewer's own."""


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
