"""Which runs a study is made of, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from safetensors.numpy import save_file
from tiny_study import tiny

from trainer.errors import ConfigError, ProjectError
from trainer.networks.published.folder import FOLDER_VARIABLE
from trainer.study.design import make_design
from trainer.study.studies.registry import STUDIES, find_study


def test_arms_of_a_study_differ_in_nothing_but_what_it_compares(project):
    design = make_design(project, find_study("default"), tiny(labels=(0.5, 1.0)))
    assert len(design.runs) == 3 * 2 * 2
    assert len({run.name for run in design.runs}) == len(design.runs)
    by_arm = {arm.name: [r for r in design.runs if r.arm == arm.name] for arm in design.arms}
    for one, other in zip(by_arm["supervised"], by_arm["skinseg"], strict=True):
        same = [(run.labels, run.seed, run.steps, run.data, run.split) for run in (one, other)]
        assert same[0] == same[1]
        settings = one.settings["training"], other.settings["training"]
        assert {k for k in settings[0] if settings[0][k] != settings[1][k]} == {"recipe"}


@pytest.mark.parametrize("name", sorted(STUDIES))
@pytest.mark.parametrize("scale", ["small", "literal"])
def test_every_study_at_every_scale_is_made_of_settings_that_exist(project, name, scale):
    design = make_design(project, find_study(name), tiny(scale=scale, set={}))
    assert design.runs


def test_every_claim_names_arms_and_measures_that_exist():
    from trainer.study.measures import MEASURES

    for study in STUDIES.values():
        names = {arm.name: arm for arm in study.arms}
        assert set(study.measures) <= set(MEASURES)
        for claim in study.claims:
            assert claim.measure in MEASURES
            assert claim.measure not in names[claim.better].without + names[claim.worse].without


def test_names_follow_settings_steps_and_masks(project):
    asked = tiny(arms=("supervised",), seeds=1, labels=(1.0,))
    (first,) = make_design(project, find_study("default"), asked).runs
    assert make_design(project, find_study("default"), asked).runs[0].name == first.name
    other = tiny(arms=("supervised",), seeds=1, labels=(1.0,), set={"lr": "0.1"})
    assert make_design(project, find_study("default"), other).runs[0].name != first.name
    photo_id = project.photos.ids("train")[0]
    height, width = project.photos.read(photo_id).shape[:2]
    mask = np.ones((height, width), np.uint8)
    project.masks.save(photo_id, mask, np.full_like(mask, 3), "anna", project.masks.head(photo_id).id)
    assert make_design(project, find_study("default"), asked).runs[0].name != first.name


def test_imagenet_is_left_out_where_there_are_no_weights_and_chooses_the_encoder_where_there_are(project):
    without = make_design(project, find_study("surrogate"), tiny())
    assert [arm.name for arm in without.arms] == ["scratch", "colorization"]
    assert any("ImageNet" in note and "left out" in note for note in without.notes)
    folder = project.path / "pretrained"
    folder.mkdir(exist_ok=True)
    save_file({"x": np.zeros(1, np.float32)}, folder / "tu-tf_efficientnet_lite0.safetensors")
    design = make_design(project, find_study("surrogate"), tiny())
    assert [arm.name for arm in design.arms] == ["scratch", "colorization", "imagenet"]
    assert {run.settings["training"]["encoder"] for run in design.runs} == {"tu-tf_efficientnet_lite0"}


def test_imagenet_weights_of_the_user_serve_a_study_too(project, tmp_path, monkeypatch):
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "user"))
    (tmp_path / "user").mkdir()
    path = tmp_path / "user" / "mobilenetv2.safetensors"
    save_file({"x": np.zeros(1, np.float32)}, path)
    design = make_design(project, find_study("surrogate"), tiny())
    assert "encoder tu-mobilenetv2_100 for all arms, because its ImageNet weights are there" in design.notes
    (first, *_) = [run for run in design.runs if run.arm == "imagenet"]
    save_file({"x": np.ones(1, np.float32)}, path)
    (other, *_) = [
        run for run in make_design(project, find_study("surrogate"), tiny()).runs if run.arm == "imagenet"
    ]
    assert other.name != first.name, "runs from other weights are other runs"


def test_colorization_weights_that_are_not_there_are_a_run_of_the_study(project):
    study = find_study("surrogate")
    design = make_design(project, study, tiny(labels=(1.0,)))
    assert design.runs[0].pretext
    assert design.runs[0].settings["training"]["recipe"] == "colorization"
    (project.path / "pretrained").mkdir(exist_ok=True)
    given = project.path / "pretrained" / "colorization-tu-resnet10t.safetensors"
    save_file({"x": np.zeros(1, np.float32)}, given)
    design = make_design(project, study, tiny(labels=(1.0,)))
    assert not any(run.pretext for run in design.runs)
    assert "made in nobody knows how many steps" in " ".join(design.notes)
    given.with_suffix(".json").write_text('{"plan": {"steps": 4000}}')
    assert "made in 4,000 steps" in " ".join(make_design(project, study, tiny(labels=(1.0,))).notes)


def test_pretext_steps_that_were_asked_for_are_made_whatever_lies_there(project):
    study = find_study("surrogate")
    (project.path / "pretrained").mkdir(exist_ok=True)
    given = project.path / "pretrained" / "colorization-tu-resnet10t.safetensors"
    save_file({"x": np.zeros(1, np.float32)}, given)
    taken = make_design(project, study, tiny(labels=(1.0,)))
    made = make_design(project, study, tiny(labels=(1.0,), pretext_steps=3))
    assert (made.runs[0].pretext, made.runs[0].steps) == (True, 3)
    assert "colorization weights: made by the study's own pretext run, 3 steps" in made.notes
    one, other = ({r.name for r in d.runs if r.arm == "colorization"} for d in (taken, made))
    assert not one & other, "runs from other weights are other runs"
    scratch = [{r.name for r in d.runs if r.arm == "scratch"} for d in (taken, made)]
    assert scratch[0] == scratch[1]


def test_what_the_arms_differ_in_cannot_be_set(project):
    with pytest.raises(ConfigError, match=r"--set training\.init.*--arms"):
        make_design(project, find_study("surrogate"), tiny(set={"init": "scratch"}))


def test_unknown_names_are_told_the_nearest():
    with pytest.raises(ConfigError, match=r"surogate.*did you mean 'surrogate'"):
        find_study("surogate")
    with pytest.raises(ConfigError, match="'skinsg'; did you mean 'skinseg'"):
        find_study("default").chosen(["skinsg"])


def test_without_photos_to_test_on_there_is_no_study(project):
    with pytest.raises(ProjectError, match="no test photo"):
        make_design(project, find_study("default"), tiny(split="test"))
