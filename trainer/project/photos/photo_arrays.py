"""Arrays of the photos that people have open or next: what a click or a stroke is answered from.

Files in the cache, keyed by the photo's content and by what made them: those of a replaced photo, or of other
weights, are never found. The oldest go; all may be deleted at any time.
"""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np
import sqlalchemy as sa

from trainer.atomic import replacing
from trainer.project.catalog.schema import lease, photo, session
from trainer.project.states import PhotoState

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

    from trainer.project.catalog.store import Store

__all__ = ["ACTIVATIONS", "EMBEDDINGS", "PhotoArrays"]

MOST = 200
"""Files of a kind that are kept, of at most about 2 MB each."""
EMBEDDINGS, ACTIVATIONS = "embeddings", "activations"
"""Of MobileSAM, for clicks; of the model whose suggestion is shown, for strokes."""


class PhotoArrays:
    """Writing and reading arrays of one kind, and the photos that lack one.

    Parameters
    ----------
    store
        The project.
    kind
        Name of their folder.
    """

    def __init__(self, store: Store, kind: str) -> None:
        self._store = store
        self._folder = store.path / "cache" / kind

    def wanted(self, maker: str) -> list[int]:
        """List photos that open sessions hold and that have no array by this maker, the oldest first.

        Parameters
        ----------
        maker
            Digest of the weights, or the model's id.
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
            if row.sha256 is None or not self._path(row.photo_id, row.sha256, maker).is_file()
        ]

    def save(self, photo_id: int, sha256: str, maker: str, values: npt.NDArray[np.float16]) -> None:
        """Keep an array, and drop the oldest beyond `MOST`."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with replacing(self._path(photo_id, sha256, maker)) as partial, partial.open("wb") as file:
            np.save(file, values.astype(np.float16), allow_pickle=False)
        files = sorted(self._folder.glob("*.npy"), key=_age, reverse=True)
        for old in files[:-MOST]:
            old.unlink(missing_ok=True)

    def read(self, photo_id: int, sha256: str | None, maker: str) -> npt.NDArray[np.float16] | None:
        """Read an array of three axes; None where there is none, or where its file is damaged."""
        if sha256 is None:
            return None
        with suppress(OSError, ValueError, EOFError):
            found: npt.NDArray[np.float16] = np.load(self._path(photo_id, sha256, maker), allow_pickle=False)
            if found.ndim == 3 and found.dtype == np.float16:
                return found
        return None

    def _path(self, photo_id: int, sha256: str, maker: str) -> Path:
        return self._folder / f"{photo_id}-{sha256[:16]}-{maker[:40]}.npy"


def _age(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return 0.0
