"""Tool *Select*: a click proposes the mask of a thing; a key paints it. Masks are found in threads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psygnal import Signal

from napari_skinseg.layers import napari_undo
from napari_skinseg.layers.mouse import apart, place_of
from napari_skinseg.layers.palette import class_name
from napari_skinseg.layers.refresh import bounds
from napari_skinseg.layers.selection_layer import SelectionLayer
from napari_skinseg.session.click_proposers import help_words
from napari_skinseg.session.sure_class import sure_class
from trainer.selection.proposals import Prompts

if TYPE_CHECKING:
    from collections.abc import Generator

    from napari.components import ViewerModel
    from napari.layers import Labels
    from napari.utils.events import Event

    from napari_skinseg.layers.layers import WorkspaceLayers
    from napari_skinseg.layers.provenance import ProvenanceTracker
    from napari_skinseg.session.background import Background
    from napari_skinseg.session.click_proposers import ClickProposers, Found
    from trainer.labels.classes import ClassSet
    from trainer.selection.proposals import Proposal, Proposer

LOOK_SECONDS = 1.0
DRAGGED = 6.0
"""A mouse that moves less than this on the screen, in pixels, has clicked."""
STEPS = 150
"""A stroke over the long side of a photo says so often what belongs to the thing."""


class SelectTool:
    """State of the tool on the open photo. All methods belong to the main thread.

    Parameters
    ----------
    viewer, layers, tracker, classes
        Of the window.
    reader
        Runs what takes long.
    """

    notice = Signal(str, str)
    """Level and text for the status line."""
    changed = Signal()
    """The tool was taken in hand or put away."""

    def __init__(
        self,
        viewer: ViewerModel,
        layers: WorkspaceLayers,
        tracker: ProvenanceTracker,
        classes: ClassSet,
        reader: Background,
    ) -> None:
        self._viewer, self._layer = viewer, layers.annotation
        self._layers, self._tracker, self._classes = layers, tracker, classes
        self._reader = reader
        self._shown = SelectionLayer(viewer, layers)
        self._proposers: ClickProposers | None = None
        self._found: Found | None = None
        self._looking = False
        self._look_again = 0.0
        self._prompts = Prompts()
        self._proposals: list[Proposal] = []
        self._chosen = 0
        self._awaited = False  # whether the newest clicks have no answer yet
        self._paint_in: int | None = None  # the class in which the answer is painted when it comes
        self._class_before: int | None = None  # the hand's own, while a proposal's is selected
        self._photo = 0  # counts photos: what a thread found on the one before is dropped
        self.active = False
        self._layer.mouse_drag_callbacks.append(self._on_mouse)
        self._layer.events.mode.connect(self._on_mode)

    def close(self) -> None:
        """Leave the layer and the viewer."""
        self._layer.mouse_drag_callbacks.remove(self._on_mouse)
        self._layer.events.mode.disconnect(self._on_mode)
        self._shown.remove()

    @property
    def has_selection(self) -> bool:
        """Whether there is a mask that can be painted, or one is being looked for."""
        return bool(self._proposals) or self._prompts != Prompts()

    @property
    def has_answer(self) -> bool:
        """Whether the masks for the newest clicks are there."""
        return bool(self._proposals) and not self._awaited

    @property
    def whole_things(self) -> Proposer | None:
        """What finds whole things on the open photo; None where there are patches of colour alone, so far."""
        found = self._found
        return None if found is None or found.proposer.by_strokes else found.proposer

    def toggle(self) -> None:
        """Take the tool in hand, or the brush."""
        if self.active:
            self._layer.mode = "paint"
            return
        self.active = True
        self._layer.mode = "pan_zoom"
        self._layer.mouse_pan = False  # a drag is a box; the middle button and Space still pan
        self._layers.show_help(help_words(self._found))
        self._prepare()
        self.changed.emit()

    def show(self, proposers: ClickProposers | None) -> None:
        """Begin anew on another photo, or on none; the tool stays in hand."""
        self._photo += 1
        self._proposers, self._found, self._looking = proposers, None, False
        self.drop()
        self._prepare()

    def poll(self, now: float) -> None:
        """Look now and then whether MobileSAM can take over from the superpixels, and what it waits for."""
        if self._found is not None and self._found.why and now > self._look_again:
            self._look_again = now + LOOK_SECONDS
            self._prepare()

    def escape(self) -> None:
        """Drop the clicks; without any, put the tool away; with another tool in hand, drop its line."""
        if self.active and self._prompts != Prompts():
            if self._class_before is not None:
                self._layer.selected_label = self._class_before
            self.drop()
        elif self.active:
            self.toggle()
        else:
            napari_undo.drop_line(self._layer)

    def drop(self) -> None:
        """Forget the clicks and the mask."""
        self._prompts, self._proposals, self._chosen = Prompts(), [], 0
        self._awaited, self._paint_in, self._class_before = False, None, None
        self._shown.hide()

    def next_proposal(self) -> None:
        """Show the next of the proposed masks."""
        if self._proposals:
            self._chosen = (self._chosen + 1) % len(self._proposals)
            self._show()

    def paint(self, value: int) -> bool:
        """Paint the selected mask in a class, as one undo step; False where nothing is selected.

        A mask that is still being looked for is painted when it comes.
        """
        if not self.has_selection:
            return False
        if self._awaited:
            self._paint_in = value
            return True
        shape = self._layer.data.shape
        mask = self._proposals[self._chosen].at((shape[0], shape[1]))
        area, version = bounds(mask), self._tracker.version
        self.drop()
        if area is not None:
            napari_undo.paint_area(self._layer, area, mask[area], value)
        name = class_name(self._classes, value)
        changed = self._tracker.version != version
        self.notice.emit("info", f"painted as {name}" if changed else f"nothing there to paint as {name}")
        return True

    def click(self, row: float, column: float, added: bool) -> None:
        """Add a click on the photo, and look for the mask."""
        if not self._prompts.points and not added and self._prompts.box is None:
            self.notice.emit("info", "click on the thing first; Shift+click takes away from it")
            return
        self._prompts = self._prompts.with_click(row, column, added)
        self._look()

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """Draw a box around the thing, and look for the mask."""
        (top, bottom), (left, right) = (sorted(sides) for sides in zip(start, end, strict=True))
        self._prompts = Prompts().with_box((top, left, bottom, right))
        self._look()

    def stroke(self, start: tuple[float, float], end: tuple[float, float], added: bool) -> None:
        """Take all that a stroke crosses, or take it away."""
        step = max(1.0, max(self._layer.data.shape) / STEPS)
        self._prompts = self._prompts.with_stroke(start, end, step, added)

    # Inside

    def _prepare(self) -> None:
        """Find what finds masks on the open photo, while the hand moves to the thing."""
        proposers, photo = self._proposers, self._photo
        if not self.active or proposers is None or self._looking:
            return
        self._looking = True

        def ready(found: Found) -> None:
            if photo != self._photo:
                return
            self._looking = False
            if self._prompts.swept and not found.proposer.by_strokes:
                return  # so many clicks would lead MobileSAM astray: it takes over for the next thing
            before, self._found = self._found, found
            if before is None or before.why != found.why:
                self.notice.emit("info", found.why or help_words(found))
            if before is None or before.proposer is not found.proposer:
                if self.active:
                    self._layers.show_help(help_words(found))
                self._look()

        self._reader.read(proposers.find, ready, self._failed)

    def _look(self) -> None:
        """Find masks for the clicks so far, in a thread; the newest clicks count."""
        prompts, found, photo = self._prompts, self._found, self._photo
        self._awaited = prompts != Prompts()
        if found is None or prompts == Prompts():
            return

        def proposed(proposals: list[Proposal]) -> None:
            if photo == self._photo and prompts is self._prompts:
                self._proposals, self._chosen, self._awaited = proposals, 0, False
                if self._paint_in is not None:
                    self.paint(self._paint_in)
                    return
                self._show()
                self._propose_class()

        self._reader.read(lambda: found.proposer.propose(prompts), proposed, self._failed)

    def _show(self) -> None:
        shape = self._layer.data.shape
        chosen = self._proposals[self._chosen]
        self._shown.show(chosen.values, chosen.extent, (shape[0], shape[1]))

    def _propose_class(self) -> None:
        """Select the class that the suggestion sees in the mask, where it is sure of it."""
        shape, confidence = self._layer.data.shape, self._layers.confidence.data
        rows, columns = self._proposals[self._chosen].places((shape[0], shape[1]))
        if confidence.shape != shape:
            return
        labels, background = self._layer.data[rows, columns], self._classes.background + 1
        if (value := sure_class(labels, confidence[rows, columns], background)) is not None:
            if self._class_before is None:
                self._class_before = int(self._layer.selected_label)
            self._layer.selected_label = value
            name = class_name(self._classes, value)
            self.notice.emit("info", f"looks like {name}: Enter paints it, a digit another class")

    def _failed(self, error: BaseException) -> None:
        self._looking = False
        self.drop()
        self.notice.emit("warning", f"nothing could be selected: {error}")

    def _on_mode(self, event: object = None) -> None:
        """Put the tool away where another is taken in hand."""
        if self.active and str(self._layer.mode) != "pan_zoom":
            self.active = False
            self.drop()
            self.changed.emit()

    def _on_mouse(self, layer: Labels, event: Event) -> Generator[None, None, None]:
        """Tell a click from a drag, with the left button: a box around the thing, or a stroke over it."""
        if not self.active or event.button != 1 or layer.mouse_pan:  # Space is held: the photo moves
            return
        start, at = place_of(layer, event), event.pos
        strokes = self._found is not None and self._found.proposer.by_strokes
        last, added = start, "Shift" not in event.modifiers
        photo, farthest = self._photo, 0.0
        yield
        while event.type == "mouse_move":
            farthest = max(farthest, apart(event.pos, at))
            if strokes and farthest > DRAGGED and photo == self._photo:
                last = self._go_on(last, place_of(layer, event), added)
            yield
        end = place_of(layer, event)
        if strokes and max(farthest, apart(event.pos, at)) > DRAGGED:
            if photo == self._photo:
                self._go_on(last, end, added, ends=True)
        elif apart(event.pos, at) > DRAGGED:
            self.drag(start, end)
        elif 0 <= start[0] < layer.data.shape[0] and 0 <= start[1] < layer.data.shape[1]:
            self.click(*start, added)

    def _go_on(
        self, last: tuple[float, float], place: tuple[float, float], added: bool, ends: bool = False
    ) -> tuple[float, float]:
        """Go on with a stroke, and show what it takes as it goes."""
        if not self._prompts.points and not added:
            if ends:
                self.click(*place, added)  # says that there is nothing to take away from
            return place
        self.stroke(last, place, added)
        if ends or not self._awaited:
            self._look()
        return place
