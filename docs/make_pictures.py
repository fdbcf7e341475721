"""Make the pictures of the README: ``make pictures``, or ``python docs/make_pictures.py [--project DIR]``.

The photos are synthetic, the docks are the real ones. Without ``--project`` this script writes models, curves
and suggestions as a trainer would: they show the window, they are no result.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from napari_skinseg._screenshot import settle, workspace_picture
from trainer.project import Project
from trainer.synthetic import render_photos

OUT = Path(__file__).parent / "pictures"
MODELS = 13
LABELLED = 14
KEPT_OLD = {5: "scalp would lose 0.04, more than 0.01", 9: "limb would lose 0.02, more than 0.01"}


def make_project(folder: Path, photos: int = 40, long_side: int = 1400) -> Path:
    """Make a project of rendered photos with masks, models, curves and suggestions."""
    render_photos(folder / "sample", photos, seed=11, long_side=long_side, splits=True)
    path = folder / "skin-study"
    with Project.create(path) as project:
        project.add_photos(folder / "sample" / "photos", groups=folder / "sample" / "groups.csv")
        _label(project, folder / "sample" / "masks")
        _train(project)
        _suggest(project, folder / "sample" / "masks")
    return path


def truth(project: Project, masks: Path, photo_id: int) -> np.ndarray:
    """Exact labels of a rendered photo, stored values."""
    from PIL import Image

    stem = Path(project.photo(photo_id).relpath).stem
    return np.asarray(Image.open(masks / f"{stem}.png"), dtype=np.uint8) + np.uint8(1)


def _label(project: Project, masks: Path) -> None:
    sitting = project.start_session("anna")
    for photo_id in project.photo_ids()[:LABELLED]:
        labels = truth(project, masks, photo_id)
        project.read_photo(photo_id)
        project.save_mask(photo_id, labels, np.full_like(labels, 3), "anna", expected=None)
        project.record_visit(sitting.id, photo_id, seconds=38.0, strokes=7, outcome="saved")
    project.end_session(sitting)


def _train(project: Project) -> None:
    names = project.classes.names
    for number in range(1, MODELS + 1):
        model_id, lane = f"{number:04d}", "fast" if number % 4 else "full"
        round_id = f"round-{number:02d}"
        project.start_round(round_id, lane, "skinseg")
        project.add_model(model_id, "skinseg", lane, metrics=_metrics(number, names))
        why = KEPT_OLD.get(number, "not worse: macro Dice +0.012 on 23 photos")
        project.decide(model_id, number not in KEPT_OLD, why)
        project.finish_round(round_id, "done", model_id, why=why)
        time.sleep(0.01)
    project.start_round("round-now", "fast", "skinseg")
    rng = np.random.default_rng(1)
    for step in range(1, 181):
        loss = 1.6 * np.exp(-step / 60) + 0.42 + rng.normal(0, 0.05 + 0.1 * np.exp(-step / 40))
        project.log_curve("round-now", step, {"loss": float(loss)})
    tell(project)


def tell(project: Project) -> None:
    """Write what a trainer at work would write about itself."""
    project.write_trainer_state(
        pid=1,
        host="here",
        state="training",
        device="cuda:0",
        round="round-now",
        lane="fast",
        step=180,
        steps=300,
        seconds_left=9.0,
        message="",
    )


def _metrics(number: int, names: tuple[str, ...]) -> dict[str, Any]:
    rng = np.random.default_rng(number)
    reach = 0.28 + 0.58 * (1 - np.exp(-number / 4))
    rare = np.array([0.08, -0.12, 0.06, 0.02, 0.03, 0.05, 0.0, -0.1, -0.2][: len(names)])
    dice = np.clip(reach + rare + rng.normal(0, 0.015, len(names)), 0.02, 0.97)
    per_class = {name: round(float(value), 3) for name, value in zip(names, dice, strict=True)}
    return {"dice9": round(float(dice.mean()), 4), "per_class": per_class}


def _suggest(project: Project, masks: Path) -> None:
    """Give the photos that wait a suggestion that is right but for a bite: there is something to correct."""
    served = project.served()
    assert served is not None, "the models come first"
    waiting = project.photo_ids(labelled=False)
    for photo_id in waiting:
        labels = truth(project, masks, photo_id).copy()
        project.read_photo(photo_id)
        height, width = labels.shape
        row, column = np.mgrid[:height, :width]
        skin = np.argwhere(labels > 2)
        middle = skin[len(skin) // 3] if len(skin) else (height // 2, width // 2)
        bite = (row - middle[0]) ** 2 + (column - middle[1]) ** 2 < (0.06 * width) ** 2
        labels[bite & (labels > 1)] = 6
        confidence = np.full(labels.shape, 230, np.uint8)
        confidence[bite] = 90
        project.save_prediction(photo_id, served.id, labels, confidence, score=0.5, features=None)
    whys = ("limb or hand?", "scalp is rare", "unlike what is labelled", "trunk or limb?")
    project.set_scores(served.id, [(p, 1 - i / 100, whys[i % 4]) for i, p in enumerate(waiting)])


def richest(project: Project) -> int:
    """The waiting photo whose suggestion has the most classes."""

    def classes(photo_id: int) -> int:
        found = project.prediction(photo_id)
        return 0 if found is None else len(np.unique(project.read_prediction(found)[0]))

    return max(project.photo_ids(labelled=False), key=classes)


def paint(dock: Any) -> None:
    """Open a photo with much to see, choose a class and lock one, so that the palette has its say."""
    wanted = richest(dock.project)
    dock.session.open_photo(wanted)
    for _ in range(40):
        settle(0.25)
        opened = dock.session.current
        if opened is not None and opened.photo.id == wanted:
            break
    dock.session.select_class(4)
    dock.session.set_locked(3, True)
    state = dock.project.trainer_state()
    if state is not None and state.host == "here":  # ours: it has no process that would do it
        tell(dock.project)
    settle(1.5)
    dock.viewer.reset_view()


def tabs(dock: Any, out: Path) -> None:
    """Save a picture of each tab by itself, and of the key table."""
    paint(dock)
    for name in ("queue", "models", "settings", "keys"):
        dock.show_extra(name)
        settle(0.8)
        panel = dock.keys if name == "keys" else dock.tabs[name]
        panel.grab().save(str(out / f"{name}.png"))
        print(out / f"{name}.png")
    dock.keys.close()


def main() -> None:
    """Write the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--project", type=Path, help="show this project instead of a made-up one")
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        project = options.project or make_project(Path(folder))
        for size in ((1440, 900), (1920, 1080)):
            name = f"workspace-{size[0]}x{size[1]}.png"
            print(workspace_picture(project, options.out / name, size, "anna", paint))
        workspace_picture(
            project, Path(folder) / "tabs.png", (1440, 900), "anna", lambda d: tabs(d, options.out)
        )


if __name__ == "__main__":
    main()
