"""Synthetic phone photos of mannequins with exact nine-class masks, for tests, demos and benchmarks."""

from trainer.classes import CLASS_SETS
from trainer.synthetic.photos import render_photos
from trainer.synthetic.render import PhotoInfo, render_photo
from trainer.synthetic.scene import FRAMINGS

CLASS_NAMES = CLASS_SETS["skin9"].names

__all__ = ["CLASS_NAMES", "FRAMINGS", "PhotoInfo", "render_photo", "render_photos"]
