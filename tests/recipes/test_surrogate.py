"""The surrogate study's segmenter: its loss, its rate, its network."""

import pytest
import torch
from torch.nn import functional as F

from trainer.data.loader import Batch
from trainer.engine.device import Engine
from trainer.labels.classes import CLASS_SETS
from trainer.labels.values import IGNORE
from trainer.networks.architectures import build_segmenter
from trainer.recipes.surrogate import Surrogate
from trainer.settings.model import Settings
from trainer.training.resolve_plan import make_plan

SMALL = {"size": 32, "batch": 2, "encoder": "tu-resnet10t", "steps_full": 20, "threads": 1}


def make_recipe(**options):
    torch.manual_seed(0)
    settings = Settings.model_validate({"training": SMALL, "surrogate": options})
    plan = make_plan(settings, "cpu", "batch", recipe="surrogate")
    segmenter = build_segmenter(plan.arch, plan.encoder, 9, **plan.network)
    return Surrogate(CLASS_SETS["skin9"], plan, Engine.start("cpu", threads=1), segmenter)


def test_plain_cross_entropy_over_what_was_labelled():
    recipe = make_recipe()
    target = torch.randint(0, 9, (2, 32, 32), dtype=torch.uint8)
    target[:, :20] = IGNORE
    batch = Batch(torch.randn(2, 3, 32, 32), target)
    recipe.served.eval()
    with torch.inference_mode():
        logits = recipe.served(batch.image)
    wanted = F.cross_entropy(logits[:, :, 20:], target[:, 20:].long())
    assert recipe.step(batch, None, 0)["loss"].item() == pytest.approx(wanted.item(), rel=1e-4)


def test_the_rate_is_constant_in_the_source_and_follows_the_schedule_otherwise():
    literal, ours = make_recipe(literal=True), make_recipe()
    for recipe, steps in ((literal, (0, 10, 19)), (ours, (1, 10))):
        rates = []
        for step in steps:
            recipe.set_rates(step)
            rates.append(recipe.optimizers["segmenter"].param_groups[0]["lr"])
        assert (len(set(rates)) == 1) == (recipe is literal)
    assert rates[0] > rates[1]
    assert literal.optimizers["segmenter"].defaults["betas"] == (0.5, 0.999)


def test_whole_atrous_convolutions_where_asked_for():
    def spread(recipe):
        return [m for m in recipe.served.modules() if isinstance(m, torch.nn.Conv2d) and m.dilation[0] >= 6]

    assert {m.groups for m in spread(make_recipe(separable_aspp=False))} == {1}
    assert {m.groups for m in spread(make_recipe())} != {1}
    assert sorted({m.dilation[0] for m in spread(make_recipe(literal=True))}) == [6, 12, 18]
