"""What the Trainer dock draws of a round beyond its loss: discriminator, epochs, the recipe's picture."""

from __future__ import annotations

import os
import time

import numpy as np
import pytest
from PIL import Image
from workbench import beat, serve

from napari_skinseg.views.curve_names import group_curves
from napari_skinseg.widgets.curves import Curves
from napari_skinseg.widgets.round_picture import RoundPicture
from napari_skinseg.widgets.trainer_dock import TrainerDock
from trainer.labels.classes import CLASS_SETS

PRETEXT = "learning the photos' colours, for a better start"


@pytest.fixture
def curves(qtbot) -> Curves:
    curves = Curves(CLASS_SETS["skin9"].colours)
    qtbot.addWidget(curves)
    return curves


@pytest.fixture
def trainer(project, qtbot) -> TrainerDock:
    panel = TrainerDock(project, "ann", lambda: None)
    qtbot.addWidget(panel)
    panel.set_folded(False)
    panel.resize(1400, 190)
    panel.show()
    return panel


def test_curves_of_a_kind_share_a_plot():
    values = {name: [(1, 0.5)] for name in ("loss", "ce", "d_loss", "d_real", "d_fake", "semi_share", "seg")}
    drawn_elsewhere = {"epoch": [(1, 1.0)], "lr": [(1, 1e-3)], "val_hand": [(9, 0.6)]}
    groups = group_curves(values | drawn_elsewhere | {"epoch_iou": [(1, 0.4)]})
    assert set(groups["loss"]) == {"loss", "ce", "d_loss", "seg"}
    assert set(groups["discriminator"]) == {"d_real", "d_fake", "semi_share"}
    assert set(groups["epochs"]) == {"epoch_iou"}


def test_a_plain_round_has_no_discriminator_plot(curves):
    curves.start("a", 3)
    curves.add({"loss": [(1, 2.0), (2, 1.5)]})
    assert curves.discriminator.isHidden()
    assert curves.epochs.isHidden()
    assert curves.loss.title.text() == "error, round 3: 1.50"


def test_a_discriminator_is_drawn_beside_the_loss_until_another_round_runs(curves):
    curves.start("a", 3)
    curves.add({"loss": [(1, 2.0), (2, 1.5)], "d_real": [(1, 0.5), (2, 0.7)], "d_fake": [(1, 0.5), (2, 0.2)]})
    curves.add({"loss": [(2, 1.5), (3, 1.4)], "d_real": [(2, 0.7), (3, 0.8)], "semi_share": [(3, 0.1)]})
    chart = curves.discriminator
    assert not chart.isHidden()
    assert list(chart.lines["d_real"].yData) == [0.5, 0.7, 0.8]
    assert [word in chart.title.text() for word in ("masks", "guesses", "unlabelled")] == [True] * 3
    assert "0.8: how real the second network finds people's masks" in chart.title.toolTip()
    colours = {line.opts["pen"].color().name() for line in chart.lines.values()}
    assert len(colours) == 3
    curves.start("b", 4)
    curves.add({"loss": [(1, 2.0), (2, 1.9)]})
    assert chart.isHidden()
    assert not chart.points


def test_a_discriminator_of_correctness_speaks_of_right_and_wrong_pixels(curves):
    curves.start("a", 3)
    curves.add({"d_right": [(1, 0.5), (2, 0.7)], "d_wrong": [(1, 0.5), (2, 0.2)]})
    said = curves.discriminator.title.text()
    assert [word in said for word in ("believed", "right", "wrong", "masks")] == [1, 1, 1, 0]


def test_a_curve_nobody_foresaw_is_drawn_with_the_loss(curves):
    curves.start("a", 1)
    curves.add({"loss": [(1, 2.0), (2, 1.5)], "hue_shift": [(1, 0.1), (2, 0.2)]})
    assert "hue\u00a0shift" in curves.loss.title.text()


def test_every_name_of_the_legend_is_read_in_a_window_of_1440(curves):
    curves.resize(1400, 150)
    curves.show()
    curves.start("a", 114)
    terms = ("loss", "ce", "dice", "adv", "semi", "d_loss")
    curves.add({name: [(1, 2.0), (2, 1.5)] for name in (*terms, "d_right", "d_wrong", "semi_share")})
    curves.loss.grab()  # laid out
    for chart in (curves.loss, curves.discriminator):
        title = chart.title
        assert "…" not in title.text()
        needed = title.heightForWidth(title.width())
        assert needed <= title.height() <= 3 * title.fontMetrics().lineSpacing()
    assert "judge" not in curves.loss.title.text(), "but in the tooltip"
    assert "judge" in curves.loss.title.toolTip()


def write_panel(project, value: int, recipe: str = "colorization"):
    folder = project.path / "panels"
    folder.mkdir(exist_ok=True)
    path = folder / f"{recipe}.png"
    Image.fromarray(np.full((90, 240, 3), value, np.uint8)).save(path)
    return path


def pretrain(project) -> None:
    project.trainer.start_round("r1", "full", "colorization")
    beat(project, state="training", round="r1", device="cpu", lane="full", step=2, steps=9, message=PRETEXT)
    for step in (1, 2):
        project.trainer.log_curve("r1", step, {"loss": 2.0 / step})


def test_the_picture_of_the_colours_takes_the_room_of_the_models(trainer, project, qtbot):
    serve(project, "0001")
    pretrain(project)
    write_panel(project, 100)
    trainer.refresh()
    picture = trainer.curves.picture
    qtbot.waitUntil(lambda: trainer.refresh(force=True) or picture.isVisible(), timeout=15000)
    assert picture.caption.text() == "top to bottom: gray, coloured by the network, real, step 2"
    assert trainer.curves.classes.isHidden()
    qtbot.waitUntil(lambda: picture.picture.pixmap().width() > 200, timeout=15000)
    pixmap = picture.picture.pixmap()
    assert pixmap.height() <= picture.picture.height()
    assert pixmap.width() / pixmap.height() == pytest.approx(240 / 90, rel=0.05)
    assert pixmap.toImage().pixelColor(5, 5).red() == 100
    assert trainer.line.text().startswith(PRETEXT)


def test_a_new_picture_takes_the_place_of_the_old(trainer, project, qtbot):
    pretrain(project)
    path = write_panel(project, 100)
    picture = trainer.curves.picture
    qtbot.waitUntil(lambda: trainer.refresh(force=True) or picture.isVisible(), timeout=15000)
    write_panel(project, 200)
    os.utime(path, ns=(time.time_ns(), time.time_ns() + 10**9))
    colour = lambda: picture.picture.pixmap().toImage().pixelColor(5, 5).red()  # noqa: E731
    qtbot.waitUntil(lambda: trainer.refresh(force=True) or colour() == 200, timeout=15000)
    project.trainer.start_round("r2", "fast", "skinseg")
    beat(project, state="training", round="r2", step=1, steps=9, message="")
    trainer.refresh()
    assert picture.isHidden()
    assert not trainer.curves.classes.isHidden()


def test_the_picture_of_an_earlier_round_is_not_shown(trainer, project):
    os.utime(write_panel(project, 100), (1, 1))
    pretrain(project)
    trainer.refresh()
    assert trainer.view.picture is None
    assert trainer.curves.picture.isHidden()


def test_a_damaged_picture_shows_nothing(qtbot, tmp_path):
    picture = RoundPicture()
    qtbot.addWidget(picture)
    path = tmp_path / "panel.png"
    path.write_bytes(b"no picture")
    for _ in range(20):
        picture.look(path, "words")
        qtbot.wait(5)
    assert picture.isHidden()
    picture.look(tmp_path / "none.png", "words")
    assert picture.isHidden()
