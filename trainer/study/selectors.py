"""The tool Select for the simulated hand: embeddings and masks of the photos of a study."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trainer.effort.hand import at_working_size
from trainer.effort.selector import Selector
from trainer.errors import WeightsError
from trainer.inference.click_embedding import ClickEncoder
from trainer.networks.published.folder import find_part
from trainer.networks.published.registry import DECODER, MOBILESAM
from trainer.selection.proposals import ClickModel
from trainer.selection.sam_decoder import SamDecoder

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from trainer.project.project import Project


class Selectors:
    """One selector for each photo; what a click found once is not looked for again.

    Parameters
    ----------
    project
        Keeps the embeddings.
    device
        Of the encoder.

    Raises
    ------
    WeightsError
        MobileSAM's weights are not at hand.
    """

    def __init__(self, project: Project, device: str) -> None:
        pretrained = project.path / "pretrained"
        encoder, decoder = (
            find_part(MOBILESAM, pretrained=pretrained),
            find_part(MOBILESAM, DECODER, pretrained),
        )
        if encoder is None or decoder is None:
            raise WeightsError(
                f"Select needs the weights {MOBILESAM.name}: skinseg weights get {MOBILESAM.name} "
                f"({MOBILESAM.megabytes}), or leave --select out"
            )
        self._project = project
        self._encoder = ClickEncoder(encoder, decoder, device)
        self._decoder = SamDecoder.load(decoder)
        self._made: dict[int, Selector] = {}

    def of(self, photo_id: int, photo: NDArray[np.uint8]) -> Selector:
        """Return the tool on a photo ``(H, W, 3)``, for masks at the hand's working size."""
        if photo_id not in self._made:
            height, width = at_working_size(photo[..., 0]).shape
            embedding = self._embedding(photo_id, photo)
            self._made[photo_id] = Selector(ClickModel(self._decoder, embedding, (height, width)))
        return self._made[photo_id]

    def _embedding(self, photo_id: int, photo: NDArray[np.uint8]) -> NDArray[np.float16]:
        sha256 = self._project.photos.get(photo_id).sha256
        found = self._project.embeddings.read(photo_id, sha256, MOBILESAM.sha256)
        if found is None:
            found = self._encoder.embed(photo)
            if sha256 is not None:
                self._project.embeddings.save(photo_id, sha256, MOBILESAM.sha256, found)
        return found
