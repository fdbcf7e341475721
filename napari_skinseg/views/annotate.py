"""State of the SkinSeg dock, resolved from the session without Qt."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from napari_skinseg.session.status import missing_words
from trainer.labels.values import NOT_LABELLED
from trainer.project.states import PhotoState

if TYPE_CHECKING:
    from collections.abc import Collection

    from napari_skinseg.session.photo_info import PhotoInfo
    from napari_skinseg.session.session import AnnotationSession
    from trainer.labels.classes import ClassSet
    from trainer.project.annotators.sessions import Stats

BACKGROUND_DRAWN = "the dots on the photo"
BARE_DRAWN = "the bare photo, without dots"
HELD_PARTS = "unsure parts of the suggestion are held back: Shift+U shows them"
HELD_WHOLE = "no suggestion is shown, it would cost you time: Shift+U shows it"
NOTE_LETTERS = 200
"""Of a flag's note that are shown beside the photo; Review has the rest."""


@dataclass(frozen=True)
class ClassRow:
    """Row of the palette; `value` is the stored label value and the key that picks it."""

    value: int
    name: str
    colour: str
    visible: bool = True
    locked: bool = False
    selected: bool = False
    drawn: str = ""
    """How it looks on the photo, where that has to be said."""


@dataclass(frozen=True)
class OverlaySwitch:
    """Check box of something that the model predicts beside its mask."""

    name: str
    on: bool


@dataclass(frozen=True)
class AnnotateView:
    """Resolved state of the SkinSeg dock: texts and switches, nothing to compute."""

    title: str
    clock: str
    why: str
    sentence: str
    progress: str
    rows: tuple[ClassRow, ...]
    working: bool
    """Whether a photo is open."""
    ended: bool
    """Whether the queue has no photo for this annotator."""
    tool_in_hand: bool
    """Whether the mouse works on the annotation."""
    skipped: int
    """Photos that were skipped in this session."""
    writable: bool
    following: bool = False
    """Whether the rest of a photo follows every stroke."""
    filtered: str = ""
    """What the queue is filtered for, in words; empty: nothing."""
    overlays: tuple[OverlaySwitch, ...] = ()
    """Only those with something to show on this photo."""

    @property
    def selected(self) -> ClassRow:
        """The class the brush paints with."""
        return next((row for row in self.rows if row.selected), self.rows[-1])


def class_rows(
    classes: ClassSet, selected: int, hidden: Collection[int] = (), locked: Collection[int] = ()
) -> tuple[ClassRow, ...]:
    """Return the rows of the palette, classes first, the eraser last."""
    pairs = zip(classes.names, classes.colours, strict=True)
    rows = [
        ClassRow(
            value,
            name,
            colour,
            value not in hidden,
            value in locked,
            value == selected,
            BACKGROUND_DRAWN if value == classes.background + 1 else "",
        )
        for value, (name, colour) in enumerate(pairs, start=1)
    ]
    eraser = selected == NOT_LABELLED
    return (*rows, ClassRow(NOT_LABELLED, "not labelled (eraser)", "", selected=eraser, drawn=BARE_DRAWN))


def progress_text(photos: int, seconds_each: float, labelled: int, total: int, saving: int = 0) -> str:
    """Sum up the day: ``today 41 · 38 s each · 1,651 of 330,000``."""
    pace = f" · {seconds_each:.0f} s each" if photos and seconds_each else ""
    waiting = f" · saving {saving}" if saving else ""
    return f"today {photos:,}{pace} · {labelled:,} of {total:,}{waiting}"


def shortened(text: str, most: int) -> str:
    """Write a text on one line, without what is beyond so many letters."""
    line = " ".join(text.split())
    return f"{line[: most - 1]}…" if len(line) > most else line


def why_text(opened: PhotoInfo | None) -> str:
    """Say why a photo is here; above that its flag's note, until it is accepted; below, what is held back."""
    if opened is None:
        return ""
    flagged = opened.photo.state == PhotoState.FLAGGED
    said = shortened(opened.photo.reason or "no note", NOTE_LETTERS)
    note = f"flagged: {said} (accepting it resolves that)" if flagged else ""
    held = (HELD_WHOLE if opened.held == 1 else HELD_PARTS) if opened.held else ""
    return "\n".join(filter(None, (note, f"here because: {opened.why}" if opened.why else "", held)))


def clock_text(seconds: float) -> str:
    """Write the time on the photo so far as ``0:38``."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def resolve_annotate(session: AnnotationSession, today: Stats | None = None) -> AnnotateView:
    """Resolve the session into the state of the SkinSeg dock.

    Parameters
    ----------
    today : Stats, optional
        Photos that the annotator has finished today.
    """
    project, opened, status = session.project, session.current, session.project_status
    done, pace = (today.photos, today.seconds_per_photo) if today else (0, 0.0)
    return AnnotateView(
        title=PurePosixPath(opened.photo.relpath).name if opened else project.path.name,
        clock=clock_text(opened.seconds) if opened else "",
        why=why_text(opened),
        sentence=session.status,
        progress=" · ".join(
            filter(
                None,
                (
                    progress_text(done, pace, status.labelled, status.photos, session.saving),
                    missing_words(status.validation_missing) if status.labelled else "",
                ),
            )
        ),
        rows=class_rows(project.classes, session.selected_class, session.hidden, session.locked),
        working=opened is not None,
        ended=status.queue_is_empty,
        tool_in_hand=session.tool_in_hand,
        skipped=session.skipped,
        writable=not project.read_only,
        following=session.following,
        filtered=status.filtered,
        overlays=overlay_switches(session),
    )


def window_title(session: AnnotationSession) -> str:
    """Name the project, the annotator and how far it is, for the title of the window."""
    status = session.project_status
    done = f"{status.labelled:,} of {status.photos:,} done"
    return " – ".join((session.project.path.name, session.annotator, done, "SkinSeg"))


def last_words(session: AnnotationSession | None) -> str:
    """Say at closing whether the trainer goes on without the window; empty: nothing to say."""
    if session is None:
        return ""
    status = session.project_status
    if status.trainer_runs:
        return "The trainer goes on without the window. Stop in its panel ends it."
    return "No trainer is running: what you saved is learnt from when one is." if status.labelled else ""


def overlay_switches(session: AnnotationSession) -> tuple[OverlaySwitch, ...]:
    """Return a switch for each kind of overlay that the open photo has."""
    overlays = session.overlays
    return tuple(
        OverlaySwitch(name, overlays.wanted[name]) for name, there in overlays.available.items() if there
    )
