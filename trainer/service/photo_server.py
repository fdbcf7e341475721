"""What is done photo by photo: suggestions, what strokes and clicks need; in spare moments the ranking."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from trainer.evaluation.measure_saved import MeasuringPass
from trainer.ranking.older_suggestions import OlderSuggestions
from trainer.ranking.pass_over import RankingPass
from trainer.service.embedding_worker import EmbeddingWorker
from trainer.service.prediction_worker import PredictionWorker

if TYPE_CHECKING:
    from trainer.project.project import Project

SPARE_SECONDS = 1.0
"""During a round the pool is looked at no oftener than this."""
SUGGESTIONS = "suggestions for the photos that come next"


class PhotoServer:
    """Does one thing at a time for the photo that is wanted most.

    Parameters
    ----------
    project, device
        As of the workers.
    """

    def __init__(self, project: Project, device: str) -> None:
        self.predictions = PredictionWorker(project, device)
        self.embeddings = EmbeddingWorker(project, device)
        self.ranking = RankingPass(project, device)
        self.measuring, self.older = MeasuringPass(project), OlderSuggestions(project)
        self._ranked_at = 0.0

    def serve_one(self, head: bool, clicks: bool = True) -> str:
        """Serve one photo, and return a sentence that says what was made; empty: nothing is wanted.

        Parameters
        ----------
        head
            Whether photos at the head of the queue count, which nobody has open.
        clicks
            Whether there is time for embeddings, of some seconds each; else only overdue ones count.
        """
        if self.predictions.serve_one(head=False) is not None:
            return SUGGESTIONS
        if self.predictions.serve_activations() is not None:
            return "what follows from strokes on the photos that come next"
        if self.embeddings.serve_one(overdue=not clicks) is not None:
            return "what a click finds on the photos that come next"
        return SUGGESTIONS if head and self.predictions.serve_one() is not None else ""

    def rank_one(self, head_only: bool = False) -> str:
        """Look at one photo of the pool, or rank it, as `RankingPass.step`; before that, at what is there."""
        if not head_only and self.measuring.step():
            return "how far suggestions and saved masks agree"
        if not head_only and self.older.step():
            return "which classes earlier suggestions show"
        return self.ranking.step(head_only)

    def rank_between_steps(self) -> None:
        """Do the same at most once a second: a round of training goes on around this call."""
        if time.monotonic() - self._ranked_at > SPARE_SECONDS:
            self.rank_one()
            self._ranked_at = time.monotonic()

    def release(self) -> None:
        """Let go of all networks and the memory they hold on the device."""
        self.ranking.release()
        self.embeddings.release()
        self.predictions.release()

    def release_when_idle(self, seconds: float) -> None:
        """Release the networks where nothing was predicted for longer than so many seconds."""
        if self.predictions.release_when_idle(seconds):
            self.embeddings.release()
            self.ranking.release()
