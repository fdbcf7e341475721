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
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import napari
import numpy as np
from PIL import Image
from scipy import ndimage
from skimage.measure import approximate_polygon, find_contours

from napari_skinseg.widgets.event_loop import settle
from napari_skinseg.widgets.workspace import open_workspace
from tools.x_hand import XHand, XServer
from trainer.effort.hand import Hand, at_working_size
from trainer.inference.click_embedding import ClickEncoder
from trainer.labels.values import PAINTED
from trainer.networks.published.folder import FOLDER_VARIABLE, find_part
from trainer.networks.published.registry import DECODER, ENCODER, MOBILESAM
from trainer.project.project import Project
from trainer.synthetic.render import render_photo

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from napari_skinseg.session.session import AnnotationSession
    from trainer.project.masks import Revision

OUT = Path(__file__).parent / "results" / "actions.json"
BACKGROUND, HAND, FOOT = 1, 4, 5
SHAPE = (360, 480)
BRUSH = 8
"""Pixels on the screen of a brush that draws outlines."""
MOST_CLICKS = 12


@dataclass(frozen=True)
class Task:
    """What is asked of a photo, and how it opens.

    Attributes
    ----------
    most
        Inputs that are promised with the keys of today.
    asked
        Labels ``(height, width)`` that shall be saved; 0: any.
    suggested, painted
        Labels that a model and a person have given before.
    exact
        To the pixel; else as good as the simulated hand wants it.
    """

    name: str
    most: int
    scene: tuple[int, str]
    asked: Callable[[NDArray[np.uint8]], NDArray[np.uint8]]
    now: Callable[[Desk], None]
    before: Callable[[Desk], None]
    suggested: Callable[[NDArray[np.uint8]], NDArray[np.uint8]] | None = None
    painted: Callable[[NDArray[np.uint8]], NDArray[np.uint8]] | None = None
    exact: bool = True
    accepted_before: bool = False


@dataclass
class Desk:
    """One photo before a hand."""

    hand: XHand
    session: AnnotationSession
    asked: NDArray[np.uint8]

    @property
    def labels(self) -> NDArray[np.uint8]:
        """Labels as they are shown."""
        labels: NDArray[np.uint8] = self.session.annotation_layer.data
        return labels

    def leave_by(self, key: str) -> None:
        """Look at the photo, press a key, and see another come: one hardly seen is not left."""
        settle(2.5)
        here = self.photo_id
        self.hand.key(key, until=lambda: self.photo_id not in (None, here))

    @property
    def photo_id(self) -> int | None:
        """Number of the open photo."""
        current = self.session.current
        return None if current is None else current.photo.id

    def fill(self, place: tuple[int, int], value: int) -> None:
        """Click with the bucket."""
        self.hand.click(place, until=lambda: self.labels[place] == value)

    def inside(self, value: int) -> tuple[int, int]:
        """Find the middle of what shall be of a class."""
        return deepest(self.asked == value)


def deepest(area: NDArray[np.bool_]) -> tuple[int, int]:
    """Find the place in an area that is farthest from its edge."""
    depth = ndimage.distance_transform_edt(np.pad(area, 1))[1:-1, 1:-1]
    row, column = np.unravel_index(depth.argmax(), depth.shape)
    return int(row), int(column)


# What the hand does


def select_hand(desk: Desk) -> None:
    """Click until Select proposes the hand, and paint it by its class."""
    hand, wanted = desk.hand, desk.asked == HAND
    select = desk.session._editor.select
    hand.key("q", until=lambda: select._found is not None)
    place, added = deepest(wanted), True
    for number in range(1, MOST_CLICKS + 1):
        hand.click(
            place,
            *(() if added else ("Shift",)),
            until=lambda n=number: len(select._prompts.points) == n and not select._awaited,
        )
        hand.look()
        found = select._proposals[0].at(wanted.shape)
        known = desk.asked != 0
        if 2 * (found & wanted).sum() >= 0.95 * ((found & known).sum() + wanted.sum()):
            break
        missed, wrong = wanted & ~found, found & known & ~wanted
        added = missed.sum() >= wrong.sum()
        place = deepest(missed if added else wrong)
    hand.key("4", until=lambda: not select.has_selection)


def outline_hand(desk: Desk) -> None:
    """Draw round the hand with the brush, and fill it and what is left."""
    zoom = desk.hand._camera.zoom
    core = ndimage.binary_erosion(desk.asked == HAND, iterations=max(1, round(BRUSH / zoom / 2)))
    lines = sorted(find_contours(np.pad(core, 1).astype(float), 0.5), key=len)
    desk.hand.key("4")
    desk.hand.outline(approximate_polygon(lines[-1] - 1, 0.5)[:-1], desk.asked.shape)
    desk.hand.key("a")
    desk.fill(deepest(core & (desk.labels != HAND)), HAND)
    desk.hand.key("1")
    fill_all(desk, desk.labels != HAND, BACKGROUND)


def fill_all(desk: Desk, area: NDArray[np.bool_], value: int) -> None:
    """Click the bucket on every patch of an area, until it is of a class."""
    for _ in range(MOST_CLICKS):
        patches, count = ndimage.label(area & (desk.labels != value))
        sizes = np.bincount(patches.ravel())
        sizes[0] = 0
        if not count or sizes.max() < 20:  # what nobody sees
            return
        desk.fill(deepest(patches == sizes.argmax()), value)


def select_and_rest(desk: Desk) -> None:
    select_hand(desk)
    rest(desk)


def relabel(desk: Desk) -> None:
    desk.hand.point(desk.inside(HAND))
    desk.hand.key("4", "Alt", until=lambda: desk.labels[desk.inside(HAND)] == HAND)


def refill(desk: Desk) -> None:
    desk.hand.key("4")
    desk.hand.key("a")
    desk.fill(desk.inside(HAND), HAND)


def rest(desk: Desk) -> None:
    desk.hand.key("d", until=lambda: desk.labels.all())


def fill_rest(desk: Desk) -> None:
    desk.hand.key("1")
    desk.hand.key("a")
    fill_all(desk, desk.asked == BACKGROUND, BACKGROUND)


def nothing(_: Desk) -> None:
    """Leave the suggestion as it is: the key that accepts is pressed for every task."""


def reject_and_redo(desk: Desk) -> None:
    desk.hand.key("c", "Shift", until=lambda: not desk.labels.any())
    select_and_rest(desk)


def overpaint(desk: Desk) -> None:
    desk.hand.key("1")
    desk.hand.key("a")
    fill_all(desk, np.ones(desk.asked.shape, bool), BACKGROUND)
    desk.hand.key("p")
    outline_hand(desk)


def go_back(desk: Desk, mend: Callable[[Desk], None]) -> None:
    desk.leave_by("b")
    mend(desk)


# What is asked


def as_drawn(truth: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return truth


def hand_alone(truth: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Hand and background; of an arm anything will do."""
    return np.where(np.isin(truth, (HAND, BACKGROUND)), truth, 0).astype(np.uint8)


def hand_painted(truth: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.where(truth == BACKGROUND, 0, HAND).astype(np.uint8)


def hand_on_background(truth: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.where(truth == BACKGROUND, BACKGROUND, HAND).astype(np.uint8)


def called_foot(truth: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.where(truth == HAND, FOOT, truth).astype(np.uint8)


def nonsense(truth: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.roll(called_foot(truth), (truth.shape[0] // 3, truth.shape[1] // 3), (0, 1))


TASKS = (
    Task(
        "a hand, without a suggestion",
        4,
        (40, "hand"),
        hand_alone,
        select_and_rest,
        outline_hand,
        exact=False,
    ),
    Task("right shape, wrong class", 1, (41, "hand"), as_drawn, relabel, refill, called_foot),
    Task(
        "the rest is background", 1, (3, "forearm"), hand_on_background, rest, fill_rest, painted=hand_painted
    ),
    Task("a good suggestion", 0, (43, "hand"), as_drawn, nothing, nothing, as_drawn),
    Task(
        "a bad suggestion: drop it and redo",
        5,
        (44, "hand"),
        hand_alone,
        reject_and_redo,
        overpaint,
        nonsense,
        exact=False,
    ),
    Task(
        "the photo before, its class mended",
        2,
        (47, "hand"),
        as_drawn,
        lambda desk: go_back(desk, relabel),
        lambda desk: go_back(desk, refill),
        called_foot,
        accepted_before=True,
    ),
)
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
