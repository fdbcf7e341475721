"""Traces of one photo: the names and hashes under which a project knows it, found in texts and taken out."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["HASH_LETTERS", "Traces"]

HASH_LETTERS = 16
"""Files of the cache bear at least so many letters of a photo's hash."""


@dataclass(frozen=True)
class Traces:
    """What a project knows of one photo.

    Attributes
    ----------
    photo_id : int
        Stays in the record of who did what, and is never given to another photo.
    relpath, root : str
        Its name below its folder, and that folder as registered.
    sha256 : str or None
        Its content; None: it was never opened, or an interrupted purge has forgotten it.
    masks : bool
        Whether its masks go too.
    names : tuple of str
        Its paths and, where no other photo has the same, its file name.
    revisions : tuple of str
        Its saved masks.
    files : tuple of str
        Groups of arrays made from it, relative to the project.
    """

    photo_id: int
    relpath: str
    root: str
    sha256: str | None
    masks: bool
    names: tuple[str, ...]
    revisions: tuple[str, ...] = ()
    files: tuple[str, ...] = ()

    @property
    def stand_in(self) -> str:
        """What is written where its name stood."""
        return f"purged photo {self.photo_id}"

    @property
    def kept(self) -> tuple[str, ...]:
        """Groups of arrays that stay: its masks, unless they are to go."""
        return () if self.masks else tuple(name for name in self.files if name.startswith("masks/"))

    @property
    def doomed(self) -> tuple[str, ...]:
        """Groups of arrays that go."""
        return tuple(name for name in self.files if name not in self.kept)

    @cached_property
    def words(self) -> tuple[str, ...]:
        """What a text would hold that speaks of it, plain and as JSON escapes it."""
        hashes = () if self.sha256 is None else (self.sha256[:HASH_LETTERS],)
        plain = (*self.names, *hashes)
        return tuple(dict.fromkeys([*plain, *(json.dumps(word)[1:-1] for word in plain)]))

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        # "a.jpg" is neither "banana.jpg" nor "other/a.jpg" nor "a.jpg.png".
        written = {form for name in self.names for form in (name, json.dumps(name)[1:-1])}
        parts = [rf"(?<![\w./\\-]){re.escape(name)}(?![\w-]|\.\w)" for name in sorted(written, key=len)[::-1]]
        if self.sha256 is not None:
            parts.append(rf"{re.escape(self.sha256[:HASH_LETTERS])}[0-9a-f-]*")
        return re.compile("|".join(parts) or r"(?!)")

    def is_in(self, text: str) -> bool:
        """Whether a text speaks of it."""
        return any(word in text for word in self.words) and self._pattern.search(text) is not None

    def out_of(self, value: Any) -> Any:
        """Return a text, or plain values of JSON, without its name and hash."""
        if isinstance(value, str):
            return self._pattern.sub(self.stand_in, value)
        if isinstance(value, list):
            return [self.out_of(item) for item in value]
        if isinstance(value, dict):
            return {self.out_of(key): self.out_of(item) for key, item in value.items()}
        return value

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Traces:
        """Read back `to_dict`."""
        lists = {key: tuple(values[key]) for key in ("names", "revisions", "files")}
        plain: dict[str, Any] = {**values, **lists}
        return cls(**plain)
