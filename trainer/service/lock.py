"""Lock that keeps a project to one trainer; the system releases it however the process ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from trainer.errors import ProjectError

if TYPE_CHECKING:
    from types import TracebackType

    from trainer.project.project import Project


class TrainerLock:
    """Lock of the process that is the project's trainer (a background service or one batch command).

    Raises
    ------
    ProjectError
        On entering, when another process holds it; the message names that process and its machine.
    """

    def __init__(self, project: Project) -> None:
        self._project = project
        self._lock = FileLock(project.path / "trainer.lock")

    def __enter__(self) -> TrainerLock:
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            raise ProjectError(self._who()) from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lock.release()

    def _who(self) -> str:
        state = self._project.trainer.state()
        holder = f"process {state.pid} on {state.host}" if state else "another process, just starting"
        path = self._project.path
        return f"{path} already has a trainer: {holder}; let it run, or end it: skinseg trainer {path} --stop"
