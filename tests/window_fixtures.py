"""A project of small real photos, and a session on it with a real viewer model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from napari.components import ViewerModel
from workbench import make_project, until

from napari_skinseg.session.session import AnnotationSession

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from trainer.project.project import Project


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """Six photos, no model."""
    with make_project(tmp_path) as project:
        yield project


@pytest.fixture
def open_session() -> Iterator[Callable[..., AnnotationSession]]:
    """Open sessions (with `notices`, a list of what they said) that are closed at the end."""
    opened: list[AnnotationSession] = []

    def start(
        project: Project, annotator: str = "ann", viewer: ViewerModel | None = None
    ) -> AnnotationSession:
        session = AnnotationSession(viewer or ViewerModel(), project, annotator)
        session.notices = []  # type: ignore[attr-defined]
        session.notice.connect(lambda level, text: session.notices.append((level, text)))  # type: ignore[attr-defined]
        opened.append(session)
        return session

    yield start
    for session in opened:
        session.close()


@pytest.fixture
def session(project: Project, open_session: Callable[..., AnnotationSession]) -> AnnotationSession:
    """A session with its first photo open."""
    session = open_session(project)
    session.open_next()
    until(session, lambda: session.current is not None)
    return session
