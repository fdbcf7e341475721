"""Fixtures that several packages of tests share: tiny photos with known masks, and published weights."""

from __future__ import annotations

import gc
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

os.environ.setdefault("OMP_NUM_THREADS", "1")  # two processes of tests share the cores: threads only wait

import numpy as np
import pytest
import torch  # noqa: F401  # before any window: after one, software OpenGL and triton clash in one process
import torchvision  # noqa: F401  # the same: its import compiles
from command_line import skinseg  # noqa: F401
from filelock import FileLock
from PIL import Image
from postgres_fixtures import own_server, postgres_url  # noqa: F401
from safetensors.numpy import save_file

from napari_skinseg.session.remembered import FILE_VARIABLE
from trainer.errors import SkinsegError
from trainer.networks.published.folder import FOLDER_VARIABLE, weights_folder
from trainer.networks.published.installation import install

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from trainer.networks.published.registry import PublishedWeights

OWN_WEIGHTS = weights_folder()
"""Where whoever runs the tests keeps weights."""


def pytest_collection_finish() -> None:
    """Spare every later collection what the imports have left: napari runs one at each layer that goes."""
    gc.collect()
    gc.freeze()


WINDOW = "make_napari_viewer"
frozen_for: set[Path] = set()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    """Spare the same again after the first window of a file: what it has loaded stays until the end."""
    yield
    if WINDOW in getattr(item, "fixturenames", ()) and item.path not in frozen_for:
        frozen_for.add(item.path)
        gc.collect()
        gc.freeze()


def pytest_sessionfinish() -> None:
    """Let the libraries take themselves down as they are used to."""
    gc.unfreeze()


@pytest.fixture(scope="session", autouse=True)
def no_weights_at_hand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """No test depends on the weights that this machine happens to have, unless it asks for `real_weights`."""
    folder = tmp_path_factory.mktemp("weights") / "none"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(FOLDER_VARIABLE, str(folder))
        yield folder


@pytest.fixture(scope="session", autouse=True)
def no_window_of_before(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test begins with the tabs and the brush of the last window of whoever runs the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(FILE_VARIABLE, str(tmp_path_factory.mktemp("window") / "window.json"))
        yield


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No way out: a proxy that refuses, and pip with an empty index."""
    for name in [name for name in os.environ if name.upper().startswith("PIP_")]:
        monkeypatch.delenv(name)
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    (tmp_path / "index").mkdir()
    monkeypatch.setenv("PIP_INDEX_URL", (tmp_path / "index").as_uri())


@pytest.fixture(scope="session")
def real_weights(
    pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[PublishedWeights], Path]:
    """Give the folder that holds published weights: one's own, or pytest's cache, fetched the first time.

    Skips the test where they are not at hand and cannot be fetched.
    """
    cache = getattr(pytestconfig, "cache", None)
    fetched = cache.mkdir("skinseg-weights") if cache else tmp_path_factory.mktemp("fetched")
    failures: dict[str, str] = {}

    def folder_of(weights: PublishedWeights) -> Path:
        if (OWN_WEIGHTS / weights.file_name()).is_file():
            return OWN_WEIGHTS
        if weights.name not in failures:
            with FileLock(fetched / f"{weights.name}.lock"):
                if (fetched / weights.file_name()).is_file():
                    return fetched
                try:
                    install(weights, fetched)
                    return fetched
                except SkinsegError as error:
                    failures[weights.name] = str(error)
        pytest.skip(f"needs real weights: {failures[weights.name]}")

    return folder_of


@pytest.fixture
def put_at_hand() -> Callable[[PublishedWeights, Path], None]:
    """Put files in the place of published weights that are whole, but hold one number."""

    def put(weights: PublishedWeights, folder: Path) -> None:
        for part in weights.parts:
            save_file({"w": np.zeros(1, np.float32)}, folder / weights.file_name(part))

    return put


@dataclass(frozen=True)
class TinyFolder:
    """A few tiny photos, each with one blob of a class on a background."""

    photos: Path
    masks: Path
    groups: Path


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> TinyFolder:
    """Twelve photos of 96 to 128 pixels, four of them for validation, with masks (PNG, class index)."""
    root = tmp_path_factory.mktemp("tiny")
    photos, masks = root / "photos", root / "masks"
    photos.mkdir()
    masks.mkdir()
    random = np.random.default_rng(0)
    rows = ["photo,group,split"]
    for index in range(12):
        picture, mask = draw_blob(random, 3 if index % 2 else 6)
        Image.fromarray(picture).save(photos / f"tiny_{index:02}.jpg", quality=95)
        Image.fromarray(mask).save(masks / f"tiny_{index:02}.png")
        rows.append(f"tiny_{index:02},g{index},{'val' if index >= 8 else 'train'}")
    groups = root / "groups.csv"
    groups.write_text("\n".join(rows) + "\n")
    return TinyFolder(photos, masks, groups)


def draw_blob(random: np.random.Generator, index: int) -> tuple[np.ndarray, np.ndarray]:
    """A skin-coloured ellipse (class `index`) on a bluish background, and its mask of class indices."""
    height, width = (int(side) for side in random.integers(96, 129, 2))
    row, column = np.mgrid[:height, :width]
    middle = random.uniform(0.35, 0.65, 2) * (height, width)
    axes = (14, 38) if index == 3 else (34, 30)
    inside = ((row - middle[0]) / axes[0]) ** 2 + ((column - middle[1]) / axes[1]) ** 2 < 1
    picture = random.normal((90, 110, 140), 12, (height, width, 3))
    picture[inside] = random.normal(
        (205, 150, 125) if index == 3 else (150, 95, 70), 10, (int(inside.sum()), 3)
    )
    return picture.clip(0, 255).astype(np.uint8), np.where(inside, index, 0).astype(np.uint8)
