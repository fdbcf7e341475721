"""The honesty meter in words."""

from __future__ import annotations

from napari_skinseg.views.honesty import resolve_honesty
from trainer.evaluation.honesty import Figure, Honesty, Survival

NONE = Figure(None, 0)


def honesty(**changes: object) -> Honesty:
    values: dict[str, object] = {
        "live_dice": NONE,
        "wrong_chosen": NONE,
        "wrong_random": NONE,
        "gain": NONE,
        "survival": (),
        "groups": 0,
        "masks": 0,
        "classes": {"face": 0, "hand": 0},
        "tones": {"light": 0, "dark": 0},
    }
    return Honesty(**{**values, **changes})  # type: ignore[arg-type]


def test_without_blind_photos_it_says_how_to_get_some() -> None:
    view = resolve_honesty(honesty(), validation_missing=2)
    assert "part without suggestion’ in Settings" in view.sentences[0]
    assert "No saved mask has been compared" in view.sentences[1]
    assert view.sentences[2:] == ("2 more photos needed to compare models.",)


def test_figures_come_with_what_they_are_from() -> None:
    view = resolve_honesty(
        honesty(
            live_dice=Figure(0.634, 6, 0.5, 0.7),
            wrong_chosen=Figure(0.22, 9, 0.1, 0.3),
            wrong_random=Figure(0.07, 5, 0.0, 0.1),
            gain=Figure(0.15, 14, 0.05, 0.25),
            survival=(Survival("face", Figure(0.9, 8), Figure(0.71, 3)),),
            masks=14,
            groups=12,
            classes={"face": 14, "hand": 0},
            tones={"light": 10, "dark": 4},
        )
    )
    assert "agreed by 0.63 (0.50 to 0.70) with 6 photos" in view.sentences[0]
    assert view.sentences[1] == (
        "Suggestions were wrong on 22 % of the pixels of chosen photos (9) and on 7 % of random ones (5), so "
        "choosing pays."
    )
    assert view.sentences[2] == "14 masks of 12 patients or visits; never shown so far: hand."
    assert view.sentences[3] == "Skin tones: light 10, dark 4."
    assert view.rows == (("face", ("face", "14", "90 %", "71 %")), ("hand", ("hand", "0", "–", "–")))
