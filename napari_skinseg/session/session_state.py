"""State of an annotation session: its parts, the open photo, the brush and the palette."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from psygnal import Signal

from napari_skinseg.session.background import Background
from napari_skinseg.session.completion import PhotoCompletion
from napari_skinseg.session.editor import PhotoEditor
from napari_skinseg.session.navigator import PhotoNavigator
from napari_skinseg.session.project_watcher import ProjectWatcher
from napari_skinseg.session.saving import Saver
from napari_skinseg.session.status import ProjectStatus, sentence
from trainer.project.queue import QueueEntry
from trainer.settings.toml_file import change_settings

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from napari.components import ViewerModel
    from napari.layers import Image, Labels
    from numpy.typing import NDArray

    from napari_skinseg.layers.overlays import Overlays
    from napari_skinseg.session.photo_info import PhotoInfo
    from trainer.project.project import Project
    from trainer.project.sessions import Stats


class SessionState:
    """The half of an `AnnotationSession` that is about the open photo; the other goes from photo to photo."""

    notice = Signal(str, str)
    """(level, text): level is "info" (for the status line), "news" (to be noticed), "warning" or "error"; the
    text is one line that says what to do."""

    def __init__(self, viewer: ViewerModel, project: Project, annotator: str) -> None:
        self.viewer, self.project, self.annotator = viewer, project, annotator
        self._id = 0 if project.read_only else project.sessions.start(annotator).id
        self._background = Background()
        self._editor = PhotoEditor(viewer, project, annotator, self._background)
        self._navigator = PhotoNavigator(project, self._id, annotator, self._editor, self._background)
        self._saver = Saver(project, self._id, annotator, self._background)
        self._completion = PhotoCompletion(
            project, self._id, self._background, self._editor, self._navigator, self._saver
        )
        self._watcher = ProjectWatcher(project, self._id, self._background)
        self._project_status = ProjectStatus(first_model_after=project.settings.queue.first_model_after)
        self._stats: Stats | None = None
        self._closed = False

    @property
    def current(self) -> PhotoInfo | None:
        """The open photo."""
        return self._editor.info

    @property
    def status(self) -> str:
        """One sentence for the state of the window."""
        if self._saver.failing:
            return self._saver.trouble
        if self._navigator.problem and self._editor.photo is None:
            return self._navigator.problem
        return sentence(
            self.current,
            self.project_status,
            opening=self._navigator.opening,
            read_only=self.project.read_only_reason,
        )

    @property
    def project_status(self) -> ProjectStatus:
        """Counts of the project, at most a second or two old."""
        return replace(self._project_status, queue_is_empty=self._navigator.waiting.queue_is_empty)

    @property
    def photo_layer(self) -> Image:
        """The photo, rgb uint8 (height, width, 3)."""
        return self._editor.layers.photo

    @property
    def annotation_layer(self) -> Labels:
        """The labels to edit, uint8 (height, width)."""
        return self._editor.layers.annotation

    @property
    def confidence_layer(self) -> Image:
        """The model's confidence, uint8 (height, width), hidden at first."""
        return self._editor.layers.confidence

    @property
    def overlays(self) -> Overlays:
        """Map of likely errors and boxes, both off at first."""
        return self._editor.overlays

    @property
    def provenance(self) -> NDArray[np.uint8]:
        """Provenance of each pixel of the open photo, uint8 (height, width): see `provenance.py`."""
        self._editor.tracker.sync()
        return self._editor.tracker.array

    @property
    def selected_class(self) -> int:
        """Stored value that the brush paints; 0 erases."""
        return self._editor.brush.selected

    @property
    def locked(self) -> set[int]:
        """Stored values that painting never overwrites."""
        return set(self._editor.brush.locked)

    @property
    def hidden(self) -> set[int]:
        """Stored values that are not shown (and are saved all the same)."""
        return set(self._editor.brush.hidden)

    @property
    def unsaved(self) -> bool:
        """Whether the open photo holds work that no saved mask has."""
        return self._editor.unsaved

    @property
    def saving(self) -> int:
        """Number of masks that are not durable yet."""
        return len(self._saver.pending)

    @property
    def stats(self) -> Stats | None:
        """Photos, seconds and strokes per photo of this session, None before the first look."""
        return self._stats

    def queue_head(self, n: int) -> list[QueueEntry]:
        """Return the next `n` photos and the reasons for them: those decoded already, then the queue's."""
        waiting = [QueueEntry(p.id, p.photo.relpath, None, p.why) for p in self._navigator.waiting.ready]
        known = {entry.photo_id for entry in waiting}
        return [*waiting, *(e for e in self.project.queue.head(n) if e.photo_id not in known)][:n]

    def select_class(self, value: int) -> None:
        """Select the class to paint (0 erases), and the brush where no drawing tool is active.

        What the tool *Select* has found is painted in that class at once.

        Raises
        ------
        ValueError
            If the class set has no such value.
        """
        select = self._editor.select
        if select.has_selection and not self.project.read_only:
            select.paint(value)
        self._editor.brush.select(value, keep_tool=select.active)

    def set_visible(self, value: int, visible: bool) -> None:
        """Show or hide a class on the screen; what is saved stays the same."""
        self._editor.brush.set_visible(value, visible)

    def set_locked(self, value: int, locked: bool) -> None:
        """Protect a finished class from the brush, or free it."""
        self._editor.brush.set_locked(value, locked)

    def change_brush(self, steps: int) -> None:
        """Make the brush larger (steps > 0) or smaller."""
        self._editor.brush.change_brush(steps)

    def change_opacity(self, steps: int) -> None:
        """Make the annotation more (steps > 0) or less opaque."""
        self._editor.brush.change_opacity(steps)

    def peek(self, on: bool) -> None:
        """Show the bare photo while `on`."""
        self._editor.peek(on)

    def toggle_peek(self) -> None:
        """Show the bare photo, or the annotation again."""
        self.peek(self.annotation_layer.visible)

    def take_tool(self, tool: str) -> None:
        """Take the brush (paint), the polygon, the bucket (fill) or the pipette (pick) in hand."""
        if self._not_drawing():
            self._editor.brush.take(tool)

    @property
    def selecting(self) -> bool:
        """Whether the tool *Select* is in hand."""
        return self._editor.select.active

    def toggle_select(self) -> None:
        """Take the tool *Select* in hand, or the brush again."""
        if self._editor.photo is not None and self._not_drawing():
            self._editor.select.toggle()

    def next_proposal(self) -> None:
        """Show the next mask that *Select* proposes."""
        self._editor.select.next_proposal()

    def paint_selection(self) -> None:
        """Paint what *Select* has found in the selected class."""
        if self._editor.select.has_selection and self._may_write():
            self._editor.select.paint(self.selected_class)

    def escape(self) -> None:
        """Drop what is selected or half drawn."""
        self._editor.select.escape()

    def hold_to_pan(self) -> None:
        """Let the left mouse button move the photo until `end_pan`."""
        self._editor.layers.hold_to_pan(self._editor.drawing)

    def end_pan(self) -> bool:
        """Give the mouse its tool back; return whether the photo was moved meanwhile."""
        return self._editor.layers.end_pan()

    def undo(self) -> None:
        """Undo the last step; not while something is half drawn, which would stay without what it was for."""
        if self._not_drawing():
            self._editor.undo()

    def redo(self) -> None:
        """Redo the last undone step."""
        self._editor.redo()

    @property
    def following(self) -> bool:
        """Whether the rest follows every stroke."""
        return self._editor.follower.automatic

    def follow_strokes(self) -> None:
        """Have the rest of the photo follow the strokes on it; again: take that back."""
        if self._editor.photo is not None and self._may_write() and self._not_drawing():
            self._editor.follow_strokes()

    def follow_every_stroke(self, on: bool) -> None:
        """Have the rest follow every stroke by itself, or only when asked; the project remembers it."""
        self._editor.follower.switch(on)
        if not self.project.read_only:
            file = self.project.path / "skinseg.toml"
            self._background.write(
                lambda: change_settings(file, {"window": {"follow_strokes": on}}), lambda _: None
            )

    def toggle_following(self) -> None:
        """Switch whether the rest follows every stroke."""
        self.follow_every_stroke(not self.following)
        said = "every stroke: R takes it back" if self.following else "only when you press R"
        self.notice.emit("info", f"the rest follows {said}")

    def relabel_region(self, value: int) -> None:
        """Make the region under the mouse another class."""
        self._correct(lambda: self._editor.corrections.relabel(value))

    def rest_is_background(self) -> None:
        """Make background of everything that no person has decided."""
        self._correct(self._editor.corrections.rest_is_background)

    def drop_region(self) -> None:
        """Take the suggestion of the region under the mouse away."""
        self._correct(self._editor.corrections.drop_region)

    def drop_suggestion(self) -> None:
        """Take the photo's whole suggestion away, and show no newer one on it."""
        self._correct(self._editor.drop_suggestion)

    def _correct(self, correction: Callable[[], str]) -> None:
        """Carry out a correction between two strokes, and say what came of it."""
        if self._editor.photo is not None and self._may_write() and self._not_drawing():
            self.notice.emit("info", correction())

    def _may_write(self) -> bool:
        if self.project.read_only:
            self.notice.emit("warning", f"nothing can be saved: {self.project.read_only_reason}")
        return not (self.project.read_only or self._closed)

    def _not_drawing(self) -> bool:
        """Return whether nothing is half drawn (it would be lost), and warn if something is."""
        if self._editor.drawing:
            self.notice.emit("warning", "a line is half drawn: finish it, or press Escape to drop it")
        return not self._editor.drawing
