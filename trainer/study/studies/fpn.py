"""FPN with soft Dice: loss and IoU after each epoch."""

from __future__ import annotations

from trainer.study.arms import Arm, Scale, Study
from trainer.study.studies.small import SMALL_TRAINING

FPN = Study(
    name="fpn",
    title="FPN: Dice loss and IoU per epoch",
    arms=(Arm("fpn", "FPN, soft Dice, best epoch kept", {"training": {"recipe": "fpn"}}),),
    claims=(),
    measures=("f1", "iou"),
    epochs=(("epoch_loss", "DL"), ("epoch_iou", "IoU")),
    scales={
        "small": Scale({"training": SMALL_TRAINING, "fpn": {"epochs": 40}}, steps=400),
        "literal": Scale({"fpn": {"literal": True}}, full_size=True),
    },
    notes=(
        "DL and IoU per epoch are those of the validation photos, by which the best epoch is chosen; where "
        "the study is tested on those as well, its figures flatter.",
    ),
)
