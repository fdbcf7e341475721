"""Embeddings of the photos that people have open or next, from which a click finds a thing.

Files in the cache, keyed by the photo's content and the weights: those of a replaced photo, or of other
weights, are never found. The oldest go; all may be deleted at any time.
"""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np
import sqlalchemy as sa

from trainer.atomic import replacing
from trainer.project.schema import lease, photo, session
from trainer.project.states import PhotoState

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

    from trainer.project.store import Store

__all__ = ["Embeddings"]

MOST = 200
"""Embeddings that are kept, of about 2 MB each."""
SHAPE = (256, 64, 64)


class Embeddings:
    """Writing and reading embeddings, and the photos that lack one."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._folder = store.path / "cache" / "embeddings"

    def wanted(self, weights: str) -> list[int]:
        """List photos that open sessions hold and that have no embedding by these weights, the oldest first.

        Parameters
        ----------
        weights
            Digest of the weights.
        """
        now = time.time()
        query = (
            sa.select(lease.c.photo_id, photo.c.sha256)
            .join(session, session.c.id == lease.c.session_id)
            .join(photo, photo.c.id == lease.c.photo_id)
            .where(session.c.ended.is_(None), lease.c.expires > now, photo.c.state != PhotoState.BROKEN)
            .order_by(lease.c.expires)
        )
        with self._store.catalog.read() as connection:
            rows = connection.execute(query).all()
        return [
            int(row.photo_id)
            for row in rows
            if row.sha256 is None or not self._path(row.photo_id, row.sha256, weights).is_file()
        ]

    def save(self, photo_id: int, sha256: str, weights: str, embedding: npt.NDArray[np.float16]) -> None:
        """Keep an embedding ``(256, 64, 64)``, and drop the oldest beyond `MOST`."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with replacing(self._path(photo_id, sha256, weights)) as partial, partial.open("wb") as file:
            np.save(file, embedding.astype(np.float16), allow_pickle=False)
        files = sorted(self._folder.glob("*.npy"), key=_age, reverse=True)
        for old in files[:-MOST]:
            old.unlink(missing_ok=True)

    def read(self, photo_id: int, sha256: str | None, weights: str) -> npt.NDArray[np.float16] | None:
        """Read an embedding; None where there is none, or where its file is damaged."""
        if sha256 is None:
            return None
        with suppress(OSError, ValueError, EOFError):
            found: npt.NDArray[np.float16] = np.load(
                self._path(photo_id, sha256, weights), allow_pickle=False
            )
            if found.shape == SHAPE:
                return found
        return None

    def _path(self, photo_id: int, sha256: str, weights: str) -> Path:
        return self._folder / f"{photo_id}-{sha256[:16]}-{weights[:8]}.npy"


def _age(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return 0.0
