"""Study `multitask`: classification, detection and segmentation in one network, by their losses."""

from __future__ import annotations

from trainer.study.arms import Arm, Claim, Scale, Study
from trainer.study.studies.small import SMALL_STEPS, SMALL_TRAINING

SEGMENTATION = ("ja2", "ja", "di", "ac", "se", "sp")
CLASSIFICATION = ("class_ac", "class_auc", "class_ap", "class_se", "class_sp")
NO_CLASSES = (*CLASSIFICATION, "ja", "di", "ac", "se", "sp")


def _arm(
    name: str, title: str, rpn: str, mask: str, tasks: str = "all", without: tuple[str, ...] = ()
) -> Arm:
    options = {"rpn_loss": rpn, "mask_loss": mask, "tasks": tasks}
    return Arm(name, title, {"training": {"recipe": "multitask"}, "multitask": options}, without=without)


MULTITASK = Study(
    name="multitask",
    title="Multi-task network: CE, FL, JL, FL + JL, and one task against all",
    arms=(
        _arm("ce", "CE: cross-entropy", "ce", "bce"),
        _arm("fl", "FL: focal loss of the proposals", "focal", "bce"),
        _arm("jl", "JL: Jaccard loss of the masks", "ce", "jaccard"),
        _arm("fl+jl", "FL + JL", "focal", "jaccard"),
        _arm("only-masks", "FL + JL, masks alone", "focal", "jaccard", "segmentation", NO_CLASSES),
        _arm("only-classes", "FL + JL, classes alone", "focal", "jaccard", "classification", SEGMENTATION),
    ),
    claims=(
        Claim("FL beats CE in JA", "fl", "ce", "ja", "higher"),
        Claim("JL beats CE in JA", "jl", "ce", "ja", "higher"),
        Claim("FL + JL beats CE in JA", "fl+jl", "ce", "ja", "higher; best of all .849"),
        Claim("FL + JL beats CE in AUC", "fl+jl", "ce", "class_auc", "best with both"),
        Claim("all tasks beat masks alone in JA, skin or not", "fl+jl", "only-masks", "ja2", "better"),
        Claim("all tasks beat classes alone in AUC", "fl+jl", "only-classes", "class_auc", "better"),
    ),
    measures=(*SEGMENTATION, *CLASSIFICATION),
    scales={
        "small": Scale({"training": {**SMALL_TRAINING, "batch": 4}}, steps=SMALL_STEPS),
        "literal": Scale({"multitask": {"literal": True}}, full_size=True),
    },
    notes=(
        "JA DI AC SE SP: of pixels, means of each photo's own scores. AC AUC AP SE SP, classes: is the class "
        "in the photo, mean over classes; a class counts as found from a probability of .5 on.",
    ),
)
