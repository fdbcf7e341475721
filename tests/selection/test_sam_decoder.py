"""A click on a thing gives its mask; more clicks and boxes say what was meant."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import save_file
from scipy import ndimage

from trainer.errors import SkinsegError
from trainer.inference.click_embedding import ClickEncoder
from trainer.networks.published.registry import DECODER, MOBILESAM
from trainer.selection.sam_decoder import SamDecoder
from trainer.synthetic.render import render_photo

if TYPE_CHECKING:
    from collections.abc import Callable

    from trainer.networks.published.registry import PublishedWeights

    RealWeights = Callable[[PublishedWeights], Path]

HEIGHT, WIDTH = 300, 400
SCALE = 1024 / WIDTH
NOWHERE = np.empty((0, 2))


class Halves(NamedTuple):
    """A ball of two colours, embedded."""

    embedding: np.ndarray
    left: np.ndarray
    right: np.ndarray


@pytest.fixture(scope="module")
def folder(real_weights: RealWeights) -> Path:
    return real_weights(MOBILESAM)


@pytest.fixture(scope="module")
def encoder(folder: Path) -> ClickEncoder:
    return ClickEncoder(folder / MOBILESAM.file_name(), folder / MOBILESAM.file_name(DECODER))


@pytest.fixture(scope="module")
def decoder(folder: Path) -> SamDecoder:
    return SamDecoder.load(folder / MOBILESAM.file_name(DECODER))


@pytest.fixture(scope="module")
def ball(encoder: ClickEncoder) -> Halves:
    row, column = np.mgrid[:HEIGHT, :WIDTH]
    inside = ((row - 150) / 90) ** 2 + ((column - 200) / 130) ** 2 < 1
    left, right = inside & (column < 230), inside & (column >= 230)
    photo = np.random.default_rng(0).normal((70, 100, 80), 4, (HEIGHT, WIDTH, 3))
    photo[left] += (135, 50, 45)
    photo[right] += (-10, -40, 70)
    return Halves(encoder.embed(photo.clip(0, 255).astype(np.uint8)), left, right)


def at_size(logits: np.ndarray, height: int, width: int) -> list[np.ndarray]:
    """Masks of a photo out of those of the square that it lies in the top left of."""
    side = max(height, width)
    large = [np.array(Image.fromarray(one).resize((side, side), Image.Resampling.BILINEAR)) for one in logits]
    return [one[:height, :width] > 0 for one in large]


def overlap(mask: np.ndarray, thing: np.ndarray) -> float:
    return float((mask & thing).sum() / (mask | thing).sum())


def clicks(*points: tuple[int, int]) -> np.ndarray:
    return np.array(points) * SCALE


@pytest.mark.parametrize("framing", ["forearm", "foot", "hand"])
def test_a_click_on_a_rendered_limb_finds_its_outline(
    encoder: ClickEncoder, decoder: SamDecoder, framing: str
) -> None:
    photo, truth, _ = render_photo(1, 360, 480, framing)
    parts, _ = ndimage.label(truth > 1)
    thing = parts == 1 + np.bincount(parts.ravel())[1:].argmax()
    depth = ndimage.distance_transform_edt(thing)
    row, column = np.unravel_index(depth.argmax(), depth.shape)
    point = np.array([[column, row]]) * 1024 / 480
    logits, quality = decoder.masks(encoder.embed(photo), point, np.array([True]))
    assert max(overlap(mask, thing) for mask in at_size(logits, 360, 480)) > 0.9
    assert list(quality) == sorted(quality, reverse=True)


def test_a_single_click_reads_as_the_part_and_as_the_whole(ball: Halves, decoder: SamDecoder) -> None:
    logits, _ = decoder.masks(ball.embedding, clicks((150, 150)), np.array([True]))
    readings = at_size(logits, HEIGHT, WIDTH)
    assert max(overlap(mask, ball.left) for mask in readings) > 0.9
    assert max(overlap(mask, ball.left | ball.right) for mask in readings) > 0.9


def test_a_second_click_adds_a_part_or_takes_it_away(ball: Halves, decoder: SamDecoder) -> None:
    points = clicks((150, 150), (280, 150))
    both, _ = decoder.masks(ball.embedding, points, np.array([True, True]))
    assert overlap(at_size(both, HEIGHT, WIDTH)[0], ball.left | ball.right) > 0.9
    for before in (None, both[0]):
        less, _ = decoder.masks(ball.embedding, points, np.array([True, False]), before=before)
        mask = at_size(less, HEIGHT, WIDTH)[0]
        assert overlap(mask, ball.left) > 0.9
        assert mask[ball.right].mean() < 0.05


@pytest.mark.parametrize(("right_edge", "whole"), [(330, True), (230, False)])
def test_a_box_says_how_much_is_meant(
    ball: Halves, decoder: SamDecoder, right_edge: int, whole: bool
) -> None:
    box = (70 * SCALE, 60 * SCALE, right_edge * SCALE, 240 * SCALE)
    logits, _ = decoder.masks(ball.embedding, NOWHERE, np.empty(0, bool), box)
    wanted = ball.left | ball.right if whole else ball.left
    assert overlap(at_size(logits, HEIGHT, WIDTH)[0], wanted) > 0.9


def test_the_same_question_has_the_same_answer(ball: Halves, decoder: SamDecoder) -> None:
    """No call leaves a trace in the embedding or in the weights."""
    before = ball.embedding.copy()
    first, second = (decoder.masks(ball.embedding, clicks((150, 150)), np.array([True])) for _ in range(2))
    np.testing.assert_array_equal(first[0], second[0])
    np.testing.assert_array_equal(before, ball.embedding)


def test_half_and_single_precision_draw_the_same_outline(ball: Halves, decoder: SamDecoder) -> None:
    click, added = clicks((150, 150)), np.array([True])
    half, _ = decoder.masks(ball.embedding.astype(np.float16), click, added)
    single, _ = decoder.masks(ball.embedding.astype(np.float32), click, added)
    assert half.shape == (3, 256, 256)
    assert half.dtype == single.dtype == np.float32
    assert np.mean((half > 0) != (single > 0)) < 1e-3


def test_only_a_single_click_leaves_a_choice() -> None:
    """Of more prompts the mask made for them comes first, whatever quality it is given; needs no weights."""
    random = np.random.default_rng(3)
    decoder = SamDecoder(lambda name, *shape: random.normal(0, 0.1, shape).astype(np.float32))
    embedding = random.normal(0, 0.1, (256, 64, 64)).astype(np.float16)
    one, two = clicks((150, 150)), clicks((150, 150), (280, 150))
    _, quality = decoder.masks(embedding, one, np.array([True]))
    assert list(quality) == sorted(quality, reverse=True)
    box, before = (0.0, 0.0, 512.0, 512.0), np.zeros((256, 256), np.float32)
    single = [
        decoder.masks(embedding, two, np.array([True, False])),
        decoder.masks(embedding, one, np.array([True]), box),
        decoder.masks(embedding, one, np.array([True]), before=before),
        decoder.masks(embedding, NOWHERE, np.empty(0, bool), box),
    ]
    for logits, quality in single:
        assert logits.shape == (3, 256, 256)
        assert quality[1] >= quality[2]
        assert np.isfinite(logits).all()


@pytest.mark.parametrize("content", [b"", b"cut off", None])
def test_a_bad_file_is_one_line_with_its_mend(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "mobilesam-decoder.safetensors"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SkinsegError, match=r"mobilesam-decoder.*skinseg weights get mobilesam") as caught:
        SamDecoder.load(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("shape", [None, (4, 128)])
def test_a_file_of_another_network_is_refused(tmp_path: Path, shape: tuple[int, ...] | None) -> None:
    name = "prompt_encoder.point_embeddings.0.weight"
    save_file({"other" if shape is None else name: np.zeros(shape or 3, np.float32)}, tmp_path / "other")
    with pytest.raises(SkinsegError, match=rf"lacks {name} .*skinseg weights get mobilesam"):
        SamDecoder.load(tmp_path / "other")
