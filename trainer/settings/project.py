"""Settings of a project beside training: photos, splits, queue, window, gate, the background trainer."""

from __future__ import annotations

from pydantic import Field

from trainer.settings.section import Section, Share


class PhotoSettings(Section):
    """How photos are read."""

    max_pixels: int = Field(default=178_000_000, ge=1_000_000)
    """Refuse photos with more pixels than this: they are bombs or mistakes."""

    cache_bytes: int = Field(default=4_000_000_000, ge=0)
    """At most this many bytes of decoded photos are kept in the project's cache folder; 0 keeps none."""


class SplitSettings(Section):
    """How groups of photos are shared out at registration. What has been shared out stays."""

    val_share: Share = 0.1
    """Share of the groups used to compare models."""

    test_share: Share = 0.1
    """Share of the groups kept for the final figures; never used to choose anything."""


class QueueSettings(Section):
    """Which photo comes next, and for whom."""

    lease_seconds: float = Field(default=600.0, gt=0)
    """A photo handed to an annotator stays theirs for this long after their last sign of life."""

    random_share: Share = 0.2
    """Share of the photos drawn at random from all splits once a model ranks the others."""

    blind_share: Share = 0.0
    """Share of the photos shown without a suggestion, which measures the model without leading the eye."""

    first_model_after: int = Field(default=4, ge=1)
    """The first model is trained once this many training photos are labelled."""

    predict_ahead: int = Field(default=8, ge=0)
    """Suggestions are made for this many photos at the head of the queue."""


class WindowSettings(Section):
    """How the annotation window behaves."""

    autosave_seconds: float = Field(default=3.0, gt=0, le=60)
    """Unfinished work is put in safety this often."""

    prefetch: int = Field(default=2, ge=0, le=16)
    """So many next photos are decoded ahead."""

    brush_size: int = Field(default=24, ge=1, le=500)
    """Brush diameter on opening, in pixels of the photo."""

    opacity: Share = 0.5
    """Opacity of the annotation on opening."""


class GateSettings(Section):
    """When a new model replaces the served one."""

    margin_fast: float = Field(default=0.01, ge=0)
    """Largest loss of Dice put up with after a fast round."""

    margin_full: float = Field(default=0.005, ge=0)
    """Largest loss of Dice put up with after a full round."""

    class_margin: float = Field(default=0.03, ge=0)
    """Largest sure loss of Dice put up with in any one class."""

    best_margin: float = Field(default=0.02, ge=0)
    """Largest loss of Dice put up with against the best model ever served."""

    bootstrap: int = Field(default=2000, ge=100)
    """Bootstrap samples over groups."""

    min_photos: int = Field(default=5, ge=1)
    """With fewer validation photos a decision is provisional."""

    few_margin: float = Field(default=0.05, ge=0)
    """Largest loss of Dice put up with while the validation photos are that few."""


class ServiceSettings(Section):
    """How the background trainer behaves."""

    poll_seconds: float = Field(default=0.1, gt=0)
    """How often it looks for commands and new masks when idle."""

    heartbeat_seconds: float = Field(default=1.0, gt=0)
    """How often it writes its sign of life."""

    stale_seconds: float = Field(default=4.0, gt=0)
    """Without a sign of life for this long it counts as not running."""

    idle_release_seconds: float = Field(default=300.0, gt=0)
    """The graphics card is given back after this long without work."""

    checkpoint_seconds: float = Field(default=15.0, gt=0)
    """A round writes a checkpoint this often, from which it resumes after a crash."""
