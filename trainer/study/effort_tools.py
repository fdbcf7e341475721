"""Tools of the simulated hand on the photos of a study: Select, and the rest that follows the strokes."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from trainer.effort.hand import at_working_size
from trainer.effort.selector import Selector
from trainer.effort.tools import Tools
from trainer.errors import ConfigError, WeightsError
from trainer.inference.click_embedding import ClickEncoder
from trainer.instant.cues import cues_of
from trainer.instant.follow import follow
from trainer.labels.values import PAINTED, PROPOSED
from trainer.networks.published.folder import find_part
from trainer.networks.published.registry import DECODER, MOBILESAM
from trainer.selection.proposals import ClickModel
from trainer.selection.sam_decoder import SamDecoder

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import NDArray

    from trainer.inference.predictor import Predictor
    from trainer.instant.cues import Cues
    from trainer.project.project import Project

    Bytes = NDArray[np.uint8]

SELECT, FOLLOW = "select", "follow"
TOOLS = (SELECT, FOLLOW)


class EffortTools:
    """Tools on one photo after another; what a click found once is not looked for again.

    Parameters
    ----------
    project
        Keeps the embeddings.
    names
        Of `TOOLS`.
    device
        Of the encoder.

    Raises
    ------
    ConfigError
        There is no such tool.
    WeightsError
        MobileSAM's weights are not at hand.
    """

    def __init__(self, project: Project, names: Collection[str], device: str) -> None:
        if other := set(names) - set(TOOLS):
            raise ConfigError(f"--tools {sorted(other)[0]}: choose from {', '.join(TOOLS)}")
        self._project = project
        self._follows = FOLLOW in names
        self._clicks = Clicks(project, device) if SELECT in names else None

    def of(self, photo_id: int, photo: Bytes, predictor: Predictor | None, suggestion: Bytes) -> Tools:
        """Return the tools on a photo ``(H, W, 3)`` with this suggestion, for masks at working size."""
        return Tools(
            select=self._clicks.selector(photo_id, photo) if self._clicks else None,
            follow=self._follow(photo, predictor, suggestion) if self._follows else None,
        )

    def _follow(self, photo: Bytes, predictor: Predictor | None, suggestion: Bytes) -> partial[Bytes]:
        found = predictor.activations(photo) if predictor else None
        cues = cues_of(photo, self._project.classes.count, found, suggestion if found is None else None)
        return partial(followed, cues)


def followed(cues: Cues, labels: Bytes, painted: NDArray[np.bool_]) -> Bytes:
    """Labels after the key: where they are not painted, they follow."""
    found = follow(cues, labels, np.where(painted, np.uint8(PAINTED), np.uint8(PROPOSED)))
    if found.area is None:
        return labels
    after = labels.copy()
    after[found.area] = found.labels
    return after


class Clicks:
    """MobileSAM on the photos of a project."""

    def __init__(self, project: Project, device: str) -> None:
        pretrained = project.path / "pretrained"
        encoder = find_part(MOBILESAM, pretrained=pretrained)
        decoder = find_part(MOBILESAM, DECODER, pretrained)
        if encoder is None or decoder is None:
            raise WeightsError(
                f"--tools {SELECT} needs the weights {MOBILESAM.name}: skinseg weights get {MOBILESAM.name} "
                f"({MOBILESAM.megabytes}), or leave it out"
            )
        self._project = project
        self._encoder = ClickEncoder(encoder, decoder, device)
        self._decoder = SamDecoder.load(decoder)
        self._made: dict[int, Selector] = {}

    def selector(self, photo_id: int, photo: Bytes) -> Selector:
        """Return the tool on a photo, for masks at the hand's working size."""
        if photo_id not in self._made:
            height, width = at_working_size(photo[..., 0]).shape
            embedding = self._embedding(photo_id, photo)
            self._made[photo_id] = Selector(ClickModel(self._decoder, embedding, (height, width)))
        return self._made[photo_id]

    def _embedding(self, photo_id: int, photo: Bytes) -> NDArray[np.float16]:
        sha256 = self._project.photos.get(photo_id).sha256
        found = self._project.embeddings.read(photo_id, sha256, MOBILESAM.sha256)
        if found is None:
            found = self._encoder.embed(photo)
            if sha256 is not None:
                self._project.embeddings.save(photo_id, sha256, MOBILESAM.sha256, found)
        return found
