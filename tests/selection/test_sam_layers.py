"""The layers in numpy do what their formulas say, although they compute it in another order."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import erf, softmax

from trainer.selection.sam_layers import HEADS, Attention, Norm, gelu

RANDOM = np.random.default_rng(0)


def numbers(*shape: int) -> np.ndarray:
    return RANDOM.normal(size=shape).astype(np.float32)


def by_the_book(
    attention: Attention, queries: np.ndarray, keys: np.ndarray, values: np.ndarray
) -> np.ndarray:
    """Every map applied to every place, one head after the other."""
    q, k, v = attention.query(queries), attention.key(keys), attention.value(values)
    found = []
    for head in np.split(np.arange(len(q)), HEADS):
        scores = q[head].T @ k[head] / np.sqrt(len(head))
        found.append(v[head] @ softmax(scores, axis=1).T)
    return attention.out(np.concatenate(found))


@pytest.mark.parametrize("inner", [64, 32])
def test_attention_is_that_of_the_book_in_both_directions(inner: int) -> None:
    attention = Attention.read(lambda name, *shape: numbers(*shape) / 4, "any", 64, inner)
    tokens, answers, places, colours = numbers(64, 5), numbers(64, 5), numbers(64, 300), numbers(64, 300)
    np.testing.assert_allclose(
        attention.of_tokens(tokens, places, colours),
        by_the_book(attention, tokens, places, colours),
        atol=1e-4,
    )
    np.testing.assert_allclose(
        attention.of_places(places, tokens, answers),
        by_the_book(attention, places, tokens, answers),
        atol=1e-4,
    )


def test_gelu_is_exact_to_single_precision() -> None:
    x = np.linspace(-12, 12, 100_001, dtype=np.float32)
    wide = x.astype(np.float64)
    found = gelu(x)
    assert found.dtype == np.float32
    assert np.abs(found - wide * (1 + erf(wide / np.sqrt(2))) / 2).max() < 2e-6


def test_a_norm_leaves_each_place_with_the_learnt_mean_and_deviation() -> None:
    norm = Norm.read(lambda name, *shape: np.full(shape, 2 if "weight" in name else 3, np.float32), "any", 64)
    found = norm(numbers(64, 10) * 7 + 1)
    np.testing.assert_allclose(found.mean(axis=0), 3, atol=1e-5)
    np.testing.assert_allclose(found.std(axis=0), 2, atol=1e-3)
