"""Synthetic phone photos of mannequins with exact nine-class masks, to try everything without a patient's picture."""

from trainer.synthetic.people import CLASS_NAMES
from trainer.synthetic.photos import render_photos
from trainer.synthetic.render import PhotoInfo, render_photo
from trainer.synthetic.scene import FRAMINGS

__all__ = ["CLASS_NAMES", "FRAMINGS", "PhotoInfo", "render_photo", "render_photos"]
