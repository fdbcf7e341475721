"""A mask is learnt from at once where there is a frozen network, whatever else the trainer is at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch
from live_trainer import Trainer, write_settings

from trainer.networks.architectures import build_segmenter
from trainer.networks.pretext_weights import save_pretrained
from trainer.networks.weights import load_model

if TYPE_CHECKING:
    from trainer.project.models.models import Model
    from trainer.project.models.trainer_channel import TrainerState
    from trainer.project.project import Project

PROBE = """
[probe]
backbone = "colorization"
photo_side = 96
heads = 2
width = 16
steps_heads = 20
pixels = 128
"""


@pytest.fixture
def probing(trainer: Trainer) -> Trainer:
    """A trainer whose project has the encoder of a colorization; its own rounds take for ever."""
    torch.manual_seed(0)
    encoder = build_segmenter("deeplabv3plus", "tu-test_resnet", 9).network.encoder
    save_pretrained(
        trainer.path / "pretrained",
        "colorization-tu-test_resnet",
        encoder.state_dict(),
        {"network": {"arch": "encoder", "encoder": "tu-test_resnet"}, "plan": {"steps": 5000}},
    )
    write_settings(trainer.path, PROBE)
    file = trainer.path / "skinseg.toml"
    file.write_text(file.read_text().replace("steps_fast = 5", "steps_fast = 5000"))
    return trainer


def probes(project: Project) -> list[Model]:
    return [model for model in project.models.all() if model.lane == "probe"]


def correct_a_mask(project: Project) -> None:
    photo = project.photos.ids("train", labelled=True)[0]
    revision = project.masks.head(photo)
    labels, provenance = project.masks.read(revision)
    labels[:8] = 1
    project.masks.save(photo, labels, provenance, "anna", revision.id)


def test_a_probe_comes_first_and_again_in_the_middle_of_another_round(probing: Trainer) -> None:
    project = probing.project
    probing.start()
    served = probing.wait_for(project.models.served, 90)
    assert (served.recipe, served.lane) == ("probe", "probe")

    def step_of_the_long_round() -> TrainerState | None:
        state = project.trainer.state()
        return state if state and (state.lane, state.steps) == ("fast", 5000) and state.step else None

    row = probing.wait_for(step_of_the_long_round, 90)
    correct_a_mask(project)
    probing.wait_for(lambda: len(probes(project)) == 2, 60)
    goes_on = probing.wait_for(lambda: (s := step_of_the_long_round()) and s.step >= row.step and s, 60)
    assert goes_on.round == row.round
    # models share what never changes, and each folder is whole
    frozen = [next(model.path.glob("frozen-*.safetensors")) for model in probes(project)]
    assert frozen[0].name == frozen[1].name
    assert frozen[0].samefile(frozen[1])
    first, second = (load_model(model.path)[0].network for model in probes(project))
    assert first.encoder.digest() == second.encoder.digest()
    assert not torch.equal(first.hidden.weight, second.hidden.weight)
