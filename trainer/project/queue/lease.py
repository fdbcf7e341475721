"""Lease of a photo: which one a session holds, why, and until when."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ASKED", "Lease"]

ASKED = "you opened it"


@dataclass(frozen=True)
class Lease:
    """A photo reserved for a session until `expires`; `blind` asks to hide the suggestion."""

    photo_id: int
    why: str
    blind: bool
    expires: float
    returned: bool = False
    """A reviewer has sent it back to this annotator."""
