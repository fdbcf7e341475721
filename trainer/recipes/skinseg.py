"""The product's default recipe. For now it trains as `supervised` does."""

from __future__ import annotations

from typing import ClassVar

from trainer.recipes.supervised import Supervised


class SkinSeg(Supervised):
    """The default; a name of its own so that what it does can grow."""

    name: ClassVar[str] = "skinseg"
