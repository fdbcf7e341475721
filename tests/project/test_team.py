"""A team on PostgreSQL: nobody is handed another's photo, nothing is lost, and the server's clock counts."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from benchmarks.team import a_few, lost, twice_in_hand
from trainer.project.project import Project
from trainer.service.process import trainer_liveness

from .conftest import some_mask, write_photo

HOUR = 3600.0


@pytest.fixture
def shared(tmp_path: Path, postgres_url: str) -> Path:
    """A project of 60 photos on PostgreSQL."""
    for index in range(60):
        write_photo(tmp_path / "photos" / f"p{index:02}.jpg", 240, 320, seed=index % 3)
    with Project.create(tmp_path / "project", database_url=postgres_url) as made:
        made.registration.add_folder(tmp_path / "photos")
        return made.path


def test_four_annotators_at_once_lose_nothing_and_share_no_photo(shared: Path) -> None:
    names = ["ann", "bob", "cas", "dan"]
    diary = a_few(shared, names, minutes=0.04, pause=0.02)
    assert {who for *_, who in diary.held} == set(names)
    assert len(diary.saved) > 10
    assert twice_in_hand(diary.held) == []
    assert lost(shared, diary) == []


def test_clocks_an_hour_apart_take_nobodys_photo(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.time
    with Project.open(shared) as anns, Project.open(shared) as bobs:
        ann, bob = anns.sessions.start("ann"), bobs.sessions.start("bob")
        first = anns.queue.claim_next(ann.id)
        assert first is not None
        for apart in (HOUR, -HOUR):
            monkeypatch.setattr(time, "time", lambda apart=apart: now() + apart)
            second = bobs.queue.claim_next(bob.id)
            assert second is not None
            assert second.photo_id != first.photo_id, "ann's lease has not run out"
            bobs.queue.release(bob.id, second.photo_id)
            monkeypatch.setattr(time, "time", now)
            assert anns.queue.extend(ann.id, [first.photo_id]) == [first.photo_id]
        saved = anns.masks.save(first.photo_id, *some_mask(3, 240, 320), "ann", None)
        monkeypatch.setattr(time, "time", lambda: now() - HOUR)
        again = bobs.masks.save(first.photo_id, *some_mask(4, 240, 320), "bob", saved.id)
        assert [kept.id for kept in bobs.masks.history(first.photo_id)] == [again.id, saved.id]


@pytest.mark.parametrize("apart", [HOUR, -HOUR])
def test_a_trainer_whose_clock_is_an_hour_off_is_seen_to_run(
    shared: Path, monkeypatch: pytest.MonkeyPatch, apart: float
) -> None:
    now = time.time
    with Project.open(shared) as trainers, Project.open(shared) as windows:
        monkeypatch.setattr(time, "time", lambda: now() + apart)
        trainers.trainer.write_state(pid=1, host="elsewhere", state="training")
        monkeypatch.setattr(time, "time", now)
        assert trainer_liveness(windows) == "running"
        state = windows.trainer.state()
        assert state is not None
        assert state.age < 30
