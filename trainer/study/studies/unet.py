"""U-Net on whole photos: squashed or aspect kept, with or without augmentation."""

from __future__ import annotations

from trainer.study.arms import Arm, Claim, Scale, Study
from trainer.study.studies.small import SMALL_STEPS, SMALL_TRAINING


def _arm(fit: str, augment: bool) -> Arm:
    shape = "squashed" if fit == "squash" else "aspect kept"
    return Arm(
        f"{fit}{'-augmented' if augment else ''}",
        f"{shape}, {'augmented' if augment else 'not augmented'}",
        {"training": {"recipe": "unet", "augment": augment}, "unet": {"resize": fit}},
    )


UNET = Study(
    name="unet",
    title="U-Net: squashed or aspect kept x augmentation",
    arms=tuple(_arm(fit, augment) for augment in (False, True) for fit in ("squash", "pad")),
    claims=(
        Claim(
            "aspect and augmentation together beat neither",
            "pad-augmented",
            "squash",
            "f1",
            ".68 against .58, with more epochs and pixels besides",
        ),
        Claim("keeping the aspect helps without augmentation", "pad", "squash", "f1", "not measured alone"),
        Claim("augmentation helps squashed photos", "squash-augmented", "squash", "f1", "not measured alone"),
        Claim(
            "augmentation helps where the aspect is kept", "pad-augmented", "pad", "f1", "not measured alone"
        ),
    ),
    measures=("f1", "iou", "ja"),
    scales={
        "small": Scale({"training": SMALL_TRAINING}, steps=SMALL_STEPS, full_size=True),
        "literal": Scale({"unet": {"literal": True}}, full_size=True),
    },
    notes=("The source changed resolution, aspect, augmentation and epochs together; here each alone.",),
)
