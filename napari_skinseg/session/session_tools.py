"""Tools of an annotation session: what the hand does to the open photo, by key or by the panel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psygnal import Signal

from napari_skinseg.layers import napari_undo
from napari_skinseg.session.session_state import SessionState
from trainer.settings.toml_file import change_settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_skinseg.session.select_tool import SelectTool


class SessionTools(SessionState):
    """The half of an `AnnotationSession` that is about the open photo; the other goes from photo to photo."""

    help_requested = Signal()
    """The key table was asked for by key."""
    layers_requested = Signal()
    """napari's layer list and controls were asked for by key."""
    map_requested = Signal()
    """The small map of a zoomed photo was asked for by key, or to be put away."""

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

    @property
    def tool_in_hand(self) -> bool:
        """Whether the mouse works on the annotation; with another layer active it only moves the photo."""
        return self._editor.layers.is_active

    @property
    def brush_size(self) -> int:
        """Diameter of the brush in pixels of the screen."""
        return self._editor.layers.brush.size

    def set_brush(self, size: int) -> None:
        """Set the diameter of the brush in pixels of the screen."""
        self._editor.layers.brush.set(size)

    def resume(self, class_name: str, brush: int) -> None:
        """Begin with the class and the brush of the last window; an unknown class, or 0, changes nothing."""
        if class_name in self.project.classes.names:
            self.annotation_layer.selected_label = self.project.classes.names.index(class_name) + 1
        if brush:
            self.set_brush(brush)

    def refit(self) -> None:
        """Fit the photo into a window of another size, unless a hand has moved or zoomed it."""
        self._editor.layers.refit()

    def neutral_light(self) -> None:
        """Show the photo in its own brightness and contrast."""
        self.light.reset()

    def change_opacity(self, steps: int) -> None:
        """Make the annotation more (steps > 0) or less opaque."""
        self._editor.brush.change_opacity(steps)

    def toggle_map(self) -> None:
        """Have the window show the small map of a zoomed photo, or put it away."""
        self.map_requested.emit()

    def request_help(self) -> None:
        """Have the dock show the key table."""
        self.help_requested.emit()

    def request_layers(self) -> None:
        """Have the window show napari's layer list and controls, or fold them away."""
        if self._not_stroking():
            self.layers_requested.emit()

    def peek(self, on: bool) -> None:
        """Show the bare photo while `on`; not while a stroke is drawn, whose layer would be hidden."""
        if not (on and self.stroking):
            self._editor.peek(on)

    def toggle_peek(self) -> None:
        """Show the bare photo, or the annotation again."""
        self.peek(self.annotation_layer.visible)

    def take_tool(self, tool: str) -> None:
        """Take the brush (paint), the polygon, the bucket (fill) or the pipette (pick) in hand."""
        if self._not_stroking():
            self._editor.brush.take(tool)

    def lock_under_cursor(self) -> None:
        """Lock or free the class under the mouse."""
        self.notice.emit("info", self._editor.brush.lock_under_cursor())

    def toggle(self, name: str) -> None:
        """Switch the likely errors or the boxes on or off; `name` is a key of `overlays.wanted`."""
        self.show_overlay(name, not self.overlays.wanted[name])
        if not self.overlays.available[name]:
            switched = "on" if self.overlays.wanted[name] else "off"
            there = "no photo is open" if self._editor.photo is None else "nothing to show on this photo"
            self.notice.emit("info", f"{name} {switched}: {there}")

    def show_overlay(self, name: str, on: bool) -> None:
        """Show or hide the likely errors or the boxes, on this photo and those that follow."""
        self.overlays.want(name, on)
        self.state_changed.emit()

    @property
    def selecting(self) -> bool:
        """Whether the tool *Select* is in hand."""
        return self._editor.select.active

    @property
    def select_tool(self) -> SelectTool:
        """The tool *Select*: what clicks on the open photo find."""
        return self._editor.select

    def toggle_select(self) -> None:
        """Take the tool *Select* in hand, or the brush again."""
        if self._editor.photo is not None and self._not_stroking():
            self._editor.layers.activate()
            self._editor.select.toggle()

    def next_proposal(self) -> None:
        """Show the next mask that *Select* proposes."""
        self._editor.select.next_proposal()

    def paint_selection(self) -> None:
        """Paint what *Select* has found in the selected class, or the polygon that is half drawn."""
        selected, layer = self._editor.select.has_selection, self.annotation_layer
        if not (selected or napari_undo.corners(layer)) or not self._may_write():
            return
        if selected:
            self._editor.select.paint(self.selected_class)
        elif not napari_undo.close_polygon(layer):
            self.notice.emit("info", "a polygon has three corners or more: click on, Escape drops it")

    def escape(self) -> None:
        """Put away what is open in the panel; else drop what is selected or half drawn."""
        if not any(close() for close in self.closed_by_escape):
            self._editor.select.escape()

    def save_now(self) -> None:
        """Save what is decided and stay, and say what came of it: for whoever presses Ctrl+S out of habit."""
        if self._editor.photo is None:
            self.notice.emit("info", "nothing to save: no photo is open")
        elif not (self._not_drawing() and self._may_write()):
            return
        elif self.unsaved:
            self._completion.save_part()
            self.state_changed.emit()
        elif self._editor.photo.revision is None:
            self.notice.emit("info", "nothing to save yet: paint, or accept the suggestion with Space")
        else:
            self.notice.emit("info", "all of it is saved already")

    def hold_to_pan(self) -> None:
        """Let the left mouse button move the photo until `end_pan`."""
        self._editor.layers.hold_to_pan(self._editor.drawing)

    def end_pan(self) -> bool:
        """Give the mouse its tool back; return whether the photo was moved meanwhile."""
        return self._editor.layers.end_pan()

    def undo(self) -> None:
        """Undo the last step; not while something is half drawn, which would stay without what it was for."""
        if not self._not_drawing():
            return
        if napari_undo.undo_steps(self.annotation_layer):
            self._editor.undo()
            self._unsay()
        else:
            self.notice.emit("info", "nothing to undo on this photo; B opens the photo before")

    def redo(self) -> None:
        """Redo the last undone step."""
        if not self._not_drawing():
            return
        if napari_undo.has_redo(self.annotation_layer):
            self._editor.redo()
            self._unsay()
        else:
            self.notice.emit("info", "nothing to redo: no step was undone, or you have painted since")

    def _unsay(self) -> None:
        """Clear the status line: what it said of undoing is not so any more."""
        self._editor.layers.words.forget()
        self.viewer.status = ""

    @property
    def following(self) -> bool:
        """Whether the rest follows every stroke."""
        return self._editor.follower.automatic

    @property
    def is_following(self) -> bool:
        """Whether it is being worked out what follows."""
        return self._editor.follower.busy

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

    def edit_region(self, name: str) -> None:
        """Fill holes, drop specks, smooth, grow or shrink the region under the mouse; see `region_edits`."""
        if self._editor.photo is not None and self._may_write() and self._not_drawing():
            self._editor.edits.edit(name)

    def copy_photo_before(self) -> None:
        """Suggest the mask of the photo that was left last, as in a burst."""
        self._correct(self._copy_photo_before)

    def _copy_photo_before(self) -> str:
        labels = self._completion.left_labels
        if labels is None:
            return "no photo has been left yet: there is no mask to copy"
        if not self._editor.suggest(labels):
            return "nothing to copy: what you decided stays, and the rest is so already"
        return "copied from the photo before, as a suggestion: Ctrl+Z takes it back"

    def show_whole(self) -> None:
        """Show what is held back of the model's suggestion."""
        if self._editor.photo is not None and self._may_write() and self._not_drawing():
            self._editor.held_parts.show_whole()

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
            self._editor.tracker.locks_met.clear()  # the correction has said what it could not change
