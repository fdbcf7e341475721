"""Sensitive classes are hidden in small pictures, by the mask, else by the suggestion, else all of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from trainer.errors import ConfigError
from trainer.labels.classes import CLASS_SETS, ClassSet, load_class_set
from trainer.project.privacy.sensitive import hides, known_labels, sensitive_values, veil, veil_photo
from trainer.settings.privacy import PrivacySettings

if TYPE_CHECKING:
    from trainer.project.project import Project

SKIN9 = CLASS_SETS["skin9"]
FACE, HAND = SKIN9.names.index("face") + 1, SKIN9.names.index("hand") + 1


def noise(height: int = 60, width: int = 80) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 255, (height, width, 3), dtype=np.uint8)


def contrast(picture: np.ndarray) -> float:
    """Difference of neighbours: what makes a face a face."""
    return float(np.abs(np.diff(picture.astype(int), axis=1)).mean())


def test_the_face_is_gone_and_the_rest_is_as_it_was() -> None:
    picture, labels = noise(), np.full((60, 80), HAND, np.uint8)
    labels[:, 50:] = FACE
    shown = veil(picture, labels, frozenset({FACE}))
    assert (shown[:, :46] == picture[:, :46]).all()
    assert contrast(shown[:, 50:]) < 0.2 * contrast(picture[:, 50:])
    assert veil(picture, labels, frozenset()) is picture


def test_a_mask_of_another_size_hides_even_what_is_thin() -> None:
    labels = np.full((600, 800), HAND, np.uint8)
    labels[300, 400] = FACE
    shown = veil(noise(), labels, frozenset({FACE}))
    assert (shown[30, 40] != noise()[30, 40]).any()


def test_what_nothing_is_known_of_is_hidden() -> None:
    assert contrast(veil(noise(), None, frozenset({FACE}))) < 0.2 * contrast(noise())
    labels = np.full((60, 80), HAND, np.uint8)
    labels[:, 40:] = 0
    shown = veil(noise(), labels, frozenset({FACE}))
    assert (shown[:, :36] == noise()[:, :36]).all()
    assert contrast(shown[:, 41:]) < 0.2 * contrast(noise())


def test_the_mask_counts_then_the_suggestion(project: Project) -> None:
    photo = project.photos.find("p0")
    picture = project.photos.read(photo.id)
    whole = veil_photo(project, photo.id, picture)
    assert contrast(whole) < 0.2 * contrast(picture)
    hand, sure = np.full((60, 80), HAND, np.uint8), np.full((60, 80), 3, np.uint8)
    project.predictions.save(photo.id, "m", hand, sure)
    assert (veil_photo(project, photo.id, picture) == picture).all()
    mask = np.zeros((60, 80), np.uint8)
    mask[:20] = FACE
    project.masks.save(photo.id, mask, sure, "anna", None)
    known = known_labels(project, photo.id)
    assert known is not None
    assert (known[:20] == FACE).all()
    assert (known[20:] == HAND).all(), "what the mask leaves open is filled by the suggestion"
    shown = veil_photo(project, photo.id, picture)
    assert (shown[30:] == picture[30:]).all()
    assert contrast(shown[:20]) < 0.3 * contrast(picture)


def test_any_class_list_may_mark_some(tmp_path: Path) -> None:
    assert sensitive_values(SKIN9, PrivacySettings()) == {FACE, SKIN9.names.index("anogenital") + 1}
    assert sensitive_values(CLASS_SETS["lesion"], PrivacySettings()) == frozenset()
    assert sensitive_values(SKIN9, PrivacySettings(sensitive="Hand")) == {HAND}
    assert sensitive_values(SKIN9, PrivacySettings(sensitive="")) == frozenset()
    file = tmp_path / "classes.json"
    file.write_text(json.dumps({"names": ["background", "tattoo", "skin"], "sensitive": ["tattoo"]}))
    marked = load_class_set(file)
    assert sensitive_values(marked, PrivacySettings()) == {2}
    assert ClassSet.from_dict(marked.to_dict()) == marked
    assert "sensitive" not in SKIN9.to_dict(), "programs of before open the project too"
    file.write_text(json.dumps({"names": ["background", "skin"], "sensitive": ["tatoo"]}))
    with pytest.raises(ConfigError, match="`sensitive` is 'tatoo'"):
        load_class_set(file)


def test_a_misspelt_class_is_told_and_hides_all(project: Project) -> None:
    wrong = PrivacySettings(sensitive="faec")
    with pytest.raises(ConfigError, match="did you mean 'face'"):
        sensitive_values(SKIN9, wrong)
    project.settings = project.settings.model_copy(update={"privacy": wrong})
    assert hides(project)
