"""What the SkinSeg dock shows, worked out from the session. No Qt: a pure reading, easy to test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari_skinseg.session import AnnotationSession

ERASER = 0


@dataclass(frozen=True)
class ClassRow:
    """One line of the palette; `value` is the stored label value and the key that picks it."""

    value: int
    name: str
    colour: str
    visible: bool = True
    locked: bool = False
    selected: bool = False


@dataclass(frozen=True)
class Totals:
    """Counts that cost a query: read when the photo changes, not at every stroke."""

    photos: int
    labelled: int
    labelled_train: int
    today: int
    seconds_each: float | None
    served: str | None


@dataclass(frozen=True)
class AnnotateView:
    """The resolved state of the SkinSeg dock: words and switches, nothing to compute."""

    title: str
    place: str
    why: str
    badge: str
    sentence: str
    next_step: str
    progress: str
    rows: tuple[ClassRow, ...]
    working: bool
    writable: bool

    @property
    def selected(self) -> ClassRow:
        """The class the brush paints with."""
        return next((row for row in self.rows if row.selected), self.rows[-1])


def class_rows(
    names: tuple[str, ...], colours: tuple[str, ...], selected: int, hidden: set[int], locked: set[int]
) -> tuple[ClassRow, ...]:
    """Rows of the palette, classes first, the eraser last."""
    rows = [
        ClassRow(value, name, colour, value not in hidden, value in locked, value == selected)
        for value, (name, colour) in enumerate(zip(names, colours, strict=True), start=1)
    ]
    return (*rows, ClassRow(ERASER, "not labelled (eraser)", "", selected=selected == ERASER))


def badge(model_id: str | None, blind: bool, served: str | None, labelled: int, first_after: int) -> str:
    """Say where the suggestion on the photo came from, or why there is none."""
    if blind:
        return "shown without suggestions, to measure the model fairly"
    if model_id:
        newer = f", model {short(served)} is on its way" if served and served != model_id else ""
        return f"suggestions by model {short(model_id)}{newer}"
    if served:
        return f"model {short(served)} has no suggestion here yet"
    missing = first_after - labelled
    if missing > 0:
        return f"no suggestions yet: the first model comes after {missing} more {plural('photo', missing)}"
    return "no suggestions yet: the first model is being trained"


def progress(photos: int, seconds_each: float | None, labelled: int, total: int) -> str:
    """Sum up the day: ``today 41 · 38 s each · 1,651 of 330,000 labelled``."""
    pace = f" · {seconds_each:.0f} s each" if photos and seconds_each else ""
    return f"today {photos:,}{pace} · {labelled:,} of {total:,} labelled"


def short(model_id: str | None) -> str:
    """``"0014"`` reads as ``14``; other ids stay as they are."""
    text = model_id or ""
    return str(int(text)) if text.isdigit() else text


def plural(noun: str, count: int) -> str:
    """``photo`` or ``photos``."""
    return noun if count == 1 else noun + "s"


def read_totals(session: AnnotationSession) -> Totals:
    """Ask the project how far it is."""
    project = session.project
    counts, served, today = project.counts(), project.served(), project.today(session.annotator)
    return Totals(
        photos=counts.photos,
        labelled=counts.labelled,
        labelled_train=counts.by_split.get("train", (0, 0))[1],
        today=today.photos,
        seconds_each=today.seconds_per_photo,
        served=served.id if served else None,
    )


def resolve_annotate(session: AnnotationSession, totals: Totals) -> AnnotateView:
    """Turn the session and the totals into the words of the SkinSeg dock."""
    project, photo = session.project, session.current
    first = project.settings.queue.first_model_after
    hint = badge(photo.model_id, photo.blind, totals.served, totals.labelled_train, first) if photo else ""
    return AnnotateView(
        title=photo.photo.relpath.rsplit("/", 1)[-1] if photo else project.path.name,
        place=f"photo {totals.today + 1} today" if photo else "",
        why=f"here because: {photo.why}" if photo and photo.why else "",
        badge=hint,
        sentence=session.status,
        next_step=next_step(totals.photos, photo is not None, project.read_only),
        progress=progress(totals.today, totals.seconds_each, totals.labelled, totals.photos),
        rows=class_rows(
            project.classes.names,
            project.classes.colours,
            session.selected_class,
            session.hidden,
            session.locked,
        ),
        working=photo is not None,
        writable=not project.read_only,
    )


def next_step(photos: int, working: bool, read_only: bool) -> str:
    """The button under the sentence: what helps in this state, or nothing."""
    if working or read_only:
        return ""
    return "Add photos …" if photos == 0 else "Next photo"
