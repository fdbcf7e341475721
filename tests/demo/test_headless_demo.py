"""The demo without a display waits for its trainer."""

from __future__ import annotations

import itertools
import time

import pytest

from napari_skinseg.demo.headless_demo import _wait_until
from trainer.errors import ProjectError


def test_a_slow_trainer_is_waited_for_as_long_as_it_gets_on(qapp):
    end = time.monotonic() + 1.2
    steps = itertools.count()
    _wait_until(lambda: time.monotonic() > end, 0.5, "a round", lambda: next(steps))


def test_a_trainer_that_stands_still_is_given_up(qapp):
    with pytest.raises(ProjectError, match="in vain for a round"):
        _wait_until(lambda: False, 0.5, "a round", lambda: ("training", 3))
