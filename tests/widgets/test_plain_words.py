"""What an annotator reads: no word that only a programmer or a statistician knows."""

from __future__ import annotations

import re

import pytest
from pydantic import BaseModel
from qtpy.QtWidgets import QAbstractButton, QComboBox, QLabel, QLineEdit, QTableWidget, QTabWidget, QWidget
from workbench import make_project, predict, serve

from napari_skinseg.views.setting_values import setting_label
from napari_skinseg.widgets.forms import mask_forms, model_forms, photo_forms
from napari_skinseg.widgets.settings_tab import SECTIONS
from napari_skinseg.widgets.workspace import open_workspace
from trainer.settings.model import Settings

TECHNICAL = re.compile(
    r"\b(lambda|lease|bootstrap|CE|Dice|IoU|epochs?|logits?|skinseg\.toml|revisions?|provenance|splits?|"
    r"checkpoints?|entropy|heartbeat|discriminator|gradients?|hyper\w*|logging|thread|tensor|serv(ed?|ing)|gate|"
    r"class ind(ex|ices)|quantile|percentile|confidence interval)\b"
)
TABS = ("queue", "review", "photos", "history", "models", "settings", "training", "honesty")
FORMS = (
    photo_forms.new_project,
    photo_forms.more_photos,
    mask_forms.import_masks,
    mask_forms.export_masks,
    model_forms.evaluate,
    model_forms.predict_folder,
)


def words_of(widget: QWidget) -> list[str]:
    """All that a widget and those in it say, on their face and to a mouse that rests on them."""
    said = []
    for part in (widget, *widget.findChildren(QWidget)):
        said.append(part.toolTip())
        if isinstance(part, QLabel | QAbstractButton):
            said.append(part.text())
        if isinstance(part, QLineEdit):
            said.append(part.placeholderText())
        if isinstance(part, QComboBox):
            said += [part.itemText(place) for place in range(part.count())]
        if isinstance(part, QTabWidget):
            said += [part.tabText(place) for place in range(part.count())]
        if isinstance(part, QTableWidget):
            heads = [part.horizontalHeaderItem(place) for place in range(part.columnCount())]
            cells = [part.item(row, at) for row in range(part.rowCount()) for at in range(part.columnCount())]
            said += [item.text() for item in (*heads, *cells) if item is not None]
    return [re.sub(r"<[^>]*>", " ", text) for text in said if text]


def technical(said: list[str]) -> list[str]:
    return [text for text in said if TECHNICAL.search(text)]


def test_docks_tabs_and_forms_speak_plainly(make_napari_viewer, tmp_path, qtbot):
    with make_project(tmp_path) as project:
        serve(project, "0001")
        predict(project, project.photos.ids()[0], "0001", 3)
    viewer = make_napari_viewer()
    dock = open_workspace(viewer, project.path, "ann")
    qtbot.waitUntil(lambda: dock.session.current is not None, timeout=15000)
    assert technical(words_of(dock)) == []
    assert technical(words_of(dock.trainer)) == []
    for name in TABS:
        dock.show_extra(name)
        tab = dock.tabs[name]
        said = words_of(tab)
        if name == "training":  # behind Advanced names of methods stand, each with its explanation
            hidden = words_of(tab.advanced)
            said = [text for text in said if text not in hidden]
        assert said
        assert technical(said) == [], name
    dock.dispose()
    for form in FORMS:
        assert technical(words_of(form().native)) == [], form.__name__


@pytest.mark.parametrize("section", SECTIONS)
def test_each_setting_is_a_sentence_that_names_its_unit(section):
    model = type(getattr(Settings(), section))
    for name, info in model.model_fields.items():
        words = " ".join((info.description or "").split())
        assert words[0].isupper(), name
        assert words.endswith("."), name
        assert not TECHNICAL.search(words), name
        if info.annotation in (int, float):
            assert re.search(r"second|pixel|photo|times|0 to 1|0 nothing", words), (
                f"{name} has no unit: {words}"
            )


JARGON = re.compile(
    r"\b(arch|init|lr|warmup|threads?|seed|encoder|epochs?|jaccard|norm|pool|clip|bootstrap|stride|jitter|decay|"
    r"gan|loss|rois|heads|vertical flip|precision|optimizer|prefetch|lease|margin|share|ema|dropout)\b|_"
)


def test_every_label_of_settings_and_recipe_is_plain():
    sections = [getattr(Settings(), name) for name in Settings.model_fields if name != "service"]
    names = {name for part in sections if isinstance(part, BaseModel) for name in type(part).model_fields}
    labels = {name: setting_label(name) for name in names}
    assert {name: label for name, label in labels.items() if JARGON.search(label)} == {}
    assert all(len(label) <= 26 for label in labels.values()), "beside its field in a narrow dock"
    for section in SECTIONS:
        said = [labels[name] for name in type(getattr(Settings(), section)).model_fields]
        assert len(set(said)) == len(said), "no two alike"
