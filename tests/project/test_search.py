"""Photos found by what is known of them, a page at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from trainer.evaluation.measure_saved import MeasuringPass
from trainer.project.queue import search as search_module
from trainer.project.queue.search import PhotoFilter
from trainer.project.states import PhotoState

from .conftest import some_mask

if TYPE_CHECKING:
    from trainer.project.project import Project


def found(project: Project, **wanted: object) -> list[int]:
    """Return the ids of all pages of two."""
    ids: list[int] = []
    after: tuple[float, int] | None = None
    while True:
        page = project.search.page(PhotoFilter(**wanted), after, 2)  # type: ignore[arg-type]
        assert len(page.results) <= 2
        ids += [result.photo_id for result in page.results]
        after = page.after
        if after is None:
            return ids


def test_photos_are_found_by_name_state_annotator_and_class(project: Project) -> None:
    everything = sorted(project.photos.ids())
    assert found(project) == everything
    in_ward = [photo_id for photo_id in everything if "ward" in project.photos.get(photo_id).relpath]
    assert 0 < len(in_ward) < len(everything)
    assert found(project, text="WARD/") == in_ward
    assert found(project, text="ward\\P") == in_ward
    assert found(project, text="%") == []
    labels, provenance = some_mask(3)
    done = everything[2]
    project.masks.save(done, labels, provenance, "Ärztin", None)
    while MeasuringPass(project).step():
        pass
    assert project.search.annotators() == ["Ärztin"]
    assert found(project, annotator="Ärztin") == found(project, state=PhotoState.LABELLED) == [done]
    assert found(project, class_index=2) == [done]
    assert found(project, class_index=3) == []
    assert found(project, group=project.photos.get(done).group) == [done]
    assert found(project, split="train") == sorted(project.photos.ids("train"))
    assert project.search.page(PhotoFilter(annotator="Ärztin")).results[0].head is not None


def test_the_most_useful_come_first_with_their_reason(project: Project) -> None:
    ids = project.photos.ids()
    project.predictions.set_scores("0001", [(photo_id, 1.0 + photo_id // 2, "unlike") for photo_id in ids])
    ranked = sorted(ids, key=lambda photo_id: (1.0 + photo_id // 2, photo_id), reverse=True)
    assert found(project, by_rank=True) == ranked
    assert project.search.page(PhotoFilter(by_rank=True)).results[0].said == "unlike"


def test_a_search_for_little_in_much_says_how_far_it_is(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    last = max(project.photos.ids())
    monkeypatch.setattr(search_module, "PATIENCE", 0)
    monkeypatch.setattr(search_module, "CHUNK", 3)
    page = project.search.page(PhotoFilter(text="nothing is called so"))
    assert (page.results, page.after, page.share) == ((), (0.0, 3), 3 / last)
    name = project.photos.get(last).relpath
    assert found(project, text=name) == [last]
