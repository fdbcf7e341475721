"""Study `surrogate`: colorization of skin photos as a pretext task for their segmentation."""

from __future__ import annotations

from trainer.study.arms import Arm, Claim, Scale, Study
from trainer.study.studies.small import SMALL_STEPS, SMALL_TRAINING

ALL_SHARES = (0.1, 0.25, 0.5, 1.0)


def _arm(init: str, title: str, **options: object) -> Arm:
    return Arm(init, title, {"training": {"recipe": "surrogate", "init": init}}, **options)  # type: ignore[arg-type]


SURROGATE = Study(
    name="surrogate",
    title="Surrogate supervision: starting weights x share of the labels",
    arms=(
        _arm("scratch", "from random weights"),
        _arm("colorization", "from colorization weights", weights="colorization"),
        _arm("imagenet", "from ImageNet weights", weights="imagenet"),
    ),
    claims=(
        Claim(
            "colorization beats scratch, all classes",
            "colorization",
            "scratch",
            "dice9",
            "+.056 .029 .034 .047 at 10 25 50 100 %",
        ),
        Claim(
            "colorization beats scratch, skin or not",
            "colorization",
            "scratch",
            "dice2",
            "+.010 .036 .025 .021 at 10 25 50 100 %",
        ),
        Claim(
            "colorization beats scratch with few labels",
            "colorization",
            "scratch",
            "dice9",
            "+.056 at 10 %",
            labels=(0.1,),
        ),
        Claim(
            "ImageNet beats colorization, all classes",
            "imagenet",
            "colorization",
            "dice9",
            "+.101 .204 .174 .190 at 10 25 50 100 %",
        ),
        Claim(
            "ImageNet beats colorization, skin or not",
            "imagenet",
            "colorization",
            "dice2",
            "+.132 .146 .144 .156 at 10 25 50 100 %",
        ),
    ),
    measures=("dice9", "dice2", "dice8"),
    labels=ALL_SHARES,
    scales={
        "small": Scale(
            {"training": SMALL_TRAINING},
            steps=SMALL_STEPS,
            pretext_steps=4000,
            any_encoder=True,
        ),
        "literal": Scale(
            {
                "training": {"encoder": "tu-resnet50s"},
                "surrogate": {"literal": True},
                "colorization": {"literal": True},
            },
            full_size=True,
        ),
    },
    notes=(
        "The source's figures are read off its plot (to .003): one run each, 163 test photos, no interval.",
        "Absolute Dice is not comparable with the source: other photos, other networks at the small scale.",
    ),
)
