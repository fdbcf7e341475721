"""Pass over the pool on a cluster: tasks of some photos; this process alone writes what they find.

Every worker must see the project under the same path, and its photos. Whoever reaches the scheduler can run
code on it.
"""

from __future__ import annotations

import logging
import threading
from asyncio import CancelledError as AsyncCancelledError
from concurrent.futures import CancelledError
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from trainer.errors import PhotoError, ProjectError, SkinsegError

if TYPE_CHECKING:
    from collections.abc import Callable

    from distributed import Client

    from trainer.project.project import Project
    from trainer.project.queue.statistics import Rating
    from trainer.ranking.pass_over import Todo
    from trainer.ranking.rater import Rater

log = logging.getLogger(__name__)

TASK = 32
"""Photos of one task: some seconds of work, and little to lose with a worker."""
_one_at_a_time = threading.Lock()


def rate_on_dask(
    project: Project,
    client: Client,
    rater: Rater,
    todo: Todo,
    device: str,
    advance: Callable[[int], None] = lambda photos: None,
) -> Todo:
    """Have photos rated on a cluster and keep what is found; return those that are left.

    Some are left where the scheduler or its workers go away. All that came back is kept, and a task that is
    done twice changes nothing.

    Raises
    ------
    SkinsegError
        A worker cannot see the project, or has other weights than this machine.
    """
    from distributed import Event, as_completed
    from distributed.scheduler import KilledWorker

    left, stop = {item[0]: item for item in todo}, f"skinseg-stop-{uuid4().hex}"
    if client.status != "running":
        log.warning("the cluster went away")
        return todo
    where = (str(project.path.resolve()), project.id)
    parts = [todo[start : start + TASK] for start in range(0, len(todo), TASK)]
    try:
        asked = (rater.model_id, device, stop)
        futures = [client.submit(rate_part, *where, part, *asked, pure=False) for part in parts]
        for future in as_completed(futures, loop=client.loop):
            looks_id, ratings, photo_ids = future.result()
            if looks_id != rater.looks.id:
                raise SkinsegError(
                    f"a worker has other pretrained weights than this machine ({looks_id}, here "
                    f"{rater.looks.id}): install the same on both, see skinseg weights list"
                )
            project.statistics.save(ratings, rater.looks.id, rater.model_id)
            for photo_id in photo_ids:
                left.pop(photo_id, None)
            advance(len(photo_ids))
    except (CancelledError, AsyncCancelledError, KilledWorker, TimeoutError, OSError) as error:
        log.warning("the cluster went away (%s)", type(error).__name__)
    except BaseException:
        with suppress(OSError):  # it may have gone as well
            Event(stop, client=client).set()  # tasks that run end after their photo, and others at once
        raise
    return list(left.values())


def rate_part(
    path: str, project_id: str, part: Todo, model_id: str | None, device: str, stop: str
) -> tuple[str, list[Rating], list[int]]:
    """Rate some photos on a worker; photos that cannot be read are done, without a rating."""
    from distributed import Event

    asked, ratings, done = Event(stop), [], []
    with _one_at_a_time:
        rater = _rater(path, project_id, model_id, device)
        for photo_id, looks, said in part:
            if asked.is_set():
                break
            try:
                ratings.append(rater.rate(photo_id, looks, said))
            except PhotoError as error:
                log.warning("not ranked: %s", error)
            done.append(photo_id)
    return rater.looks.id, ratings, done


@lru_cache(maxsize=1)
def _rater(path: str, project_id: str, model_id: str | None, device: str) -> Rater:
    import socket

    from trainer.project.project import Project
    from trainer.ranking.rater import Rater

    here = f"the worker on {socket.gethostname()} does not see the project at {path}"
    if not Path(path).is_dir():
        raise ProjectError(f"{here}: mount it there under the same path")
    project = Project.open(path, read_only=True)
    if project.id != project_id:
        raise ProjectError(f"{here}, but another one: mount the right folder there")
    return Rater(project, model_id, device)
