"""The Training tab: recipe, starting weights and encoder, chosen in forms made from the settings."""

from __future__ import annotations

import json
import os
import struct

import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication, QComboBox, QLabel
from workbench import beat

from napari_skinseg.views.recipe import RECIPES, encoder_words
from napari_skinseg.views.setting_values import expected_values
from napari_skinseg.widgets.recipe_tab import RecipeTab
from napari_skinseg.widgets.settings_form import SectionForm
from trainer.networks.published.registry import PUBLISHED
from trainer.settings.recipes import RECIPE_OPTIONS
from trainer.settings.toml_file import change_settings, load_settings
from trainer.settings.training import TrainingSettings


@pytest.fixture
def panel(project, qtbot) -> RecipeTab:
    panel = RecipeTab(project, "ann")
    qtbot.addWidget(panel)
    return panel


def pick(panel: RecipeTab, recipe: str) -> None:
    """Choose a recipe as a hand does."""
    panel.forms.recipe.setCurrentText(recipe)
    panel.forms.recipe.activated.emit(panel.forms.recipe.currentIndex())


def field(panel: RecipeTab, recipe: str, name: str):
    return panel.forms.methods[recipe].fields[name]


def file_of(panel: RecipeTab):
    return load_settings(panel.project.path / "skinseg.toml")


def test_every_setting_of_every_recipe_has_a_field_and_a_tooltip(panel):
    for recipe in RECIPES:
        pick(panel, recipe)
        assert panel.forms.about.text()
        shown = [name for name, form in panel.forms.methods.items() if not form.isHidden()]
        assert shown == ([recipe] if recipe in RECIPE_OPTIONS else [])
    for recipe, section in RECIPE_OPTIONS.items():
        assert list(panel.forms.methods[recipe].fields) == list(section.model_fields)
        for name, info in section.model_fields.items():
            assert " ".join(info.description.split()) in field(panel, recipe, name).toolTip()
    everything = {*panel.forms.start.fields, *panel.forms.schedule.fields, *panel.forms.rest.fields, "recipe"}
    assert everything == set(TrainingSettings.model_fields)


def test_the_first_face_is_five_plain_choices_and_the_rest_is_behind_advanced(panel, qtbot):
    panel.show()
    assert len(panel.choices.buttons) == 5
    assert not panel.forms.isVisible()
    assert panel.choices.buttons["skinseg"].isChecked()
    panel.choices.buttons["probe"].click()
    panel.save.click()
    assert file_of(panel).training.recipe == "probe"
    shown = " ".join(label.text() for label in panel.findChildren(QLabel) if label.isVisible())
    for word in ("lambda", "lr", "encoder", "toml", "init"):
        assert word not in shown
    panel.unfold.click()
    assert panel.forms.isVisible()
    pick(panel, "adversarial")
    assert not any(choice.isChecked() for choice in panel.choices.buttons.values())
    assert panel.choices.other.isVisible()


def test_a_choice_is_a_list_and_the_wheel_does_not_turn_it(panel, qtbot):
    pick(panel, "adversarial")
    editor = field(panel, "adversarial", "discriminator").editor
    assert isinstance(editor, QComboBox)
    assert [editor.itemText(i) for i in range(editor.count())] == ["fcn", "patch"]
    assert field(panel, "adversarial", "receptive_field").value == 70


def test_a_recipe_and_its_lambda_are_saved(panel, qtbot):
    pick(panel, "adversarial")
    field(panel, "adversarial", "lambda_adv").enter(0.05)
    field(panel, "adversarial", "discriminator").enter("patch")
    field(panel, "adversarial", "lr_discriminator").enter("1e-4")
    panel.forms.schedule.fields["steps_full"].enter(1234)
    qtbot.mouseClick(panel.save, Qt.MouseButton.LeftButton)
    assert panel.notice.text().startswith("Saved")
    written = file_of(panel)
    assert (written.training.recipe, written.training.steps_full) == ("adversarial", 1234)
    chosen = written.adversarial
    assert (chosen.lambda_adv, chosen.discriminator, chosen.lr_discriminator) == (0.05, "patch", 1e-4)
    assert written.skinseg == panel.forms.settings.skinseg
    assert panel.forms.changes() == {}


def test_what_nobody_set_is_left_to_the_recipe(panel):
    """A value equal to the general default is still a choice: the recipe's own must not take its place."""
    panel.forms.rest.fields["dice_weight"].enter(1.0)
    panel.forms.schedule.fields["fit"].enter("crop")
    assert panel.write()
    assert file_of(panel).training.model_fields_set >= {"dice_weight", "fit"}
    assert "size" not in file_of(panel).training.model_fields_set
    panel.forms.rest.fields["dice_weight"].enter(None)
    panel.forms.schedule.fields["fit"].enter(None)
    assert panel.write()
    assert not {"dice_weight", "fit"} & file_of(panel).training.model_fields_set


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("lambda_adv", -1, "must be a number, 0 or more"),
        ("lambda_adv", "much", "must be a number, 0 or more"),
        ("semi_start", 1.5, "must be a number, 0 to 1"),
        ("lr_discriminator", 0, "must be a number, above 0 or auto"),
    ],
)
def test_a_value_out_of_range_is_refused_under_its_field(panel, name, value, words):
    before = (panel.project.path / "skinseg.toml").read_bytes()
    pick(panel, "adversarial")
    wrong = field(panel, "adversarial", name)
    wrong.enter(value)
    assert wrong.problem == words
    assert words in wrong.complaint.text()
    assert not panel.write()
    assert words in panel.notice.text()
    assert (panel.project.path / "skinseg.toml").read_bytes() == before
    wrong.enter(getattr(panel.forms.settings.adversarial, name))
    assert not wrong.problem


def test_a_wrong_value_is_marked_however_it_came_into_the_field(panel):
    pick(panel, "colorization")
    wrong = field(panel, "colorization", "lambda_gan")
    wrong.editor.setText("-1")
    assert wrong.problem == "must be a number, 0 or more or auto"
    assert not wrong.complaint.isHidden()
    assert not panel.write()
    assert panel.notice.text() == "Not saved: weight of the judge: must be a number, 0 or more or auto"
    panel.show_settings(panel.forms.settings)
    assert not wrong.problem


def test_a_list_shows_its_longest_option_in_full(panel):
    pick(panel, "colorization")
    panel.resize(296, 600)
    panel.toggle_advanced()
    panel.show()
    QApplication.processEvents()
    gan = field(panel, "colorization", "gan").editor
    longest = max(gan.fontMetrics().horizontalAdvance(gan.itemText(i)) for i in range(gan.count()))
    assert gan.width() > longest + 20  # and the arrow
    assert gan.mapTo(panel, gan.rect().topRight()).x() < 290


def test_train_now_takes_the_choice(panel, project, qtbot):
    beat(project, state="idle")
    pick(panel, "adversarial")
    assert panel.from_start.isChecked()
    qtbot.mouseClick(panel.train, Qt.MouseButton.LeftButton)
    (command,) = project.trainer.pending()
    assert (command.kind, command.by, command.args) == ("train_now", "ann", {"lane": "full"})
    assert file_of(panel).training.recipe == "adversarial"
    assert not panel.from_start.isChecked()


def test_without_a_trainer_nothing_is_ordered(panel, project, qtbot):
    qtbot.mouseClick(panel.train, Qt.MouseButton.LeftButton)
    assert "not running: press Start" in panel.notice.text()
    assert project.trainer.pending() == []


def test_making_weights_does_not_change_the_recipe_that_models_come_from(panel, project, qtbot):
    beat(project, state="idle")
    pick(panel, "colorization")
    assert panel.train.text() == "Make weights now"
    field(panel, "colorization", "lambda_gan").enter(0.5)
    qtbot.mouseClick(panel.train, Qt.MouseButton.LeftButton)
    assert file_of(panel).training.recipe == "skinseg"
    assert file_of(panel).colorization.lambda_gan == 0.5
    (command,) = project.trainer.pending()
    assert command.args == {"lane": "full", "recipe": "colorization"}


def test_a_file_changed_elsewhere_is_shown_unless_something_waits(panel, project):
    file = project.path / "skinseg.toml"
    change_settings(file, {"training": {"recipe": "unet", "steps_full": 77}})
    os.utime(file, ns=(1, 1))
    panel.refresh()
    assert panel.forms.chosen == "unet"
    assert panel.forms.schedule.fields["steps_full"].value == 77
    panel.forms.schedule.fields["steps_full"].enter(88)
    change_settings(file, {"training": {"recipe": "fpn"}})
    panel.refresh()
    assert panel.forms.chosen == "unet"
    assert panel.write()
    assert (file_of(panel).training.recipe, file_of(panel).training.steps_full) == ("fpn", 88)
    assert panel.forms.chosen == "fpn"


def test_an_encoder_comes_with_its_licence(panel, tmp_path):
    init, encoder = panel.forms.start.fields["init"], panel.forms.start.fields["encoder"]
    encoder.enter("tu-convnextv2_nano")
    init.enter("imagenet")
    assert "cc-by-nc-4.0: research only, refused unless allowed by name" in panel.forms.licence.text()
    assert "not in pretrained/ yet" in panel.forms.licence.text()
    encoder.enter("tu-resnet18")
    assert "apache-2.0" in panel.forms.licence.text()
    init.enter("scratch")
    assert panel.forms.licence.text() == "11.7 million parameters; random weights, no licence"
    init.enter("/nowhere/weights.safetensors")
    assert "there is no such file" in init.problem
    assert not panel.write()


def test_published_weights_are_offered_with_what_they_give_until_they_are_at_hand(
    panel, project, put_at_hand
):
    init, encoder = panel.forms.start.fields["init"], panel.forms.start.fields["encoder"]
    there, first, *_, last = panel.forms.published.text().splitlines()
    assert there == "published weights at hand: none"
    assert first.startswith("mobilesam (41 MB) would give useful suggestions from the third mask on")
    assert last.endswith("skinseg weights get NAME")
    encoder.enter("tu-tiny_vit_5m_224")
    init.enter("mobilesam")
    assert init.problem == ""
    assert "apache-2.0 (not at hand: skinseg weights get mobilesam, 41 MB)" in panel.forms.licence.text()
    (project.path / "pretrained").mkdir()
    for weights in PUBLISHED:
        put_at_hand(weights, project.path / "pretrained")
    init.enter("auto")
    assert (
        panel.forms.published.text()
        == "published weights at hand: mobilesam, efficientnet-lite0, mobilenetv2"
    )
    assert panel.forms.licence.text().endswith("licence of the weights: apache-2.0")
    encoder.enter("tu-mobilenetv2_100")
    assert panel.forms.licence.text().endswith("licence of the weights: mit")


def test_what_a_file_says_of_its_licence_counts_more(tmp_path):
    header = json.dumps({"__metadata__": {"license": "cc-by-4.0"}}).encode()
    file = tmp_path / "tu-resnet18.safetensors"
    file.write_bytes(struct.pack("<Q", len(header)) + header)
    assert "licence of the weights: cc-by-4.0" in encoder_words("tu-resnet18", "auto", tmp_path)
    file.with_suffix(".json").write_text('{"encoder_licence": "mit"}')
    assert "licence of the weights: mit" in encoder_words("tu-resnet18", "imagenet", tmp_path)
    file.write_bytes(b"\xff" * 30)
    file.with_suffix(".json").unlink()
    assert "apache-2.0" in encoder_words("tu-resnet18", "imagenet", tmp_path)


def test_words_for_what_a_setting_takes():
    fields = TrainingSettings.model_fields
    assert expected_values(fields["warmup"]) == "a number, 0 to 1"
    assert expected_values(fields["lr"]) == "a number, above 0 or auto"
    assert expected_values(fields["long_side"]) == "a whole number or auto or native"


def test_a_form_of_some_settings_keeps_to_them(qtbot):
    form = SectionForm(TrainingSettings(steps_full=9), ("steps_full", "augment"), optional=True)
    qtbot.addWidget(form)
    assert (form.fields["steps_full"].value, form.fields["augment"].value) == (9, None)
    form.fields["augment"].enter(False)
    form.fields["steps_full"].enter(None)
    assert form.changes() == {"augment": False, "steps_full": None}
