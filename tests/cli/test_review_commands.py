"""The commands annotators and agreement."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from trainer.project.project import Project

if TYPE_CHECKING:
    from pathlib import Path

    from command_line import Skinseg


def read_twice(path: Path) -> None:
    """Two photos, each by anna and then by bob, who agree on two thirds."""
    with Project.open(path) as project:
        for photo_id in project.photos.ids()[:2]:
            known = project.photos.probe(photo_id)
            assert known.height is not None
            labels = np.full((known.height, known.width or 0), 4, np.uint8)
            painted = np.full_like(labels, 3)
            project.masks.save(photo_id, labels, painted, "Änna", None)
            sitting = project.sessions.start("bob")
            lease = project.queue.claim_next(sitting.id)
            assert lease is not None
            assert lease.photo_id == photo_id
            labels[: known.height // 3] = 2
            project.masks.save(photo_id, labels, painted, "bob", None)
            project.sessions.end(sitting)


def test_two_readers_are_compared_and_doubt_is_printed(skinseg: Skinseg, project: Path) -> None:
    assert "set review.double_share" in skinseg("agreement", project).out
    (project / "skinseg.toml").open("a").write("[review]\ndouble_share = 1.0\n")
    assert "nobody has read one again" in skinseg("agreement", project).out
    read_twice(project)
    said = skinseg("agreement", project)
    assert said.code == 0
    for words in (
        "2 photos read twice",
        "Cohen's kappa",
        "hand",
        "called uncertain",
        "2 wait for a decision",
    ):
        assert words in said.out
    data = skinseg("agreement", project, "--json").data
    hand: Any = next(one for one in data["classes"] if one["name"] == "hand")
    assert 0.75 < hand["dice"] < 0.85
    assert data["doubt"]["bob"]["hand"] > 0.3
    assert data["doubt"]["Änna"]["hand"] == 0
    head = skinseg("history", project, _first(project), "--json").data
    assert [r["annotator"] for r in head["revisions"] if r["current"]] == ["Änna"]


def _first(path: Path) -> str:
    with Project.open(path, read_only=True) as project:
        return project.photos.get(project.photos.ids()[0]).relpath


def test_roles_are_given_and_shown(skinseg: Skinseg, project: Path) -> None:
    assert "Nobody yet" in skinseg("annotators", project).out
    said = skinseg("annotators", project, "--role", "Ева [x]=reviewer", "--role", "bob=annotator", "--json")
    assert {p["name"]: p["role"] for p in said.data["annotators"]} == {
        "bob": "annotator",
        "Ева [x]": "reviewer",
    }
    assert "Ева [x]" in skinseg("annotators", project).out
    assert "write NAME=reviewer" in skinseg("annotators", project, "--role", "eva").error
    assert "did you mean 'reviewer'" in skinseg("annotators", project, "--role", "eva=reviever").error
