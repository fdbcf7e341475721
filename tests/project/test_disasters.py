"""kill -9 and full disks: what was saved stays saved, and what was not leaves nothing behind."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import numpy as np
import pytest

from trainer.errors import StorageFullError
from trainer.project.maintenance.janitor import collect_orphans

from .conftest import MakeProject, some_mask

if TYPE_CHECKING:
    from pathlib import Path

    from trainer.project.project import Project

SAVER = """
import sys
import numpy as np
from trainer.project.project import Project

with Project.open(sys.argv[1]) as project:
    photo_id = project.photos.ids()[0]
    head = project.masks.head(photo_id)
    number = 0
    while True:
        value = np.uint8(number % 9 + 1)
        labels = np.full((60, 80), value)
        project.drafts.save(photo_id, "ann", labels, labels * 0 + 3, None)
        head = project.masks.save(photo_id, labels, labels * 0 + 3, "ann", head and head.id)
        print(head.id, value, flush=True)
        number += 1
"""


def test_kill_9_while_saving_loses_no_mask(project: Project, tmp_path: Path) -> None:
    script = tmp_path / "saver.py"
    script.write_text(SAVER)
    random = np.random.default_rng(0)
    acknowledged: dict[str, int] = {}
    for _ in range(5):
        saver = subprocess.Popen(
            [sys.executable, str(script), str(project.path)], stdout=subprocess.PIPE, text=True
        )
        assert saver.stdout is not None
        lines = [saver.stdout.readline()]
        time.sleep(random.uniform(0.02, 0.3))
        saver.send_signal(signal.SIGKILL if os.name != "nt" else signal.SIGTERM)
        lines += saver.communicate()[0].splitlines()
        acknowledged |= {line.split()[0]: int(line.split()[1]) for line in lines if line.count(" ") == 1}
    history = project.masks.history(project.photos.ids()[0])
    assert set(acknowledged) <= {made.id for made in history}
    for made in history:
        labels, provenance = project.masks.read(made)
        assert len(np.unique(labels)) == 1
        assert made.id not in acknowledged or labels[0, 0] == acknowledged[made.id]
        assert (provenance == 3).all()
    for draft in project.drafts.of("ann"):
        assert len(np.unique(project.drafts.read(draft)[0])) == 1
    collect_orphans(project, older_than=0)
    kept = {path.name for path in (project.path / "masks").iterdir()}
    assert kept == {made.path.name for made in history}


@pytest.mark.skipif(sys.platform == "win32", reason="limits a file's size as POSIX does")
def test_a_full_disk_while_writing_a_mask_loses_nothing(project: Project) -> None:
    import resource

    first = project.photos.ids()[0]
    labels, provenance = some_mask()
    saved = project.masks.save(first, labels, provenance, "ann", None)
    noise = np.random.default_rng(0).integers(0, 10, (60, 80), dtype=np.uint8)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (500, hard))
    try:
        with pytest.raises(StorageFullError, match=r"nothing saved before is lost.*save again"):
            project.masks.save(first, noise, provenance, "ann", saved.id)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert project.masks.head(first) == saved
    assert np.array_equal(project.masks.read(saved)[0], labels)
    assert [path.name for path in (project.path / "masks").iterdir()] == [saved.path.name]
    again = project.masks.save(first, noise, provenance, "ann", saved.id)
    assert np.array_equal(project.masks.read(again)[0], noise)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="mounting needs root")
def test_a_really_full_disk(make_project: MakeProject, photo_folder: Path, tmp_path: Path) -> None:
    disk = tmp_path / "small"
    disk.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(disk)], capture_output=True
    ).returncode:
        pytest.skip("this machine lets nobody mount")
    try:
        project = make_project("small/project")
        project.registration.add_folder(photo_folder)
        first = project.photos.ids()[0]
        labels, provenance = some_mask()
        saved = project.masks.save(first, labels, provenance, "ann", None)
        filler = disk / "filler"
        _fill(filler)
        with pytest.raises(StorageFullError, match="the disk is full"):
            project.masks.save(first, labels, provenance, "ann", saved.id)
        with pytest.raises(StorageFullError, match="the disk is full"):
            project.drafts.save(first, "ann", labels, provenance, saved.id)
        assert project.masks.head(first) == saved
        assert np.array_equal(project.masks.read(saved)[0], labels)
        filler.unlink()
        again = project.masks.save(first, labels, provenance, "ann", saved.id)
        assert project.masks.head(first) == again
        project.close()
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


def _fill(filler: Path) -> None:
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))
