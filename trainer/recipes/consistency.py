"""Consistency: confident predictions of an averaged teacher on weak views train the student on strong ones.

After FixMatch (Sohn et al. 2020) for segmentation as in UniMatch (Yang et al. 2023), with an EMA teacher.
"""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from trainer.data.strong_augment import ViewStrength, cut_boxes, paste, strong_view
from trainer.engine.ema import update_average, warm_up_decay
from trainer.engine.one_batch import pooled
from trainer.labels.values import IGNORE
from trainer.recipes.supervised import Supervised

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trainer.data.crops import CropPlan
    from trainer.data.loader import Batch
    from trainer.networks.segmenters import Segmenter


class Consistency(Supervised):
    """L = (L_x + weight L_u) / (1 + weight) once unlabelled photos join, L_x (CE and Dice) before."""

    name: ClassVar[str] = "consistency"
    wants_unlabelled: ClassVar[bool] = True

    def build(self, segmenter: Segmenter) -> None:
        """Build a student as in `supervised`, and a teacher that follows it."""
        teacher = copy.deepcopy(segmenter).requires_grad_(False).eval()
        super().build(segmenter)
        self.teacher = teacher.to(self.engine.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.networks["teacher"] = self.teacher
        options = self.options
        self.strength = ViewStrength(options.jitter, options.gray, options.blur, options.cutmix)

    def prepare(self, batches: Iterator[Batch]) -> None:
        """Give the teacher the batch-norm statistics of the student."""
        super().prepare(batches)
        self.teacher.load_state_dict(self.served.state_dict())

    def step(self, batch: Batch, unlabelled: Batch | None, step: int) -> dict[str, Tensor]:
        """Run one forward pass over labelled crops and strong views, one update, then the teacher follows."""
        views: list[Tensor] = []
        if unlabelled is not None and self.uses_unlabelled(step):
            views, targets, inside = self._views(unlabelled, step)
        logits = self.segment(batch.image, *views)
        loss, curves = self.supervised_loss(logits[0], batch.target)
        if views:
            pairs = [consistency_loss(*three) for three in zip(logits[1:], targets, inside, strict=True)]
            semi, share = (torch.stack(values).mean() for values in zip(*pairs, strict=True))
            loss = (loss + self.options.weight * semi) / (1 + self.options.weight)
            curves |= {"semi": semi.detach(), "semi_share": share}
        self.update(loss)
        decay = warm_up_decay(self.options.teacher_decay, step)
        update_average(self.teacher.state_dict(), self.served.state_dict(), decay)
        return {"loss": loss.detach()} | curves

    def _views(self, unlabelled: Batch, step: int) -> tuple[list[Tensor], list[Tensor], list[Tensor]]:
        """Strong views, the teacher's classes (IGNORE where it is not sure), and what lies in a photo.

        With several processes each draws views of its own share and mixes crops within it: as alike as
        two seeds are, where everything else is the same to rounding.
        """
        target, inside = self._teacher_classes(unlabelled)
        count, height, width = target.shape
        views, targets, insides = [], [], []
        for view in range(self.options.views):
            rng = np.random.default_rng([self.plan.seed, step, view, 2, *self.engine.ranks.own])
            mask = cut_boxes(count, height, width, self.strength.cutmix, rng).to(target.device)
            image = strong_view(unlabelled.image, self.strength, rng)
            views.append(paste(image, mask).contiguous(memory_format=torch.channels_last))
            targets.append(paste(target, mask))
            insides.append(paste(inside, mask))
        return views, targets, insides

    @torch.no_grad()
    def _teacher_classes(self, unlabelled: Batch) -> tuple[Tensor, Tensor]:
        """Predict classes ``(N, H, W)``, IGNORE where the teacher is not sure, and what lies in a photo."""
        self.teacher.eval()
        with self.engine.fabric.autocast():
            logits = self.teacher(unlabelled.image)
        certainty, classes = (logits.float() / self.options.temperature).softmax(1).max(1)
        inside = unlabelled.target != IGNORE
        sure = (certainty >= self.options.threshold) & inside
        return torch.where(sure, classes, IGNORE), inside

    def uses_unlabelled(self, step: int) -> bool:
        """From the end of the warm-up on."""
        begun: bool = step >= self.options.warmup * self.plan.steps and self.options.weight > 0
        return begun

    def unlabelled_plan(self) -> CropPlan:
        """``unlabelled_share`` times as many crops as there are labelled ones."""
        plan = self.crop_plan()
        return replace(plan, batch=max(1, round(self.options.unlabelled_share * plan.batch)))


def consistency_loss(logits: Tensor, target: Tensor, inside: Tensor) -> tuple[Tensor, Tensor]:
    """Cross-entropy where the teacher is sure, averaged over all pixels inside the photos.

    Parameters
    ----------
    logits, target, inside
        ``(N, K, H, W)``, ``(N, H, W)`` with IGNORE where the teacher is not sure, and ``(N, H, W)`` bool.

    Returns
    -------
    Tensor, Tensor
        The loss, and the share of valid pixels that were learnt from.
    """
    losses = F.cross_entropy(logits.float(), target.long(), ignore_index=IGNORE, reduction="none")
    total = pooled(inside.sum()).clamp(min=1)
    return pooled(losses.sum()) / total, pooled((target != IGNORE).sum()) / total
