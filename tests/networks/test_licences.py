"""The table of encoders that the window shows says what the weights' publishers say."""

from __future__ import annotations

import pytest
import timm
from segmentation_models_pytorch.encoders import encoders

from trainer.networks.encoders import encoder_for
from trainer.networks.licences import ENCODERS, RESEARCH_ONLY, forbids_commercial_use
from trainer.recipes.registry import RECIPES
from trainer.settings.recipes import RECIPE_WORDS


@pytest.mark.parametrize("name", ENCODERS)
def test_licence_and_name_are_right(name):
    if not name.startswith("tu-"):
        assert name in encoders
        assert ENCODERS[name].licence == "other"
        return
    config = timm.get_pretrained_cfg(name[3:])
    assert config is not None
    assert ENCODERS[name].licence == config.license


def test_the_encoders_that_auto_means_are_in_the_table():
    for device in ("cpu", "mps", "cuda"):
        assert ENCODERS[encoder_for(device)].licence == "apache-2.0"


def test_weights_for_research_only_are_told_apart():
    assert forbids_commercial_use("CC-BY-NC-4.0")
    assert not forbids_commercial_use("apache-2.0")
    assert not forbids_commercial_use(None)
    assert RESEARCH_ONLY


def test_the_window_offers_every_recipe_and_no_other():
    assert set(RECIPE_WORDS) == set(RECIPES)
