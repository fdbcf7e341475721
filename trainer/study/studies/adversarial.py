"""Adversarial training of DeepLabV3+: none, a fully convolutional discriminator, PatchGAN."""

from __future__ import annotations

from trainer.study.arms import Arm, Claim, Scale, Study
from trainer.study.studies.small import SMALL_STEPS, SMALL_TRAINING

LITERAL_TRAINING = {"encoder": "tu-xception65"}

ADVERSARIAL = Study(
    name="adversarial",
    title="Adversarial loss: supervised only, FCN discriminator, PatchGAN discriminator",
    arms=(
        Arm(
            "supervised",
            "supervised only (the same recipe, weights of the adversarial terms 0)",
            {
                "training": {"recipe": "adversarial"},
                "adversarial": {"discriminator": "fcn", "lambda_adv": 0.0, "lambda_semi": 0.0},
            },
        ),
        Arm(
            "fcn",
            "fully convolutional discriminator",
            {"training": {"recipe": "adversarial"}, "adversarial": {"discriminator": "fcn"}},
        ),
        Arm(
            "patch",
            "PatchGAN, receptive field 70",
            {
                "training": {"recipe": "adversarial"},
                "adversarial": {"discriminator": "patch", "receptive_field": 70},
            },
        ),
    ),
    claims=(
        Claim("the FCN discriminator beats PatchGAN, IoU", "fcn", "patch", "iou", ".911 against .891"),
        Claim("the FCN discriminator beats PatchGAN, F1", "fcn", "patch", "f1", ".953 against .932"),
        Claim(
            "FCN adversarial training beats supervised",
            "fcn",
            "supervised",
            "iou",
            "no such row in the source",
        ),
        Claim(
            "PatchGAN training beats supervised", "patch", "supervised", "iou", "no such row in the source"
        ),
    ),
    measures=("iou", "precision", "recall", "f1"),
    per_class=("iou", "precision", "recall", "dice"),
    scales={
        "small": Scale({"training": SMALL_TRAINING}, steps=SMALL_STEPS),
        "literal": Scale({"training": LITERAL_TRAINING, "adversarial": {"literal": True}}, full_size=True),
    },
    notes=(
        "The source's own PatchGAN table contradicts itself: IoU = F1 / (2 - F1) gives .940 for its "
        "background, it prints .964.",
    ),
)
