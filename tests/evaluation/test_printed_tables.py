"""Figures that were printed: those of one paper that hang together, and those that cannot."""

import pytest

from trainer.errors import SkinsegError
from trainer.evaluation.scores.tables import contradiction

FCN = {
    "background": ("0.989", "0.992", "0.996", "0.994"),
    "glomeruli": ("0.966", "0.986", "0.979", "0.983"),
    "podocyte": ("0.835", "0.952", "0.871", "0.910"),
    "non-podocyte": ("0.856", "0.912", "0.932", "0.922"),
}
PATCHGAN = {
    "background": ("0.964", "0.967", "0.971", "0.969"),
    "podocyte": ("0.802", "0.926", "0.892", "0.908"),
}


@pytest.mark.parametrize("row", FCN)
def test_a_table_that_hangs_together_is_accepted_in_spite_of_rounding(row):
    assert contradiction(*FCN[row]) is None


@pytest.mark.parametrize(("row", "implied"), [("background", "0.940"), ("podocyte", "0.832")])
def test_a_table_that_contradicts_itself_is_flagged_with_the_figure_it_should_have(row, implied):
    said = contradiction(*PATCHGAN[row])
    assert said is not None
    assert f"IoU is printed as {PATCHGAN[row][0]}" in said
    assert implied in said


def test_precision_and_recall_that_do_not_give_the_f1():
    assert "precision and recall give 0.800" in str(contradiction("0.818", "0.8", "0.8", "0.900"))


def test_digits_say_how_much_was_rounded():
    assert contradiction("0.5", "0.7", "0.7", "0.7") is None, ".667 is printed as .7"
    assert contradiction("0.500", "0.700", "0.700", "0.700") is not None
    assert contradiction("1", "1.0", "1.00", "1") is None
    assert contradiction("0", "0", "0", "0") is None


@pytest.mark.parametrize("wrong", ["96.4", "x", "-0.1", "nan"])
def test_what_is_no_score_is_refused(wrong):
    with pytest.raises(SkinsegError, match="from 0 to 1"):
        contradiction(wrong, "0.9", "0.9", "0.9")
