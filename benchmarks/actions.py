"""Everyday tasks by hand: inputs and seconds with all keys, and with brush, bucket and class keys alone.

`python -m benchmarks.actions [--without-weights] [--json FILE]`, on a display of its own
(`xvfb-run -a -s "-screen 0 1920x1080x24"`). A real window on rendered photos, worked in by real events of the
X server. Fails where a saved mask is not as asked, or a task takes more inputs than is promised.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import napari
import numpy as np
from PIL import Image

from napari_skinseg.widgets.event_loop import settle
from napari_skinseg.widgets.workspace import open_workspace
from tools.desk_tasks import BRUSH, HAND, TASKS, Desk, Task
from tools.x_hand import XHand, XServer
from trainer.effort.hand import Hand, at_working_size
from trainer.inference.click_embedding import ClickEncoder
from trainer.labels.values import PAINTED
from trainer.networks.published.folder import FOLDER_VARIABLE, find_part
from trainer.networks.published.registry import DECODER, ENCODER, MOBILESAM
from trainer.project.project import Project
from trainer.synthetic.render import render_photo

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_skinseg.session.session import AnnotationSession
    from trainer.project.masks.masks import Revision

OUT = Path(__file__).parent / "results" / "actions.json"
SHAPE = (360, 480)
SPARE = 3
"""Photos that come after those of the tasks."""


def make_project(folder: Path, weights: bool) -> tuple[Path, dict[str, NDArray[np.uint8]]]:
    """Make a project with one photo for each task; return it, and what is drawn on each."""
    photos, truths = folder / "photos", {}
    photos.mkdir()
    scenes = [task.scene for task in TASKS] + [(60 + number, "hand") for number in range(SPARE)]
    for number, (seed, framing) in enumerate(scenes):
        picture, mask, _ = render_photo(seed, *SHAPE, framing=framing)
        name = f"photo_{number}.png"
        Image.fromarray(picture).save(photos / name)
        truths[name] = mask + np.uint8(1)
    with Project.create(folder / "project", classes="skin9") as project:
        project.registration.add_folder(photos)
        project.models.add("0001", recipe="supervised", lane="fast")
        project.models.promote("0001", why="benchmark", by="benchmark")
        ids = photo_ids(project)
        for number, task in enumerate(TASKS):
            prepare(project, ids[f"photo_{number}.png"], task, truths[f"photo_{number}.png"])
        if weights:
            embed(project)
        return project.path, truths


def photo_ids(project: Project) -> dict[str, int]:
    """Return the number of each photo, by its name."""
    return {Path(project.photos.get(number).relpath).name: number for number in project.photos.ids()}


def prepare(project: Project, photo_id: int, task: Task, truth: NDArray[np.uint8]) -> None:
    """Give a photo what a model or a person has given it before."""
    if task.suggested is not None:
        project.predictions.save(photo_id, "0001", task.suggested(truth), np.full(truth.shape, 200, np.uint8))
    if task.painted is not None:
        labels = task.painted(truth)
        project.masks.save(photo_id, labels, np.where(labels > 0, PAINTED, 0).astype(np.uint8), "hand", None)


def embed(project: Project) -> None:
    """Make what MobileSAM's clicks are answered from, as the trainer does."""
    encoder, decoder = (
        find_part(MOBILESAM, part, project.path / "pretrained") for part in (ENCODER, DECODER)
    )
    assert encoder is not None
    assert decoder is not None
    made = ClickEncoder(encoder, decoder)
    for photo_id in project.photos.ids():
        embedding = made.embed(project.photos.read(photo_id))
        sha256 = project.photos.get(photo_id).sha256
        assert sha256 is not None
        project.embeddings.save(photo_id, sha256, MOBILESAM.sha256, embedding)


def measure(
    server: XServer, path: Path, truths: dict[str, NDArray[np.uint8]], way: str
) -> list[dict[str, Any]]:
    """Do every task in a window of its own; return a row for each."""
    viewer = napari.Viewer(show=True, show_welcome_screen=False)
    viewer.window.resize(1440, 900)
    dock = open_workspace(viewer, path, "hand", remembers=False)
    session, project = dock.session, dock.project
    assert session is not None
    assert project is not None
    settle(1.0)
    ids, rows, hand = photo_ids(project), [], XHand(server, session)
    for number, task in enumerate(TASKS):
        name = f"photo_{number}.png"
        truth = truths[name]
        show(session, ids[name])
        desk = Desk(hand, session, task.asked(truth))
        if task.accepted_before:
            accept(desk)
        hand.begin()
        getattr(task, way)(desk)
        inputs = list(hand.inputs)
        accept(desk)
        settled(session)
        head = project.masks.head(ids[name])
        good, dice = as_asked(task, project, head, desk.asked)
        rows.append(
            {
                "task": task.name,
                "inputs": inputs,
                "most": task.most if way == "now" else None,
                "seconds": round(hand.seconds, 1),
                "waited": round(hand.waited, 1),
                "as_asked": good,
                "hand_dice": dice,
            }
        )
        print(f"{way:<7}{task.name:<36}{len(inputs):>3} + Space  {' '.join(inputs)}", flush=True)
    dock.dispose()
    viewer.close()
    return rows


def show(session: AnnotationSession, photo_id: int) -> None:
    """Open a photo, and let it stand until a hand has seen it."""
    session.open_photo(photo_id)
    while session.current is None or session.current.photo.id != photo_id:
        settle(0.05)
    session.viewer.reset_view()
    session.set_brush(BRUSH)
    session.take_tool("paint")
    settle(1.2)


def accept(desk: Desk) -> None:
    """Press Space, and see the next photo come."""
    desk.leave_by("space")
    settle(1.2)


def settled(session: AnnotationSession) -> None:
    """Wait until what was saved is on the disk."""
    while session.saving:
        settle(0.05)


def as_asked(
    task: Task, project: Project, head: Revision | None, asked: NDArray[np.uint8]
) -> tuple[bool, float]:
    """Tell whether the mask that was saved is what was asked for, and the Dice of its hand."""
    if head is None:
        return False, 0.0
    labels, _ = project.masks.read(head)
    known = asked != 0
    got, wanted = (labels == HAND) & known, asked == HAND
    dice = round(float(2 * (got & wanted).sum() / max(1, got.sum() + wanted.sum())), 3)
    if task.exact:
        return bool((labels[known] == asked[known]).all()), dice
    return Hand().is_content(at_working_size(labels), at_working_size(asked)), dice


def failures(rows: dict[str, list[dict[str, Any]]], weights: bool) -> list[str]:
    """Name what is not as it should be; without weights Select may take more clicks."""
    found = []
    for way, done in rows.items():
        for row in done:
            if not row["as_asked"]:
                found.append(f"{row['task']}, {way}: the saved mask is not as asked")
            selects = "q" in row["inputs"]
            if row["most"] is not None and len(row["inputs"]) > row["most"] and (weights or not selects):
                found.append(f"{row['task']}: {len(row['inputs'])} inputs, {row['most']} are promised")
    return found


def main() -> int:
    """Do the tasks both ways, print the table, write the JSON; 1 where a promise is not kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--without-weights", action="store_true", help="Select by superpixels")
    parser.add_argument("--json", type=Path, default=OUT)
    options = parser.parse_args()
    server = XServer()
    with tempfile.TemporaryDirectory() as folder:
        if options.without_weights:
            os.environ[FOLDER_VARIABLE] = str(Path(folder) / "none")
        weights = find_part(MOBILESAM, DECODER, Path(folder)) is not None
        path, truths = make_project(Path(folder), weights)
        shutil.copytree(path, Path(folder) / "again")
        rows = {
            "now": measure(server, path, truths, "now"),
            "before": measure(server, Path(folder) / "again", truths, "before"),
        }
    tool = "MobileSAM" if weights else "superpixels"
    print(f"\n{'task (and Space)':<36} inputs now/before   seconds now/before   of them waited   ({tool})")
    for now, before in zip(*rows.values(), strict=True):
        counts = f"{len(now['inputs'])} / {len(before['inputs'])}"
        seconds = " / ".join(f"{row['seconds'] + row['waited']:.1f}" for row in (now, before))
        print(f"{now['task']:<36} {counts:>17} {seconds:>20} {now['waited']:>8} / {before['waited']}")
    options.json.parent.mkdir(parents=True, exist_ok=True)
    result = {"select": tool, "photo": SHAPE, "load": round(os.getloadavg()[0], 1), "rows": rows}
    options.json.write_text(json.dumps(result, indent=1) + "\n")
    found = failures(rows, weights)
    print("\n".join(found) or "all as asked, within what is promised")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
