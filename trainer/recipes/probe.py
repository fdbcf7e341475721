"""Heads on frozen features: trained in seconds on labelled pixels, not on crops.

The features of each labelled photo are computed once and kept; a step draws pixels of all photos. Several
heads, each with other starting weights and another weighing of the photos, answer together, and where they
disagree the model has seen too little (Lakshminarayanan et al. 2017, "Deep ensembles").
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from torch.nn import functional as F

from trainer.engine.optim import make_optimizer
from trainer.errors import SkinsegError
from trainer.features.backbones import NONE, choose_backbone
from trainer.features.bank import PixelBank, PixelBatch, PixelBatches
from trainer.features.cache import FeatureExtractor, feature_cache
from trainer.features.photos import photo_pixels
from trainer.recipes.base import Recipe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from torch import Tensor

    from trainer.data.loader import Batch
    from trainer.data.trainset import TrainSet
    from trainer.networks.probe import ProbeSegmenter
    from trainer.networks.segmenters import Segmenter
    from trainer.settings.probe import ProbeOptions


class ProbeRecipe(Recipe):
    """L = the heads' cross-entropies on pixels drawn from a bank, AdamW."""

    name: ClassVar[str] = "probe"
    goes_on: ClassVar[bool] = False
    shared: ClassVar[bool] = False
    small: ClassVar[bool] = True
    options: ProbeOptions

    @classmethod
    def defaults(cls, options: ProbeOptions, device: str) -> dict[str, object]:
        """Let predictions follow the photo's edges."""
        return {"edges": True}

    @classmethod
    def fixed(cls, options: ProbeOptions, pretrained: Path | None) -> dict[str, object]:
        """Its own section decides everything: what suits DeepLabV3+ does not suit heads."""
        backbone = choose_backbone(options.backbone, pretrained)
        note = "no pretrained weights are at hand: the features are colours and edges alone, skinseg weights"
        return {
            "arch": "probe",
            "encoder": backbone.encoder,
            "init": backbone.init,
            "init_note": f"{note} list names better ones"
            if backbone is NONE and options.backbone == "auto"
            else "",
            "network": {
                "heads": options.heads,
                "width": options.width,
                "output_stride": backbone.output_stride,
            },
            "long_side": options.photo_side,
            "size": options.photo_side,
            "fit": "crop",
            "batch": options.pixels,
            "steps": options.steps_heads,
            "lr": options.lr_heads,
            "weight_decay": options.decay_heads,
            "optimizer": "adamw",
            "dropout": options.dropout_heads,
            "encoder_lr": 1.0,
        }

    def build(self, segmenter: Segmenter) -> None:
        """One network, of which the heads alone are trained."""
        self.probe = cast("ProbeSegmenter", segmenter).network
        self.segmenter = cast("ProbeSegmenter", segmenter)
        optimizer = make_optimizer(self.plan, segmenter)
        self.networks["segmenter"], (self.optimizers["segmenter"],) = self.engine.setup(segmenter, optimizer)

    def prepare(self, batches: Iterator[Batch]) -> None:
        """Nothing: frozen weights keep their batch-norm statistics."""

    def labelled_batches(
        self, train: TrainSet, tick: Callable[[int], None], say: Callable[[str], None]
    ) -> PixelBatches:
        """Pixels of all labelled photos, whose mean and deviation the network keeps.

        Raises
        ------
        SkinsegError
            No labelled photo can be read.
        """
        options = self.options
        project = train.photos.project
        extractor = FeatureExtractor(self.segmenter, feature_cache(project, options.cache_bytes))
        bank = PixelBank(options.bank)
        for index in train.usable():
            tick(int(index))
            try:
                for mirrored in (False, True)[: 1 + options.mirrored]:
                    name = f"{train.items[index].revision_id}{'-m' if mirrored else ''}"
                    bank.add(name, photo_pixels(extractor, train, int(index), options.per_class, mirrored))
            except SkinsegError as error:
                train.drop(int(index), error)
                say(f"left out of training: {error}")
        entries = bank.entries()
        if not entries:
            reasons = next(iter(train.dropped.values()), "the masks have no labelled pixel")
            raise SkinsegError(f"no labelled photo can be used for training: {reasons}")
        batches = PixelBatches(entries, self.plan.batch, options.heads, self.plan.seed, self.engine.device)
        self.probe.standardise(*batches.statistics())
        return batches

    def step(self, batch: Batch, unlabelled: Batch | None, step: int) -> dict[str, Tensor]:
        """Cross-entropy of every head on its own weighing of the pixels, one update."""
        batch = cast("PixelBatch", batch)
        logits = self.probe.pixel_logits(batch.image)
        target = batch.target[:, None].expand(-1, logits.shape[1])
        each = F.cross_entropy(logits.movedim(1, 2), target, reduction="none")
        weight = batch.weight
        if self.classes.uncertain is not None:
            unsure = (batch.target == self.classes.uncertain)[:, None]
            weight = weight * (1 - (1 - self.plan.uncertain_weight) * unsure)
        losses = (each * weight).mean(dim=0)
        self.engine.update(losses.sum(), self.served, self.optimizers["segmenter"], self.plan.clip)
        return {"loss": losses.mean().detach()}
