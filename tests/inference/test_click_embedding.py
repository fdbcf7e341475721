"""The embedding that clicks are answered from: of any photo, over one square, in little memory."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from trainer.errors import SkinsegError
from trainer.inference.click_embedding import ClickEncoder
from trainer.networks.published.registry import DECODER, MOBILESAM
from trainer.synthetic.render import render_photo

if TYPE_CHECKING:
    from collections.abc import Callable

    from trainer.networks.published.registry import PublishedWeights

    RealWeights = Callable[[PublishedWeights], Path]


@pytest.fixture(scope="module")
def files(real_weights: RealWeights) -> tuple[Path, Path]:
    folder = real_weights(MOBILESAM)
    return folder / MOBILESAM.file_name(), folder / MOBILESAM.file_name(DECODER)


@pytest.fixture(scope="module")
def encoder(files: tuple[Path, Path]) -> ClickEncoder:
    return ClickEncoder(*files)


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    return render_photo(1, 240, 320, "hand")[0]


@pytest.fixture(scope="module")
def embedded(encoder: ClickEncoder, photo: np.ndarray) -> np.ndarray:
    """The photo's embedding, which takes seconds."""
    return encoder.embed(photo)


def alike(one: np.ndarray, other: np.ndarray) -> float:
    """Correlation of two embeddings."""
    return float(np.corrcoef(one.ravel(), other.ravel())[0, 1])


def test_a_photo_of_any_size_has_the_same_embedding(
    encoder: ClickEncoder, photo: np.ndarray, embedded: np.ndarray
) -> None:
    found = embedded
    large = encoder.embed(photo.repeat(4, axis=0).repeat(4, axis=1))
    assert found.shape == (256, 64, 64)
    assert found.dtype == np.float16
    assert alike(found, large) > 0.95
    assert alike(found, encoder.embed(photo[:, ::-1])) < 0.8


@pytest.mark.parametrize("upright", [False, True])
def test_the_photo_lies_in_the_top_left_of_the_square(
    encoder: ClickEncoder, photo: np.ndarray, embedded: np.ndarray, upright: bool
) -> None:
    """Filled up there with the mean colour, which means nothing to the network, a photo stays the same."""
    photo = photo.swapaxes(0, 1) if upright else photo
    missing = 320 - np.array(photo.shape[:2])
    found = encoder.embed(photo) if upright else embedded
    for before, same in ((0, True), (missing // 2, False), (missing, False)):
        (above, left), (below, right) = np.zeros(2, int) + before, missing - before
        square = np.pad(photo, ((above, below), (left, right), (0, 0)))
        filled = np.pad(np.zeros_like(photo[..., 0]), ((above, below), (left, right)), constant_values=1) > 0
        square[filled] = (124, 116, 104)
        assert (alike(found, encoder.embed(square)) > 0.98) == same


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak memory of a process in kilobytes")
def test_twelve_megapixels_take_hardly_more_memory_than_one(files: tuple[Path, Path]) -> None:
    """One copy of the photo as float32 would be 144 MB, and normalising it makes several."""
    script = textwrap.dedent(
        f"""
        import resource, numpy as np, torch
        from pathlib import Path
        from trainer.inference.click_embedding import ClickEncoder
        torch.set_num_threads(1)
        encoder = ClickEncoder(Path({str(files[0])!r}), Path({str(files[1])!r}))
        photo = np.zeros((3000, 4000, 3), np.uint8)
        for _ in range(3):
            encoder.embed(photo[:768, :1024])
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        encoder.embed(photo)
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
        """
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 120_000


def test_files_of_other_networks_are_refused_in_one_line(files: tuple[Path, Path], tmp_path: Path) -> None:
    encoder, decoder = files
    damaged = tmp_path / "damaged.safetensors"
    damaged.write_bytes(b"cut off")
    for first, second, words in (
        (decoder, decoder, "mobilesam-decoder.*is not of.*skinseg weights get mobilesam"),
        (encoder, encoder, "mobilesam.*is not of.*skinseg weights get mobilesam"),
        (damaged, decoder, "damaged.*not a readable"),
        (tmp_path / "none", decoder, "there is no weights file"),
    ):
        with pytest.raises(SkinsegError, match=words) as caught:
            ClickEncoder(first, second)
        assert "\n" not in str(caught.value)
