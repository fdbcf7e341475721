"""Section `queue`: the order of photos, and how long each is held."""

from __future__ import annotations

from pydantic import Field

from trainer.settings.section import Section, Share


class QueueSettings(Section):
    """Which photo comes next, and for whom."""

    lease_seconds: float = Field(default=600.0, gt=0)
    """A photo handed to an annotator stays theirs for this long after their last sign of life."""

    strategy: str = "default"
    """How photos are ranked; `skinseg rank --strategy` tries another one."""

    random_share: Share = 0.2
    """Share of the training photos drawn at random once a model ranks the others."""

    blind_share: Share = 0.05
    """Share of the photos shown without a suggestion, which measures the model without leading the eye."""

    blind_after: int = Field(default=20, ge=0)
    """So many photos are handed out before the first is blind: a young model is not worth measuring."""

    first_model_after: int = Field(default=3, ge=1)
    """The first model is trained once this many photos are labelled, all but one of them for training."""

    predict_ahead: int = Field(default=8, ge=0)
    """Suggestions are made for this many photos at the head of the queue."""

    bursts_apart: int = Field(default=8, ge=1)
    """Among this many photos in a row no two are of one burst."""

    bursts_together: bool = False
    """Photos of one burst may come one after the other."""

    sample: int = Field(default=400, ge=1)
    """On a processor so many photos, drawn at random, are ranked; on a graphics card all of them."""
