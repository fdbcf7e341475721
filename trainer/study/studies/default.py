"""Study `default`: the method to begin with when few photos are labelled."""

from __future__ import annotations

from trainer.study.arms import Arm, Claim, Scale, Study
from trainer.study.studies.small import SMALL_STEPS, SMALL_TRAINING

FEW = (0.05, 0.1, 0.25)


def _arm(recipe: str, title: str) -> Arm:
    return Arm(recipe, title, {"training": {"recipe": recipe, "init": "scratch"}})


DEFAULT = Study(
    name="default",
    title="The default: supervised, skinseg (adversarial), consistency, with few labels",
    arms=(
        _arm("supervised", "labelled photos alone"),
        _arm("skinseg", "adversarial term on labelled and unlabelled photos"),
        _arm("consistency", "averaged teacher on unlabelled photos"),
    ),
    claims=(
        Claim(
            "skinseg beats supervised", "skinseg", "supervised", "dice9", "+1 point in an independent study"
        ),
        Claim(
            "consistency beats supervised", "consistency", "supervised", "dice9", "+30 points of IoU on VOC"
        ),
        Claim("consistency beats skinseg", "consistency", "skinseg", "dice9"),
    ),
    measures=("dice9", "dice2", "dice8"),
    labels=FEW,
    scales={
        "small": Scale({"training": SMALL_TRAINING}, steps=SMALL_STEPS, seeds=5),
        "literal": Scale({"training": {"encoder": "tu-resnet50s"}}, seeds=5, full_size=True),
    },
    notes=("All train photos whose labels are not used count as unlabelled.",),
)
