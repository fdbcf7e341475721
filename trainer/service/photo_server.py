"""What open windows wait for, photo by photo: suggestions first, then what strokes and clicks need."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trainer.service.embedding_worker import EmbeddingWorker
from trainer.service.prediction_worker import PredictionWorker

if TYPE_CHECKING:
    from trainer.project.project import Project


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

    def serve_one(self, head: bool, clicks: bool = True) -> str:
        """Serve one photo, and return a sentence that says what was made; empty: nothing is wanted.

        Parameters
        ----------
        head
            Whether photos at the head of the queue count, which nobody has open.
        clicks
            Whether there is time for embeddings, of some seconds each.
        """
        if self.predictions.serve_one(head) is not None:
            return "suggestions for the photos that come next"
        if self.predictions.serve_activations() is not None:
            return "what follows from strokes on the photos that come next"
        if clicks and self.embeddings.serve_one() is not None:
            return "what a click finds on the photos that come next"
        return ""

    def release(self) -> None:
        """Let go of all networks and the memory they hold on the device."""
        self.embeddings.release()
        self.predictions.release()

    def release_when_idle(self, seconds: float) -> None:
        """Release the networks where nothing was predicted for longer than so many seconds."""
        if self.predictions.release_when_idle(seconds):
            self.embeddings.release()
