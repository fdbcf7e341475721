"""The clock of a photo: what it shows never goes back, and stands still while nobody works."""

from napari_skinseg.session.stopwatch import Stopwatch


def test_the_clock_stands_still_in_silence_and_takes_in_only_short_pauses(clock):
    watch = Stopwatch(clock, idle=60)
    shown = []
    for pause, touched in ((2, True), (50, False), (40, True), (30, False), (0, True)):
        clock.now += pause
        if touched:
            watch.touch()
        shown.append(watch.settled)
    assert shown == [2, 2, 2, 2, 32], "90 seconds of nothing are left out, 30 are looking"
    assert watch.seconds == 32
