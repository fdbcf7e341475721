"""What the trainer does next, decided from the catalog's numbers alone."""

from dataclasses import replace

from trainer.service.schedule import MOST_ROUNDS_WITHOUT_NEW_LABELS, SchedulerState, decide

LEARNT = SchedulerState(
    labels=6,
    towards_first=6,
    labels_for_first=4,
    trained=True,
    new_labels=0,
    labels_since_full=6,
    full_after=8,
    rounds_since_labels=3,
    last_gain=0.0,
)


def test_rests_until_there_is_a_mask() -> None:
    decision = decide(replace(LEARNT, labels=0, trained=False, train_now="fast"))
    assert decision.action == "rest"
    assert "first mask" in decision.why


def test_says_how_many_photos_the_first_model_still_needs() -> None:
    decision = decide(replace(LEARNT, labels=3, towards_first=3, trained=False, new_labels=3))
    assert (decision.action, decision.why) == ("rest", "the first model comes after 1 more photo")


def test_the_first_model_comes_with_enough_labels() -> None:
    decision = decide(replace(LEARNT, labels=4, towards_first=4, trained=False, new_labels=4, last_gain=None))
    assert (decision.action, decision.lane) == ("train", "fast")


def test_a_person_may_have_the_first_model_earlier() -> None:
    assert decide(replace(LEARNT, labels=1, trained=False, new_labels=1, train_now="fast")).action == "train"


def test_new_labels_get_a_fast_round() -> None:
    decision = decide(replace(LEARNT, new_labels=2))
    assert (decision.action, decision.lane, decision.why) == ("train", "fast", "2 new labels")


def test_goes_on_while_validation_improves_and_then_rests() -> None:
    assert decide(replace(LEARNT, last_gain=0.02)).why == "validation still improves"
    assert decide(replace(LEARNT, last_gain=0.001)).action == "rest"
    assert decide(replace(LEARNT, last_gain=-0.3)).action == "rest"


def test_one_round_more_when_there_was_nothing_to_compare_with() -> None:
    assert decide(replace(LEARNT, last_gain=None, rounds_since_labels=1)).action == "train"
    assert decide(replace(LEARNT, last_gain=None, rounds_since_labels=2)).action == "rest"


def test_does_not_train_for_ever_on_the_same_labels() -> None:
    endless = replace(LEARNT, last_gain=0.02, rounds_since_labels=MOST_ROUNDS_WITHOUT_NEW_LABELS)
    assert decide(endless).action == "rest"


def test_a_full_round_when_idle_and_enough_labels_came() -> None:
    decision = decide(replace(LEARNT, labels=8, labels_since_full=8))
    assert (decision.action, decision.lane) == ("train", "full")
    assert decide(replace(LEARNT, labels=8, labels_since_full=8, new_labels=1)).lane == "fast"


def test_an_interrupted_round_is_resumed_first() -> None:
    decision = decide(replace(LEARNT, interrupted="r7", new_labels=3))
    assert (decision.action, decision.round_id) == ("resume", "r7")


def test_an_interrupted_full_round_steps_aside_for_new_labels_only() -> None:
    full = replace(LEARNT, interrupted="r7", interrupted_lane="full")
    assert decide(replace(full, new_labels=1)).lane == "fast"
    assert decide(full).round_id == "r7"


def test_holds_off_after_a_failure_unless_asked() -> None:
    waiting = replace(LEARNT, new_labels=2, wait=12.0)
    assert decide(waiting).action == "rest"
    assert "12 s" in decide(waiting).why
    assert decide(replace(waiting, train_now="full")).lane == "full"


def test_learns_from_photos_without_masks_where_it_would_rest() -> None:
    due = replace(LEARNT, pretraining_due=True)
    for idle in (
        due,
        replace(due, labels=0, trained=False),
        replace(due, labels=3, towards_first=3, trained=False),
    ):
        decision = decide(idle)
        assert (decision.action, decision.lane, decision.recipe) == ("train", "full", "colorization")
    assert decide(replace(due, new_labels=1)).recipe is None
    assert decide(replace(due, labels=8, labels_since_full=8)).recipe is None
    assert decide(replace(due, wait=5.0)).action == "rest"


def test_an_interrupted_pretraining_is_taken_up_when_nothing_else_is_to_do() -> None:
    left = replace(LEARNT, interrupted_pretraining="r3", pretraining_due=True)
    decision = decide(left)
    assert (decision.action, decision.lane, decision.round_id) == ("resume", "full", "r3")
    assert decide(replace(left, new_labels=2)).lane == "fast"
    assert decide(replace(left, interrupted="r9", interrupted_lane="full")).round_id == "r9"
    assert decide(replace(left, train_now="full")).recipe is None


PROBED = replace(LEARNT, probes=True)


def test_a_new_label_gets_a_probe_before_any_other_round() -> None:
    decision = decide(replace(PROBED, new_labels=1, new_to_probe=1))
    assert (decision.lane, decision.recipe, decision.why) == ("probe", "probe", "1 new label")
    assert decide(replace(PROBED, new_labels=1)).lane == "fast"
    assert decide(replace(LEARNT, new_labels=1, new_to_probe=1)).lane == "fast"


def test_a_mask_that_was_taken_back_is_forgotten_by_the_next_probe_at_once() -> None:
    decision = decide(replace(PROBED, taken_back=1, interrupted="r7"))
    assert (decision.lane, decision.why) == ("probe", "a mask was taken back")
    assert decide(replace(LEARNT, taken_back=1)).lane != "probe"


def test_a_probe_comes_before_what_was_asked_for_or_interrupted() -> None:
    assert decide(replace(PROBED, new_to_probe=1, train_now="full")).lane == "probe"
    assert decide(replace(PROBED, new_to_probe=1, interrupted="r7")).lane == "probe"
    assert decide(replace(PROBED, interrupted="r7")).round_id == "r7"


def test_a_killed_probe_goes_on_first() -> None:
    decision = decide(replace(PROBED, interrupted_probe="r8", interrupted="r7", new_to_probe=2))
    assert (decision.action, decision.round_id, decision.lane) == ("resume", "r8", "probe")


def test_the_first_probe_waits_for_as_many_labels_as_the_first_model() -> None:
    few = replace(
        PROBED, labels=2, towards_first=2, new_labels=2, new_to_probe=2, labels_for_first=3, trained=False
    )
    assert decide(few).why == "the first model comes after 1 more photo"
    assert decide(replace(few, towards_first=3)).lane == "probe"
    # a probe is served, and the project's own recipe still waits
    assert decide(replace(few, towards_first=3, new_to_probe=0, labels_for_first=4)).action == "rest"


def test_a_probe_holds_off_after_a_failure() -> None:
    assert decide(replace(PROBED, new_to_probe=1, wait=5.0)).action == "rest"


def test_where_the_probe_is_the_projects_own_recipe_nothing_else_is_trained_unasked() -> None:
    own = replace(PROBED, only_probes=True, last_gain=0.1)
    assert decide(replace(own, new_to_probe=1, new_labels=1)).lane == "probe"
    assert decide(replace(own, new_labels=1, labels_since_full=90)).why == "nothing new to learn"
    assert decide(replace(own, train_now="full")).lane == "full"
