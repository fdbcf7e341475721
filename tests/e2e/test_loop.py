"""The whole loop: a real window with a simulated annotator, a real trainer, and what it was built for.

With MobileSAM's weights where they can be had, so that a probe learns from every mask; else DeepLabV3+ alone.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from trainer.networks.published.folder import FOLDER_VARIABLE
from trainer.networks.published.registry import MOBILESAM
from trainer.project.import_export.mask_import import import_masks
from trainer.project.project import Project
from trainer.service.process import stop_trainer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from trainer.networks.published.registry import PublishedWeights

SETTINGS = """
[training]
encoder = "resnet18"
long_side = 144
size = 96
batch = 8
steps_fast = 30
lr = 0.003
[queue]
first_model_after = 4
"""
COLOURS = {2: (230, 170, 140), 3: (150, 95, 70), 4: (90, 60, 60), 5: (200, 120, 160), 6: (240, 220, 200)}
"""Of the parts that the photos show, by class index."""
PER_STAGE = 6


@pytest.fixture(scope="module")
def weights(
    real_weights: Callable[[PublishedWeights], Path], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The folder of MobileSAM's weights, or an empty one where they cannot be had."""
    try:
        return real_weights(MOBILESAM)
    except pytest.skip.Exception:
        return tmp_path_factory.mktemp("no_weights")


@pytest.fixture(scope="module")
def finished(weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that the simulated annotator has worked on for three stages."""
    folder = tmp_path_factory.mktemp("loop")
    path = make_project(folder)
    environment = {**os.environ, FOLDER_VARIABLE: str(weights)}
    words = [sys.executable, "-P", "-m", "napari_skinseg", "headless-demo", str(path)]
    words += [
        "--photos",
        "36",
        "--per-stage",
        str(PER_STAGE),
        "--no-select",
    ]  # what is saved, suggestions save
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=230, env=environment)
    finally:
        with Project.open(path) as project:  # it is detached: a demo that was cut off leaves it behind
            stop_trainer(project, seconds=10)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-3000:]
    return path


@pytest.fixture(scope="module")
def report(finished: Path) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((finished / "report.json").read_text())
    return read


def test_after_twelve_masks_a_photo_takes_less_time_than_the_same_photo_from_nothing(
    report: dict[str, Any],
) -> None:
    before, _, after = report["stages"]
    assert before["photos"] == after["photos"] == PER_STAGE
    assert after["share"] < 0.9
    assert after["share_high"] < 1
    assert after["strokes"] < before["strokes"]
    assert after["agreement"] > 0.8 > before["agreement"]


def test_suggestions_come_from_the_models_that_the_trainer_served(report: dict[str, Any]) -> None:
    first, _, last = (
        [v["model"] for v in report["visits"] if v["stage"] == s["stage"]] for s in report["stages"]
    )
    assert set(first[:3]) == {None}
    assert None not in last
    assert set(last) <= {model["id"] for model in report["models"]}


def test_with_weights_a_probe_serves_first(report: dict[str, Any], weights: Path) -> None:
    first = min(report["models"], key=lambda model: str(model["id"]))
    at_hand = (weights / MOBILESAM.file_name()).is_file()
    assert (first["recipe"] == "probe") == at_hand


def test_every_mask_was_saved_as_truth_and_every_label_learnt(finished: Path) -> None:
    with Project.open(finished) as project:
        labelled = project.photos.ids(labelled=True)
        assert len(labelled) >= 3 * PER_STAGE
        for photo_id in labelled:
            head = project.masks.head(photo_id)
            assert head is not None
            labels, provenance = project.masks.read(head)
            assert (labels[provenance >= 2] > 0).all()
        assert project.models.untrained_labels(project.models.all()[0].id) == 0


def test_the_trainer_ended_with_the_window_that_asked_it_to(finished: Path) -> None:
    with Project.open(finished) as project:
        state = project.trainer.state()
        assert state is not None
        assert state.state == "stopped"


def test_pictures_of_the_window_are_left(finished: Path) -> None:
    pictures = sorted(finished.glob("[1-4]-*.png"))
    assert len(pictures) == 4
    for picture in pictures:
        with Image.open(picture) as opened:
            assert opened.size == (1440, 900)
            assert len(set(opened.convert("L").resize((64, 40)).tobytes())) > 20


def make_project(folder: Path) -> Path:
    """36 photos of coloured parts on a background, eight of them for validation and with masks."""
    path, photos = folder / "study", folder / "photos"
    random = np.random.default_rng(5)
    photos.mkdir()
    validation = folder / "validation"
    validation.mkdir()
    rows = ["photo,group,split"]
    masks: dict[str, Image.Image] = {}
    for index in range(36):
        picture, mask = draw_parts(random)
        name = f"photo_{index:02}"
        Image.fromarray(picture).save(photos / f"{name}.jpg", quality=95)
        masks[name] = Image.fromarray(mask)
        split = "val" if index % 9 in (3, 7) else "train"
        rows.append(f"{name},g{index},{split}")
        if split == "val":
            masks[name].save(validation / f"{name}.png")
    (folder / "groups.csv").write_text("\n".join(rows) + "\n")
    with Project.create(path) as project:
        project.registration.add_folder(photos, groups=folder / "groups.csv")
        import_masks(project, validation, "png", "somebody")
    truth = path / "sample" / "masks"
    truth.mkdir(parents=True)
    for name, mask in masks.items():
        mask.save(truth / f"{name}.png")
    with (path / "skinseg.toml").open("a") as file:
        file.write(SETTINGS)
    return path


def draw_parts(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A bluish background with an ellipse of each part, and the mask of class indices."""
    height, width = 112, 144
    picture = random.normal((80, 110, 140), 10, (height, width, 3))
    mask = np.zeros((height, width), np.uint8)
    row, column = np.mgrid[:height, :width]
    places = random.permutation([(r, c) for r in (30, 82) for c in (26, 72, 118)])
    for (middle_row, middle_column), (index, colour) in zip(places, COLOURS.items(), strict=False):
        axes = random.uniform(13, 22, 2)
        inside = ((row - middle_row) / axes[0]) ** 2 + ((column - middle_column) / axes[1]) ** 2 < 1
        mask[inside] = index
        picture[inside] = random.normal(colour, 8, (int(inside.sum()), 3))
    return picture.clip(0, 255).astype(np.uint8), mask
