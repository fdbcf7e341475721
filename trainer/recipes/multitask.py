"""Classification, detection and segmentation in one network.

Source: Song et al. 2020, An End-to-End Multi-Task Deep Learning Framework for Skin Lesion Analysis,
https://doi.org/10.1109/JBHI.2020.2973614.

The network is Mask R-CNN on a feature pyramid. Its loss is the sum of four,

    L = L_rpn + L_cls + L_det + L_seg,

where L_rpn takes the focal loss for what is foreground and 10 times smooth L1 for where it is, L_cls is the
cross-entropy of the classes, L_det smooth L1, and L_seg the binary cross-entropy plus the Jaccard distance.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, cast

from trainer.data.instances import Instances, instances_of
from trainer.engine.batch_norm import reestimate_batch_norm
from trainer.engine.optim import make_optimizer
from trainer.losses.detection import DetectionLosses
from trainer.networks.maskrcnn.truth import DetectionTruth
from trainer.recipes.base import Recipe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import Tensor

    from trainer.data.crops import CropPlan
    from trainer.data.loader import Batch
    from trainer.labels.classes import ClassSet
    from trainer.networks.maskrcnn.detector import Detector
    from trainer.networks.segmenters import Segmenter
    from trainer.settings.multitask import MultiTaskOptions

LITERAL = {
    "arch": "maskrcnn",
    "encoder": "resnet50",
    "fit": "pad",
    "size": 1024,
    "long_side": 1024,
    "batch": 4,
    "vertical_flip": True,
    "class_balanced": 0.0,
    "shift": 0.1,
    "blur": 2.0,
    "colour": 0.0,
}
"""The source's figures; it leaves rates, steps and the extent of the affine transform open."""
BRIGHTNESS = (0.8, 1.5)
ON_CPU = {"size": 160, "batch": 8, "lr": 1e-3}
ON_GPU = {"size": 512, "batch": 8, "lr": 3e-4}


class MultiTask(Recipe):
    """L = L_rpn + L_cls + L_det + L_seg."""

    name: ClassVar[str] = "multitask"
    arch: ClassVar[str | None] = "maskrcnn"
    shared: ClassVar[bool] = False
    options: MultiTaskOptions

    @classmethod
    def defaults(cls, options: MultiTaskOptions, device: str) -> dict[str, object]:
        """Whole photos, padded to a square: a region has to be seen whole to be boxed."""
        if options.literal:
            return LITERAL
        return {"arch": "maskrcnn", "fit": "pad", **(ON_GPU if device == "cuda" else ON_CPU)}

    @classmethod
    def network(cls, options: MultiTaskOptions) -> dict[str, object]:
        """Return the options that build the network again."""
        pool = options.mask_pool if options.mask_pool != "auto" else 7 if options.literal else 14
        return {
            "mask_pool": pool,
            "regions": options.regions,
            "tasks": options.tasks,
            "norm": "none" if options.literal else "group",
        }

    def build(self, segmenter: Segmenter) -> None:
        """Build one network, which knows the class that is no region, and choose its losses."""
        self.detector = cast("Detector", segmenter)
        network, options = self.detector.network, self.options
        network.background.fill_(self.classes.background)
        positive, jittered = options.positive, options.shaken
        self.losses = DetectionLosses(
            options.rpn_loss,
            options.rho,
            options.mask_loss,
            options.jaccard_delta,
            options.rois,
            positive if positive != "auto" else 0.25 if options.literal else 0.5,
            jittered if jittered != "auto" else 0 if options.literal else 8,
        )
        if self.losses.objectness == "focal":
            network.proposals.start_for_focal_loss()
        self.one_region = network.one
        optimizer = make_optimizer(self.plan, segmenter)
        self.networks["segmenter"], (self.optimizers["segmenter"],) = self.engine.setup(segmenter, optimizer)

    def prepare(self, batches: Iterator[Batch]) -> None:
        """Estimate batch-norm statistics of given weights; the encoder alone has such layers."""
        images = (self.detector.adapted(batch.image) for batch in batches)
        reestimate_batch_norm(self.detector.network.encoder, images, self.plan.bn_batches)

    def step(self, batch: Batch, unlabelled: Batch | None, step: int) -> dict[str, Tensor]:
        """Regions of the masks, the four losses, one update."""
        truth = DetectionTruth(self.truth(batch.target), self.losses)
        terms = cast("dict[str, Tensor]", self.served(batch.image, truth))
        loss = sum(terms.values(), start=batch.image.new_zeros(()))
        self.engine.update(loss, self.served, self.optimizers["segmenter"], self.plan.clip)
        return {"loss": loss.detach(), **{name: term.detach() for name, term in terms.items()}}

    def truth(self, target_NHW: Tensor) -> list[Instances]:
        """Find the regions of a batch of masks; one class for all where only segmentation is learnt."""
        found = instances_of(target_NHW, self.classes.count, self.classes.background, one=self.one_region)
        if self.options.tasks == "segmentation":
            found = [replace(regions, labels=regions.labels.clamp(max=1)) for regions in found]
        return found

    @classmethod
    def outputs(cls, classes: ClassSet) -> int:
        """One channel per class."""
        return classes.count

    def crop_plan(self) -> CropPlan:
        """Brightness is multiplied by .8 to 1.5, as in the source."""
        plan = super().crop_plan()
        if not self.options.literal or not self.plan.augment:
            return plan
        return replace(plan, strength=replace(plan.strength, brightness=BRIGHTNESS))
