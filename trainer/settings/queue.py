"""Section `queue`: the order of photos, and how long each is held."""

from __future__ import annotations

from pydantic import Field

from trainer.settings.section import Section, Share


class QueueSettings(Section):
    """Which photo comes next, and for whom."""

    lease_seconds: float = Field(default=600.0, gt=0)
    """A photo that is open in a window is kept for its annotator so many seconds after that window was
    last heard of; then others may get it."""

    strategy: str = "default"
    """How photos that teach the model most are found: default, or the name of another way (skinseg rank
    --help lists them)."""

    random_share: Share = 0.2
    """Part of the photos that come by chance and not because they teach most, 0 to 1 (0.2: one in five)."""

    blind_share: Share = 0.05
    """Part of the photos that come without a suggestion, 0 to 1 (0.05: one in twenty): they tell how good
    the model really is."""

    blind_after: int = Field(default=20, ge=0)
    """The first photo without its suggestion comes after so many photos: a young model is not worth
    measuring."""

    first_model_after: int = Field(default=3, ge=1)
    """The first model is trained when so many photos are labelled; one of them only measures it."""

    predict_ahead: int = Field(default=8, ge=0)
    """So many of the next photos get their suggestion before you come to them."""

    bursts_apart: int = Field(default=8, ge=1)
    """Photos of one burst (taken one right after the other) have so many photos between them in the queue."""

    bursts_together: bool = False
    """Photos of one burst may come one right after the other."""

    sample: int = Field(default=400, ge=1)
    """So many photos, drawn by chance, are compared to find the next ones; with a graphics card all are."""
