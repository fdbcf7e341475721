"""Make the pictures of the README: ``make pictures``, or ``python docs/make_pictures.py [--project DIR]``.

Everything in them is real but the photos, which are rendered: the headless demo runs, and the pictures are
taken of its project while its trainer is at work. Without ``--project`` that takes five minutes.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from scipy import ndimage

from napari_skinseg.demo.headless_demo import Truth, run_demo
from napari_skinseg.demo.screenshot import workspace_picture
from napari_skinseg.demo.simulated_annotator import SimulatedAnnotator
from napari_skinseg.widgets.event_loop import settle
from trainer.project.project import Project
from trainer.service.process import start_trainer, stop_trainer, trainer_liveness
from trainer.synthetic.demo_project import make_demo

OUT = Path(__file__).parent / "pictures"
SIZES = ((1440, 900), (1920, 1080))
PHOTOS = 60
UNCERTAIN = 2
HAND = 4


def make_project(folder: Path) -> Path:
    """Make the headless demo: its simulated annotator and its trainer have both been at work."""
    path = folder / "skin-study"
    make_demo(path, PHOTOS, labelled=PHOTOS // 4, steps_fast=200)
    run_demo(path, PHOTOS, per_stage=7)
    return path


def waiting(project: Project) -> list[int]:
    """Photos without a mask whose truth is known."""
    masks = project.path / "sample" / "masks"
    stems = {
        number: Path(project.photos.get(number).relpath).stem for number in project.photos.ids(labelled=False)
    }
    return [number for number, stem in stems.items() if (masks / f"{stem}.png").exists()]


def most_to_see(project: Project, place: int = 0) -> int:
    """Find the waiting photo whose truth has the most classes, or the one at another place behind it."""
    truth = Truth(project.path / "sample" / "masks")
    by_classes = sorted(waiting(project), key=lambda n: -len(np.unique(truth(project.photos.get(n)))))
    return by_classes[place]


def largest_hand(project: Project) -> int:
    """Find the waiting photo with the largest hand."""
    truth = Truth(project.path / "sample" / "masks")
    return max(waiting(project), key=lambda number: (truth(project.photos.get(number)) == HAND).mean())


def show_work(dock: Any) -> None:
    """Open a photo with much to see, correct its suggestion, and have the trainer busy meanwhile."""
    project, session = dock.project, dock.session
    wanted = most_to_see(project)
    session.open_photo(wanted)
    wait_for(lambda: trainer_liveness(project) == "running", 60)
    session.train_now()
    wait_for(lambda: session.current is not None and session.current.model_id is not None, 90)
    SimulatedAnnotator(session, Truth(project.path / "sample" / "masks")).annotate()
    wait_for(lambda: busy(project), 120)
    session.select_class(4)
    session.set_locked(3, True)
    dock.trainer.toggle()  # the curves unfold by hand only
    settle(0.5)
    dock.viewer.reset_view()
    settle(1.5)
    session._unsay()  # what was asked for above is under way


def show_selection(dock: Any) -> None:
    """Click on a hand on a photo without a suggestion, and show what Select proposes."""
    project, session = dock.project, dock.session
    session.open_photo(largest_hand(project))
    wait_for(lambda: session.current is not None, 90)
    session.drop_suggestion()
    truth = Truth(project.path / "sample" / "masks")(session.current.photo)
    depth = ndimage.distance_transform_edt(np.pad(truth == HAND, 1))[1:-1, 1:-1]
    row, column = np.unravel_index(depth.argmax(), depth.shape)
    session.toggle_select()
    select = session.select_tool
    wait_for(lambda: select.whole_things is not None, 60)
    select.click(float(row), float(column), added=True)
    wait_for(lambda: select.has_answer, 30)
    shares = [shared(proposal.at(truth.shape), truth == HAND) for proposal in select._proposals]
    for _ in range(int(np.argmax(shares))):
        select.next_proposal()  # as a hand would press Tab
    session._editor.brush.select(HAND, keep_tool=True)
    dock.viewer.reset_view()
    settle(1.0)


def shared(one: Any, other: Any) -> float:
    """How much of two masks is in both, of what is in either."""
    return float((one & other).sum() / max(1, (one | other).sum()))


def show_following(dock: Any, out: Path) -> None:
    """Scribble into the largest wrong region of a suggestion, and save the canvas before and after R."""
    project, session = dock.project, dock.session
    session.open_photo(most_to_see(project, place=5))
    wait_for(lambda: session.current is not None and session.current.model_id is not None, 90)
    photo_id, model_id = session.current.photo.id, session.current.model_id
    sha256 = project.photos.get(photo_id).sha256
    wait_for(lambda: project.activations.read(photo_id, sha256, model_id) is not None, 60)
    truth = Truth(project.path / "sample" / "masks")(session.current.photo)
    layer = session.annotation_layer
    regions, _ = ndimage.label((layer.data != truth) & (truth > UNCERTAIN))
    sizes = np.bincount(regions.ravel())
    sizes[0] = 0
    depth = ndimage.distance_transform_edt(regions == sizes.argmax())
    columns = np.flatnonzero(depth.max(axis=0) > 0.4 * depth.max())[::4]
    way = [(int(depth[:, column].argmax()), int(column)) for column in columns]
    value = int(truth[np.unravel_index(depth.argmax(), depth.shape)])
    session.select_class(value)
    layer.brush_size = 10
    with layer.block_history():
        for place in way:
            if truth[place] == value:
                layer.paint(place, value)
    dock.viewer.reset_view()
    settle(1.0)
    before = dock.viewer.screenshot(canvas_only=True, flash=False)
    session.follow_strokes()
    wait_for(lambda: session._editor.follower.in_force, 30)
    settle(1.0)
    after = dock.viewer.screenshot(canvas_only=True, flash=False)
    gap = np.full((before.shape[0], 8, before.shape[2]), 255, np.uint8)
    Image.fromarray(np.concatenate([before, gap, after], axis=1)).convert("RGB").save(out)
    print(out)


def busy(project: Project) -> bool:
    """Tell whether the trainer is far enough in a round to show a curve."""
    state = project.trainer.state()
    return state is not None and state.state == "training" and (state.step or 0) > 0.4 * (state.steps or 1)


def wait_for(done: Any, seconds: float) -> None:
    """Let the window work until something holds, or for so long."""
    for _ in range(int(seconds / 0.25)):
        if done():
            return
        settle(0.25)


def take_tabs(dock: Any, out: Path) -> None:
    """Save a picture of each tab by itself, and of the key table."""
    for name in ("queue", "review", "models", "settings", "training", "keys"):
        dock.show_extra(name)
        settle(6.0)  # small pictures come one by one
        panel = dock.keys if name == "keys" else dock.tabs[name]
        panel.grab().save(str(out / f"{name}.png"))
        print(out / f"{name}.png")
    dock.keys.close()


def main() -> None:
    """Write the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--project", type=Path, help="show this project instead of making one")
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        project = options.project or make_project(Path(folder))
        start_trainer(project)
        try:
            for size, annotator in zip(SIZES, ("anna", "dora"), strict=True):  # no draft of one for the other
                name = f"workspace-{size[0]}x{size[1]}.png"
                print(workspace_picture(project, options.out / name, size, annotator, show_work))
            print(workspace_picture(project, options.out / "select.png", SIZES[0], "ben", show_selection))
            follow = Path(folder) / "follow.png"
            workspace_picture(
                project,
                follow,
                SIZES[0],
                "clara",
                lambda dock: show_following(dock, options.out / "instant.png"),
            )
            last = Path(folder) / "tabs.png"
            workspace_picture(project, last, SIZES[0], "anna", lambda dock: take_tabs(dock, options.out))
        finally:
            with Project.open(project) as opened:
                stop_trainer(opened)


if __name__ == "__main__":
    main()
