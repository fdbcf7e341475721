"""Photos with made-up probabilities, counted as the trainer does, for tests of scores and of the page."""

import numpy as np

from trainer.evaluation.scorecard import Scorecard
from trainer.evaluation.scores.photo import PhotoCounter
from trainer.labels.classes import CLASS_SETS
from trainer.labels.values import IGNORE

SKIN9 = CLASS_SETS["skin9"]
LESION = CLASS_SETS["lesion"]


def count(target, probabilities, classes, photo=None, bands=1):
    """Count a photo as the trainer does, in bands of rows."""
    counter = PhotoCounter(target, classes)
    for rows in np.array_split(np.arange(len(target)), bands):
        band = probabilities[:, rows]
        counter.add(
            int(rows[0]),
            band.argmax(0).astype(np.uint8),
            (band.max(0) * 255).round().astype(np.uint8),
            (1 - band[classes.background]).astype(np.float32),
            band.max((1, 2)).astype(np.float32),
        )
    return counter.finish(np.full((*target.shape, 3), 180, np.uint8) if photo is None else photo)


def random_photo(seed, classes=SKIN9, shape=(40, 50)):
    """Blocks of truth, and probabilities that are right more often than not."""
    random = np.random.default_rng(seed)
    target = np.kron(random.integers(0, classes.count, (4, 5)), np.ones((10, 10))).astype(np.uint8)
    logits = random.normal(size=(classes.count, *shape))
    logits += 2.0 * (np.arange(classes.count)[:, None, None] == target)
    target[:5] = IGNORE
    return target, np.exp(logits) / np.exp(logits).sum(0)


def card_of(classes=SKIN9, photos=4, groups="aabc"):
    counted = [count(*random_photo(seed, classes), classes) for seed in range(photos)]
    paths = [f"visit/{seed}.jpg" for seed in range(photos)]
    ids = list(range(10, 10 + photos))
    return Scorecard.of(counted, list(groups), ids, paths, classes, model="0001", split="val", draws=200)
