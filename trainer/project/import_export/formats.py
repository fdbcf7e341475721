"""The formats of mask files: their names, and the suffix of each."""

from __future__ import annotations

from typing import Literal

from trainer.errors import ConfigError

__all__ = ["SUFFIX", "Format", "check_format"]

Format = Literal["png", "ngff"]
SUFFIX: dict[str, str] = {"png": ".png", "ngff": ".zarr"}


def check_format(name: str) -> None:
    """Refuse a format that is none.

    Raises
    ------
    ConfigError
        If it is not "png" or "ngff".
    """
    if name not in SUFFIX:
        raise ConfigError(f"there is no format {name!r}; use {' or '.join(SUFFIX)}")
