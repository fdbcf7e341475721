"""Paired effort: one number for all photos, and an interval that knows what belongs together."""

import numpy as np
import pytest

from trainer.effort.paired import paired_share


def test_the_share_is_of_all_seconds_together():
    found = paired_share([10, 10], [10, 30])
    assert found.share == 0.5
    assert found.low <= 0.5 <= found.high
    assert found.photos == 2


def test_equal_savings_leave_no_doubt():
    found = paired_share([5, 10, 20], [10, 20, 40])
    assert (found.low, found.high) == (0.5, 0.5)
    assert str(found) == "0.50 (0.50 to 0.50)"


def test_the_same_photo_in_several_draws_is_no_new_photo():
    random = np.random.default_rng(0)
    nothing = random.uniform(20, 60, 12)
    seconds = nothing * random.uniform(0.2, 1.0, 12)
    once = paired_share(seconds, nothing)
    repeated = paired_share(np.tile(seconds, 5), np.tile(nothing, 5), groups=[str(i) for i in range(12)] * 5)
    alone = paired_share(np.tile(seconds, 5), np.tile(nothing, 5))
    assert repeated.high - repeated.low == pytest.approx(once.high - once.low, rel=0.1)
    assert alone.high - alone.low < 0.7 * (once.high - once.low)


def test_lists_that_do_not_belong_together_are_refused():
    with pytest.raises(ValueError, match="must be the same"):
        paired_share([1.0], [1.0, 2.0])
