"""skinseg.toml."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from trainer.errors import ConfigError
from trainer.settings.model import Settings
from trainer.settings.toml_file import change_settings, chosen_recipe, load_settings, save_settings

if TYPE_CHECKING:
    from pathlib import Path


def test_no_file_means_the_defaults(tmp_path: Path) -> None:
    assert load_settings(tmp_path / "skinseg.toml") == Settings()


def test_overrides_win_over_the_file(tmp_path: Path) -> None:
    path = tmp_path / "skinseg.toml"
    path.write_text("[project]\nid = 'x'\n[training]\nlr = 0.5\n")
    settings = load_settings(path, {"lr": "0.25", "queue.random_share": "0", "encoder": "resnet18"})
    assert settings.training.lr == 0.25
    assert settings.queue.random_share == 0
    assert settings.training.encoder == "resnet18"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[training]\nlearning = 1", "unknown setting 'training.learning'"),
        ("[queue]\nrandom_shar = 0.1", "did you mean 'queue.random_share'"),
        ("[trainin]\nlr = 1", "did you mean 'training'"),
        ("[queue]\nrandom_share = 2", "queue.random_share' is 2"),
        ("[queue\n", "cannot be read as TOML"),
    ],
)
def test_a_bad_file_is_refused_in_one_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "skinseg.toml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_settings(path)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_unknown_override_names_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"did you mean 'training\.encoder'"):
        load_settings(tmp_path / "skinseg.toml", {"encodr": "x"})


def test_a_bare_override_is_that_of_the_recipe_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "skinseg.toml"
    settings = load_settings(path, {"lambda_adv": "0.5"}, recipe="adversarial")
    assert (settings.adversarial.lambda_adv, settings.skinseg) == (0.5, Settings().skinseg)
    assert load_settings(path, {"warmup": "0.5"}, recipe="unet").training.warmup == 0.5
    for recipe, key in ((None, "lambda_adv"), ("unet", "lambda_adv"), ("consistency", "warmup")):
        with pytest.raises(ConfigError, match="not the only one of that name"):
            load_settings(path, {key: "0.5"}, recipe=recipe)
    for recipe in ("adversarial", "skinseg"):
        with pytest.raises(ConfigError, match=rf"did you mean '{recipe}\.lambda_adv'"):
            load_settings(path, {"lamda_adv": "1"}, recipe=recipe)


def test_the_recipe_is_that_of_the_overrides_then_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "skinseg.toml"
    assert chosen_recipe(path, {}) == Settings().training.recipe
    path.write_text('[training]\nrecipe = "unet"\n')
    assert chosen_recipe(path, {}) == "unet"
    assert chosen_recipe(path, {"recipe": "fpn"}) == chosen_recipe(path, {"training.recipe": "fpn"}) == "fpn"


def test_saving_keeps_comments_and_writes_only_what_differs(tmp_path: Path) -> None:
    path = tmp_path / "skinseg.toml"
    path.write_text("# ours\n[project]\nid = 'x'\n[training]\nlr = 0.5 # high\n")
    changed = load_settings(path, {"window.opacity": "0.3", "lr": "0.1"})
    save_settings(path, changed)
    text = path.read_text()
    assert "# ours" in text
    assert "# high" in text
    assert "encoder" not in text
    assert load_settings(path) == changed


def test_single_settings_are_changed_and_taken_back(tmp_path: Path) -> None:
    file = tmp_path / "skinseg.toml"
    file.write_text('[project]\nname = "x"\n\n[training]\n# why\nlr = 0.001\nseed = 3\n')
    settings = change_settings(
        file, {"training": {"lr": None, "dropout": 0.1}, "adversarial": {"lambda_adv": 0.05}, "queue": {}}
    )
    assert settings == load_settings(file)
    assert settings.adversarial.lambda_adv == 0.05
    assert settings.training.model_fields_set == {"seed", "dropout"}
    text = file.read_text()
    assert "# why" in text
    assert '[project]\nname = "x"' in text
    assert "[queue]" not in text


def test_a_change_that_makes_no_sense_leaves_the_file_alone(tmp_path: Path) -> None:
    file = tmp_path / "skinseg.toml"
    with pytest.raises(ConfigError, match=r"adversarial\.lambda_adv"):
        change_settings(file, {"adversarial": {"lambda_adv": -1}})
    assert not file.exists()
    file.write_text("lr = = 3")
    with pytest.raises(ConfigError, match="cannot be read as TOML"):
        change_settings(file, {"training": {"seed": 1}})
    assert file.read_text() == "lr = = 3"
