"""From statistics in the catalog to the ranking that counts: a pool, a strategy, and bursts."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from trainer.acquisition.duplicates import alike
from trainer.acquisition.pool import PhotoScores, Pool, Scores
from trainer.acquisition.strategies import find_strategy
from trainer.project.queue.statistics import RankingState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trainer.acquisition.pool import Choice
    from trainer.project.project import Project
    from trainer.project.queue.statistics import Statistic

RANKED_AT_ONCE = 200
"""Photos that get a rank: more than anybody labels until the next ranking."""
MOST_COMPARED = 20_000
"""Photos of which vectors are compared; of more, those with the highest entropy."""
MOST_LABELLED = 5_000


@dataclass(frozen=True)
class Ranked:
    """A ranking, best first, and how many photos it chose from."""

    choices: list[Choice]
    scored: int


def rank_pool(
    project: Project, photo_ids: Sequence[int], strategy: str, looks_id: str, model_id: str | None
) -> Ranked:
    """Rank photos by what is kept of them; those of which nothing is kept are left out.

    Raises
    ------
    ConfigError
        There is no such strategy.
    """
    chosen = find_strategy(strategy)
    pool, bursts = read_pool(project, photo_ids, looks_id, model_id)
    if not project.read_only:
        project.statistics.set_bursts(bursts)
    labels = project.photos.counts().by_split["train"][1]
    return Ranked(chosen(pool, RANKED_AT_ONCE, generator(project.salt), labels), len(pool))


def generator(salt: str) -> np.random.Generator:
    """Return the same chance for the same project, so that two machines rank alike."""
    return np.random.default_rng(int.from_bytes(hashlib.blake2b(salt.encode(), digest_size=8).digest()))


def read_pool(
    project: Project, photo_ids: Sequence[int], looks_id: str, model_id: str | None
) -> tuple[Pool, dict[int, int | None]]:
    """Read the pool of those photos of which something is kept, and the burst of each."""
    kept = project.statistics
    said = {} if model_id is None else kept.get(model_id, photo_ids)
    with_looks = kept.known(looks_id, photo_ids)
    ids = sorted(photo_id for photo_id in photo_ids if photo_id in (said if model_id else with_looks))
    ids = _most_unsure(ids, said)
    vectors = _vectors(kept.get(looks_id, ids))
    done = kept.labelled(MOST_LABELLED)
    labelled = _vectors(kept.get(looks_id, done))
    numbers, bursts = _bursts(kept.hashes([*ids, *done]), vectors | labelled, ids)
    width = next((len(vector) for vector in vectors.values()), 0)
    unknown = np.full(width, np.nan, np.float32)
    pool = Pool(
        photo_ids=np.array(ids, np.int64),
        bursts=numbers,
        features=np.stack([vectors.get(i, unknown) for i in ids]) if width else None,
        labelled=np.stack(list(labelled.values())) if labelled else np.zeros((0, width), np.float32),
        scores=Scores.of([_scores(said.get(i)) for i in ids]) if model_id else None,
    )
    return pool, bursts


def rank_and_put_in_force(
    project: Project, looks_id: str, model_id: str | None, sample: int | None
) -> Ranked:
    """Rank the pool by the project's own strategy, and let the queue follow it.

    Raises
    ------
    ConfigError
        There is no such strategy.
    """
    strategy, pool = project.settings.queue.strategy, project.statistics.pool(sample)
    found = rank_pool(project, pool, strategy, looks_id, model_id)
    last = max(1, len(found.choices))
    # the place, not the score: a strategy may well put a lower score first, for the sake of variety
    rows = [(c.photo_id, 1 - place / last, c.why) for place, c in enumerate(found.choices)]
    if rows:
        project.predictions.replace_scores(model_id or looks_id, rows)
    waiting = project.photos.counts().waiting["train"]
    project.statistics.set_state(RankingState(model_id, strategy, found.scored, waiting, len(pool)))
    return found


def _most_unsure(ids: list[int], said: dict[int, Statistic]) -> list[int]:
    if len(ids) <= MOST_COMPARED:
        return ids
    entropy = {i: _number(said[i].numbers.get("entropy")) if i in said else math.nan for i in ids}
    return sorted(sorted(ids, key=lambda i: -np.nan_to_num(entropy[i]))[:MOST_COMPARED])


def _vectors(kept: dict[int, Statistic]) -> dict[int, npt.NDArray[np.float32]]:
    return {
        photo_id: np.frombuffer(item.feature, np.float16).astype(np.float32)
        for photo_id, item in kept.items()
        if item.feature is not None
    }


def _bursts(
    hashes: dict[int, int], vectors: dict[int, npt.NDArray[np.float32]], ids: list[int]
) -> tuple[npt.NDArray[np.int64], dict[int, int | None]]:
    """Return the burst of each photo as a number, and of every photo its burst by the first photo in it.

    Labelled photos count as well, or a burst would change its name when its first photo is labelled.
    """
    known = sorted(hashes.keys() | vectors.keys())
    groups = alike(known, hashes, vectors)
    members: dict[int, list[int]] = {}
    for photo_id, group in zip(known, groups.tolist(), strict=True):
        members.setdefault(group, []).append(photo_id)
    first = {photo_id: group[0] for group in members.values() for photo_id in group}
    alone = {group[0] for group in members.values() if len(group) == 1}
    named = {photo_id: None if photo_id in alone else name for photo_id, name in first.items()}
    return np.array([first.get(photo_id, photo_id) for photo_id in ids], np.int64), named


def _scores(kept: Statistic | None) -> PhotoScores | None:
    if kept is None:
        return None
    numbers = kept.numbers
    by_class = numbers.get("class_entropy") or ()
    assert isinstance(by_class, list | tuple)
    plain = {item.name for item in fields(PhotoScores)} - {"class_entropy", "class_share", "question"}
    return PhotoScores(
        **{name: _number(numbers.get(name)) for name in plain},
        class_entropy=tuple(_number(value) for value in by_class),
        class_share=(),  # no strategy asks for it
        question=kept.why,
    )


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else math.nan
