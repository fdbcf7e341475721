"""The forms that need a model: what is said without one, and their work with one, as processes."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from workbench import write_photo

from napari_skinseg.widgets.forms.model_forms import evaluate, predict_folder, scores_line
from trainer.cli.main import main

pytestmark = pytest.mark.timeout(600)  # each starts torch a few times
QUICK = "--encoder tu-test_resnet --size 64 --batch 4 --steps 4 --seed 1 --device cpu --set long_side=96"


@pytest.fixture(scope="module")
def trained(tiny_folder, tmp_path_factory):
    """A project with masks and one model of four steps."""
    path = str(tmp_path_factory.mktemp("trained") / "study")
    words = ["--photos", tiny_folder.photos, "--groups", tiny_folder.groups, "--masks", tiny_folder.masks]
    for command in (["new", path, *map(str, words)], ["retrain", path, *QUICK.split()]):
        assert main(command) == 0
    return path


def test_without_a_model_both_say_how_to_get_one(press, six_photos, tmp_path):
    level, line = press(predict_folder(project=six_photos), photos=tmp_path / "photos", out=tmp_path / "out")
    assert level == "error"
    assert line.startswith(f"{six_photos} has no model yet: train one with")
    level, line = press(evaluate(project=six_photos))
    assert level == "error"
    assert line.startswith(f"no validation photos with masks yet in {six_photos}")


def test_evaluate_says_the_scores_and_writes_the_page(press, trained, tmp_path):
    form = evaluate(project=trained)
    page = tmp_path / "report.html"
    level, line = press(form, report=page)
    assert level == "info"
    assert line.startswith("model 1 agrees by 0.")
    assert "with the masks of 4 photos for comparing models, of 4 patients or visits" in line
    assert line.endswith(f"Report: {page}")
    assert page.stat().st_size > 1000
    level, line = press(form, report=None, split="test")
    assert (level, line.split(":")[0]) == ("error", f"no test photos with masks yet in {trained}")
    assert "no folder" in press(form, masks=tmp_path / "nowhere")[1]
    assert "no model '0099'" in press(form, masks=None, split="val", model="0099")[1]


def test_predict_a_folder_writes_a_mask_for_each_photo(press, trained, tmp_path):
    photos, out = tmp_path / "new", tmp_path / "masks"
    photos.mkdir()
    for number in range(3):
        write_photo(photos / f"leg_{number}.jpg", number)
    (photos / "torn.jpg").write_bytes(b"no photo")
    form = predict_folder(project=trained)
    level, line = press(form, photos=photos, out=out, probabilities=True)
    assert level == "warning"
    assert line.startswith(f"3 masks in {out} by model ")
    assert "failed torn.jpg" in line
    assert np.asarray(Image.open(out / "leg_0.png")).shape == (60, 80)
    assert (out / "leg_0.confidence.png").is_file()
    level, line = press(form)
    assert level == "error"
    assert "is there already and stays: name an empty folder" in line
    assert "no photos at" in press(form, photos=tmp_path / "nowhere", out=tmp_path / "other")[1]


@pytest.mark.slow
def test_predicting_is_cancelled_with_its_process(press, told, trained, tmp_path, qtbot):
    photos = tmp_path / "many"
    photos.mkdir()
    for number in range(400):
        write_photo(photos / f"leg_{number:03}.jpg", number, 600, 800)
    form = predict_folder(project=trained)
    press.viewer.window.add_dock_widget(form)
    form.answer(photos=photos, out=tmp_path / "out")
    form.start()
    qtbot.waitUntil(lambda: form.message.value.startswith("predicting: "), timeout=180000)
    assert form.message.value.endswith(" of 400")
    form.cancel()
    qtbot.waitUntil(lambda: not form.busy, timeout=10000)
    assert told[-1][0] == "warning"
    assert told[-1][1].startswith("Cancelled after predicting ")
    written = len(list((tmp_path / "out").glob("leg_*.png")))
    qtbot.wait(1000)
    assert 0 < len(list((tmp_path / "out").glob("leg_*.png"))) == written < 400


def test_a_score_that_there_is_none_of_is_a_dash():
    reply = {"model": "0001", "split": "val", "photos": 1, "groups": 1, "dice9": None}
    line = scores_line(reply | {"ci95": {"dice9": [None, None]}})
    assert line == (
        "model 1 agrees by – with the masks of 1 photo for comparing models, of 1 patient or visit "
        "(1: in every pixel; most likely – to –)"
    )
