"""Make the moving picture of the README: ``python docs/make_movie.py PROJECT [--out FILE]``.

A photo comes with its suggestion, a scribble corrects it, ``R`` has the rest follow, ``Space`` accepts, the
next photo comes. Everything is real but the photos, which are rendered, and the mouse, which is drawn: the
project is that of `make_pictures.make_project`, and its trainer is at work. It is annotated: give it a copy.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import napari
import numpy as np
from make_pictures import UNCERTAIN, wait_for, waiting
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

from napari_skinseg.demo.headless_demo import Truth
from napari_skinseg.widgets.event_loop import settle
from napari_skinseg.widgets.workspace import open_workspace
from trainer.project.project import Project
from trainer.service.process import start_trainer, stop_trainer

OUT = Path(__file__).parent / "pictures" / "loop.webp"
WINDOW = (1200, 760)
WIDTH = 900
"""Pixels of the moving picture."""
CAPTION = 30
QUALITY = 80
STROKE_FRAMES, SCRIBBLES = 5, 2
WORTH_IT = 0.003
"""Share of the photo that is wrong in one place and worth another scribble."""
NEARLY_RIGHT = 0.85
"""Share of the pixels in which the suggestion is right that a scribble mends."""


@dataclass
class Film:
    """Frames of a window with a line below them, and how long each stands in milliseconds."""

    viewer: Any
    frames: list[Image.Image] = field(default_factory=list)
    times: list[int] = field(default_factory=list)

    def shoot(
        self, caption: str, milliseconds: int, key: str = "", at: tuple[int, int] | None = None
    ) -> None:
        """Take a frame, with a key that is pressed, or the mouse at a pixel of the photo."""
        settle(0.4)
        window = self.viewer.window.screenshot(canvas_only=False, flash=False)[..., :3]
        picture = Image.fromarray(np.ascontiguousarray(window))
        if at is not None:
            draw_mouse(picture, self._place(at))
        scale = WIDTH / picture.width
        small = picture.resize((WIDTH, round(picture.height * scale)), Image.Resampling.LANCZOS)
        frame = Image.new("RGB", (WIDTH, small.height + CAPTION), (30, 33, 39))
        frame.paste(small, (0, 0))
        write_caption(frame, caption, key)
        self.frames.append(frame)
        self.times.append(milliseconds)

    def _place(self, at: tuple[int, int]) -> tuple[int, int]:
        """Find a pixel of the photo in the window."""
        canvas, camera = self.viewer.window._qt_viewer.canvas.native, self.viewer.scene.camera
        corner = canvas.mapTo(self.viewer.window._qt_window, canvas.rect().topLeft())
        x = canvas.width() / 2 + (at[1] - camera.center[-1]) * camera.zoom
        y = canvas.height() / 2 + (at[0] - camera.center[-2]) * camera.zoom
        return round(corner.x() + x), round(corner.y() + y)

    def save(self, out: Path) -> None:
        """Write the frames."""
        self.frames[0].save(
            out,
            save_all=True,
            append_images=self.frames[1:],
            duration=self.times,
            loop=0,
            quality=QUALITY,
            method=6,
        )
        print(
            out,
            f"{out.stat().st_size / 1e6:.2f} MB, {len(self.frames)} frames, {sum(self.times) / 1000:.1f} s",
        )


def draw_mouse(picture: Image.Image, place: tuple[int, int]) -> None:
    """Draw an arrow whose point is at a place."""
    x, y = place
    shape = ((0, 0), (0, 26), (6, 20), (11, 30), (15, 28), (10, 18), (18, 18))
    corners = [(x + across, y + down) for across, down in shape]
    ImageDraw.Draw(picture).polygon(corners, fill="white", outline="black")


def write_caption(frame: Image.Image, caption: str, key: str) -> None:
    """Write what happens below the window, with the key that does it."""
    draw, top, left = ImageDraw.Draw(frame), frame.height - CAPTION, 14
    font = ImageFont.load_default(17)
    if key:
        width = draw.textlength(key, font) + 16
        box = (left, top + 4, left + width, frame.height - 4)
        draw.rounded_rectangle(box, 5, fill=(235, 235, 235))
        draw.text((left + 8, top + 5), key, (20, 20, 20), font)
        left += int(width) + 12
    draw.text((left, top + 5), caption, (235, 235, 235), font)


def wrong_region(labels: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Find the largest region in which the labels are wrong."""
    regions, _ = ndimage.label((labels != truth) & (truth > UNCERTAIN))
    sizes = np.bincount(regions.ravel(), minlength=2)
    sizes[0] = 0
    return regions == sizes.argmax()


def choose(project: Project, name: str = "") -> tuple[int, int]:
    """Find a photo (with this in its name) whose suggestion has one large mistake, and one that is right."""
    truth_of, found = Truth(project.path / "sample" / "masks"), []
    for number in waiting(project):
        prediction = project.predictions.get(number)
        if prediction is not None:
            labels, truth = project.predictions.read(prediction)[0], truth_of(project.photos.get(number))
            found.append((number, (labels == truth).mean(), wrong_region(labels, truth).mean()))
    named = [item for item in found if name in project.photos.get(item[0]).relpath]
    nearly = [item for item in named if item[1] > NEARLY_RIGHT]
    first = max(nearly, key=lambda item: item[2])[0]
    return first, max((item for item in found if item[0] != first), key=lambda item: item[1])[0]


def scribble(labels: np.ndarray, truth: np.ndarray) -> tuple[int, list[tuple[int, int]]]:
    """Find a class and a way through the thick of the largest wrong region of it."""
    depth = ndimage.distance_transform_edt(np.pad(wrong_region(labels, truth), 1))[1:-1, 1:-1]
    value = int(truth[np.unravel_index(depth.argmax(), depth.shape)])
    across = np.ptp(np.nonzero(depth)[0]) < np.ptp(np.nonzero(depth)[1])
    deep = depth if across else depth.T
    lines = np.flatnonzero(deep.max(axis=0) > 0.5 * depth.max())
    way = [(int(deep[:, line].argmax()), int(line)) for line in lines[:: max(1, len(lines) // 40)]]
    way = way if across else [(row, column) for column, row in way]
    return value, [place for place in way if truth[place] == value]


def suggested(session: Any, photo_id: int) -> None:
    """Open a photo and wait for its suggestion, and for what R needs."""
    project = session.project
    session.open_photo(photo_id)
    wait_for(lambda: session.current is not None and session.current.photo.id == photo_id, 60)
    wait_for(lambda: session.current.model_id is not None, 120)
    sha256, model_id = project.photos.get(photo_id).sha256, session.current.model_id
    wait_for(lambda: project.activations.read(photo_id, sha256, model_id) is not None, 120)


def correct(dock: Any, film: Film, truth: np.ndarray, again: bool) -> None:
    """Scribble into what is wrong, and let the rest follow."""
    session, layer = dock.session, dock.session.annotation_layer
    value, way = scribble(layer.data, truth)
    session.select_class(value)
    session.set_brush(14)
    if not again:
        name = dock.project.classes.names[value - 1]
        film.shoot(f"here is a {name}: take its key", 900, str(value), way[0])
    said = "and into what is still wrong" if again else "scribble inside it, its edge does not matter"
    for part in np.array_split(np.arange(len(way)), STROKE_FRAMES):
        with layer.block_history():
            for place in part:
                layer.paint(way[place], value)
        if len(part):
            film.shoot(said, 160, at=way[part[-1]])
    before = layer.data.copy()
    session.follow_strokes()
    wait_for(lambda: (layer.data != before).any(), 30)
    film.shoot("the rest follows", 1400, "R", way[-1])


def act(dock: Any, film: Film, first: int, then: int) -> None:
    """Go once round the loop, and shoot it."""
    session = dock.session
    suggested(session, then)  # what was open when another is opened comes next
    suggested(session, first)
    film.viewer.reset_view()
    truth = Truth(dock.project.path / "sample" / "masks")(session.current.photo)
    film.shoot("the next photo comes with a suggestion", 1600)
    for turn in range(SCRIBBLES):
        if wrong_region(session.annotation_layer.data, truth).mean() > WORTH_IT:
            correct(dock, film, truth, again=turn > 0)
    here = session.current.photo.id
    session.accept_and_next()
    wait_for(lambda: session.current is not None and session.current.photo.id != here, 60)
    wait_for(lambda: session.current.model_id is not None, 60)
    film.viewer.reset_view()
    film.shoot("accept: the next one is there, and the trainer learns meanwhile", 2200, "Space")


def main() -> None:
    """Write the moving picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("project", type=Path, help="a copy of the project of make_pictures")
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--photo", default="", help="part of the name of the photo that is corrected")
    options = parser.parse_args()
    start_trainer(options.project)
    viewer = napari.Viewer(show=False, show_welcome_screen=False)
    try:
        viewer.window.show()
        viewer.window.resize(*WINDOW)
        dock = open_workspace(viewer, options.project, "film", remembers=False)
        settle(1.5)
        film = Film(viewer)
        act(dock, film, *choose(dock.project, options.photo))
        film.save(options.out)
        dock.dispose()
    finally:
        with Project.open(options.project) as opened:
            stop_trainer(opened)
        viewer.close()


if __name__ == "__main__":
    main()
