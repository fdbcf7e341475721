"""Embeddings for clicks: made for photos that open windows hold, where MobileSAM's weights are at hand."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from trainer.errors import PhotoError
from trainer.networks.published.folder import find_part
from trainer.networks.published.registry import DECODER, MOBILESAM

if TYPE_CHECKING:
    from trainer.inference.click_embedding import ClickEncoder
    from trainer.project.project import Project

log = logging.getLogger(__name__)

RETRY_SECONDS = 60.0
OVERDUE_SECONDS = 10.0
"""A photo that a window has held for longer than this comes before a probe: who needs less time for a photo
than the probe of its mask takes would never have clicks otherwise."""


class EmbeddingWorker:
    """Encoder of clicks, loaded when first needed.

    Parameters
    ----------
    project
        Where photos come from and embeddings go.
    device
        As `skinseg trainer --device`.
    """

    def __init__(self, project: Project, device: str) -> None:
        self._project = project
        self._device = device
        self._encoder: ClickEncoder | None = None
        self._aside: dict[int, float] = {}
        self._wanted_since: dict[int, float] = {}
        self._hold_off = 0.0

    def serve_one(self, overdue: bool = False) -> int | None:
        """Make the embedding of one photo that a window holds; None: none is wanted, or none can be made.

        With `overdue`, only photos that windows have held for `OVERDUE_SECONDS` count.
        """
        now = time.monotonic()
        if now < self._hold_off:
            return None
        wanted = self._project.embeddings.wanted(MOBILESAM.sha256)
        self._wanted_since = {photo_id: self._wanted_since.get(photo_id, now) for photo_id in wanted}
        least = OVERDUE_SECONDS if overdue else 0.0
        due = (photo_id for photo_id in wanted if now - self._wanted_since[photo_id] >= least)
        photo_id = next((found for found in due if self._aside.get(found, 0.0) <= now), None)
        if photo_id is None:
            return None
        encoder = self._load()
        if encoder is None:
            return None
        try:
            embedding = encoder.embed(self._project.photos.read(photo_id))
            sha256 = self._project.photos.get(photo_id).sha256
            if sha256 is not None:
                self._project.embeddings.save(photo_id, sha256, MOBILESAM.sha256, embedding)
        except Exception as error:  # one photo must not end a round that goes on around this
            broken = isinstance(error, PhotoError)
            self._aside[photo_id] = float("inf") if broken else now + RETRY_SECONDS
            log.warning("no clicks on photo %d: %s", photo_id, error, exc_info=not broken)
        return photo_id

    def release(self) -> None:
        """Let go of the encoder and its memory."""
        self._encoder = None

    def _load(self) -> ClickEncoder | None:
        """Load the encoder; None, and no further try for a while, where it cannot be had."""
        if self._encoder is None:
            pretrained = self._project.path / "pretrained"
            parts = [find_part(MOBILESAM, pretrained=pretrained), find_part(MOBILESAM, DECODER, pretrained)]
            if None in parts:
                self._hold_off = time.monotonic() + RETRY_SECONDS
                return None
            from trainer.inference.click_embedding import ClickEncoder

            try:
                encoder, decoder = (path for path in parts if path is not None)
                self._encoder = ClickEncoder(encoder, decoder, self._device)
            except Exception as error:
                self._hold_off = time.monotonic() + RETRY_SECONDS
                log.warning("clicks find nothing: %s", error)
        return self._encoder
