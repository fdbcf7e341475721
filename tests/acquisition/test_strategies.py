"""What each strategy promises, on pools small enough to see why; and what none of them stumbles over."""

from __future__ import annotations

import numpy as np
import pytest

from trainer.acquisition.pool import Choice, PhotoScores, Pool, Scores
from trainer.acquisition.strategies import STRATEGIES, find_strategy
from trainer.errors import ConfigError

NAMES = list(STRATEGIES)


def pool_of(count: int, *, scores=None, features=None, bursts=None, labelled=None) -> Pool:
    """A pool of photos 100, 101, ...; every photo its own burst unless it says otherwise."""
    return Pool(
        np.arange(100, 100 + count),
        np.arange(count) if bursts is None else np.asarray(bursts),
        None if features is None else np.asarray(features, np.float32),
        np.zeros((0, 0), np.float32) if labelled is None else np.asarray(labelled, np.float32),
        None if scores is None else Scores.of(scores),
    )


def choose(name: str, pool: Pool, count: int, labels: int = 50, seed: int = 0) -> list[Choice]:
    return find_strategy(name)(pool, count, np.random.default_rng(seed), labels)


def ids(choices: list[Choice]) -> list[int]:
    return [choice.photo_id for choice in choices]


def sure(**other: float) -> PhotoScores:
    """A photo of which the model is sure, but for what is said."""
    plain = {"entropy": 0.1, "margin": 0.9, "disagreement": 0.01, "foreground": 0.5, "error": 0.1}
    return PhotoScores(**{**plain, "seconds": 10.0, **other}, class_entropy=(0.05, 0.05), question="a or b?")


@pytest.mark.parametrize(
    ("name", "what"),
    [("entropy", "entropy"), ("disagreement", "disagreement"), ("error", "error")],
)
def test_the_highest_comes_first(name: str, what: str) -> None:
    pool = pool_of(5, scores=[sure(**{what: value}) for value in (0.2, 0.9, 0.3, 0.7, 0.1)])
    assert ids(choose(name, pool, 3)) == [101, 103, 102]


def test_the_smallest_margin_comes_first() -> None:
    pool = pool_of(4, scores=[sure(margin=value) for value in (0.8, 0.2, 0.9, 0.4)])
    assert ids(choose("margin", pool, 2)) == [101, 103]


def test_an_unsure_photo_says_between_which_classes() -> None:
    assert choose("entropy", pool_of(2, scores=[sure(), sure(entropy=0.9)]), 1)[0].why == "a or b?"


def test_random_draws_each_photo_about_as_often() -> None:
    drawn = np.concatenate([ids(choose("random", pool_of(10), 3, seed=seed)) for seed in range(300)])
    counts = np.bincount(drawn - 100, minlength=10)
    assert counts.min() > 60
    assert counts.max() < 120


def test_foreground_draws_photos_with_more_skin_more_often() -> None:
    pool = pool_of(10, scores=[sure(foreground=0.9 if i < 5 else 0.1) for i in range(10)])
    drawn = np.concatenate([ids(choose("foreground", pool, 1, seed=seed)) for seed in range(200)])
    assert 150 < (drawn < 105).sum() < 199


THREE_KINDS = np.repeat(np.eye(3, 8), 10, axis=0) + np.random.default_rng(0).normal(0, 0.02, (30, 8))


@pytest.mark.parametrize("name", ["typical", "coreset", "default", "saving", "stratified"])
def test_before_the_first_model_there_is_one_of_every_kind(name: str) -> None:
    found = choose(name, pool_of(30, features=THREE_KINDS), 3, labels=0)
    assert sorted((photo - 100) // 10 for photo in ids(found)) == [0, 1, 2]


@pytest.mark.parametrize("name", ["typical", "coreset", "saving"])
def test_a_kind_that_is_labelled_waits(name: str) -> None:
    pool = pool_of(30, features=THREE_KINDS, labelled=THREE_KINDS[:2])
    assert sorted((photo - 100) // 10 for photo in ids(choose(name, pool, 2))) == [1, 2]


def test_typical_leaves_the_odd_one_out_alone() -> None:
    features = np.vstack([THREE_KINDS[:20], np.full((1, 8), -1.0)])
    assert 120 not in ids(choose("typical", pool_of(21, features=features), 2, labels=0))


@pytest.mark.parametrize("name", ["default", "stratified"])
def test_of_the_unsure_it_takes_one_of_each_kind(name: str) -> None:
    scores = [sure(entropy=1.0 - i / 100) if i % 10 < 4 else sure() for i in range(30)]
    found = ids(choose(name, pool_of(30, features=THREE_KINDS, scores=scores), 3, labels=100))
    assert sorted((photo - 100) // 10 for photo in found) == [0, 1, 2]


def test_stratified_gives_a_rare_class_its_turn() -> None:
    common = [PhotoScores(entropy=0.5, class_entropy=(0.5, 0.0)) for _ in range(20)]
    rare = [PhotoScores(entropy=0.2, class_entropy=(0.0, 0.2)) for _ in range(2)]
    assert set(ids(choose("stratified", pool_of(22, scores=[*common, *rare]), 4, labels=1000))) & {120, 121}


def test_saving_prefers_what_takes_less_time() -> None:
    scores = [sure(seconds=60.0 if i % 2 else 10.0) for i in range(30)]
    found = ids(choose("saving", pool_of(30, features=THREE_KINDS, scores=scores), 3))
    assert all(photo % 2 == 0 for photo in found)


SOME = [sure(entropy=0.1 * (i % 7), foreground=0.1 * (i % 5)) for i in range(30)]
NOTHING = [PhotoScores() for _ in range(30)]
HALF = [photo if i % 2 else None for i, photo in enumerate(SOME)]
BROKEN = np.where(np.random.default_rng(1).random((30, 8)) < 0.2, np.nan, THREE_KINDS)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("scores", [None, SOME, NOTHING, HALF], ids=["no model", "scores", "NaN", "half"])
@pytest.mark.parametrize("features", [None, THREE_KINDS, BROKEN, np.zeros((30, 8))])
def test_a_strategy_answers_whatever_is_known(name: str, scores, features) -> None:
    pool = pool_of(30, scores=scores, features=features)
    found = choose(name, pool, 8)
    assert len(set(ids(found))) == 8
    assert all(100 <= photo < 130 for photo in ids(found))
    assert all(np.isfinite(choice.score) and choice.why for choice in found)
    assert found == choose(name, pool, 8), "the same chance, the same choice"


@pytest.mark.parametrize("name", NAMES)
def test_never_two_of_a_burst(name: str) -> None:
    bursts = np.repeat(np.arange(6), 5)
    pool = pool_of(30, scores=SOME, features=THREE_KINDS, bursts=bursts)
    chosen = np.array(ids(choose(name, pool, 12))) - 100
    assert len(chosen) == len(set(bursts[chosen])) == 6
    assert len(choose(name, pool_of(30, scores=SOME, bursts=np.zeros(30, int)), 4)) == 1


@pytest.mark.parametrize("name", NAMES)
def test_the_end_of_a_pool(name: str) -> None:
    assert choose(name, pool_of(0), 5) == []
    assert choose(name, pool_of(0, scores=[], features=np.zeros((0, 8))), 5) == []
    assert choose(name, pool_of(3, scores=SOME[:3]), 0) == []
    pool = pool_of(3, scores=SOME[:3], features=THREE_KINDS[:3], labelled=THREE_KINDS)
    assert sorted(ids(choose(name, pool, 10))) == [100, 101, 102]


@pytest.mark.parametrize("name", NAMES)
def test_labels_with_other_features_count_as_none(name: str) -> None:
    pool = pool_of(30, features=THREE_KINDS, labelled=np.ones((4, 5)))
    assert len(choose(name, pool, 5)) == 5


def test_a_misspelt_name_is_told_the_nearest() -> None:
    with pytest.raises(ConfigError, match="did you mean 'entropy'"):
        find_strategy("entropie")


@pytest.mark.parametrize("name", NAMES)
def test_a_large_pool_is_compared_in_part(name: str) -> None:
    rng = np.random.default_rng(0)
    scores = [sure(entropy=value) for value in rng.random(9_000)]
    pool = pool_of(9_000, scores=scores, features=rng.random((9_000, 8)), labelled=rng.random((20, 8)))
    found = choose(name, pool, 40)
    assert len(set(ids(found))) == 40
    assert found == choose(name, pool, 40)
