"""Figures of the honesty meter in an annotator's words. No Qt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_skinseg.session.status import missing_words

if TYPE_CHECKING:
    from trainer.evaluation.honesty import Figure, Honesty

NOTHING = "–"


@dataclass(frozen=True)
class HonestyView:
    """Sentences, then a table of each class: masks that show it, and how much of what was proposed stayed."""

    sentences: tuple[str, ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]


def resolve_honesty(found: Honesty, validation_missing: int = 0) -> HonestyView:
    """Put figures into words."""
    stayed = {item.name: item for item in found.survival}
    rows = []
    for name, masks in found.classes.items():
        survival = stayed.get(name)
        shown = share(survival.shown) if survival else NOTHING
        blind = share(survival.blind) if survival else NOTHING
        rows.append((name, (name, f"{masks:,}", shown, blind)))
    stay = "Of each proposed class so much stayed as it was, with the suggestion seen and blind:"
    sentences = (
        _live(found),
        _gain(found),
        _covered(found),
        _tones(found),
        f"{missing_words(validation_missing)}." if validation_missing else "",
        stay if stayed else "",
    )
    return HonestyView(tuple(filter(None, sentences)), tuple(rows))


def share(figure: Figure) -> str:
    """Write a share as ``93 %``."""
    return NOTHING if figure.value is None else f"{100 * figure.value:.0f} %"


def _live(found: Honesty) -> str:
    live = found.live_dice
    if live.value is None:
        return (
            "How good suggestions are is not known yet: nobody has painted a photo without seeing its "
            "suggestion. Some come so: ‘part without suggestion’ in Settings says how many."
        )
    return (
        f"Hidden suggestions agreed by {live.value:.2f}{_span(live, 2)} with {_photos(live)} that somebody "
        "painted without seeing them (0: not at all, 1: in every pixel)."
    )


def _gain(found: Honesty) -> str:
    chosen, random, gain = found.wrong_chosen, found.wrong_random, found.gain
    if chosen.value is None or random.value is None or gain.value is None:
        return ""
    sure = gain.low is not None and gain.low > 0
    verdict = "so choosing pays" if sure else "which may be chance"
    return (
        f"Suggestions were wrong on {share(chosen)} of the pixels of chosen photos ({chosen.photos}) and on "
        f"{share(random)} of random ones ({random.photos}), {verdict}."
    )


def _covered(found: Honesty) -> str:
    if not found.masks:
        return "No saved mask has been compared with its suggestion so far: the trainer does so when at rest."
    never = [name for name, masks in found.classes.items() if not masks]
    masks = "mask" if found.masks == 1 else "masks"
    seen = f"{found.masks:,} {masks} of {found.groups:,} patients or visits"
    return f"{seen}; never shown so far: {', '.join(never)}." if never else f"{seen}."


def _tones(found: Honesty) -> str:
    if not sum(found.tones.values()):
        return ""
    return "Skin tones: " + ", ".join(f"{name} {count:,}" for name, count in found.tones.items()) + "."


def _photos(figure: Figure) -> str:
    return f"{figure.photos} photo" if figure.photos == 1 else f"{figure.photos} photos"


def _span(figure: Figure, digits: int) -> str:
    if figure.low is None or figure.high is None:
        return ""
    return f" ({figure.low:.{digits}f} to {figure.high:.{digits}f})"
