"""What may hang is read beside whoever asks, one reading at a time."""

import threading

from structlog.testing import capture_logs

from reelyard.cluster.slow_reading import SlowReading

PATIENCE_S = 30.0


def test_what_is_read_in_time_is_brought_and_each_time_anew() -> None:
    numbers = iter((1, 2))
    reading = SlowReading(lambda: next(numbers), name="numbers")

    assert [reading.get(PATIENCE_S), reading.get(PATIENCE_S)] == [1, 2]


def test_a_reading_that_hangs_is_waited_for_again_and_never_begun_twice() -> None:
    release, begun = threading.Event(), []

    def hang() -> str:
        begun.append(1)
        release.wait(PATIENCE_S)
        return "late"

    reading = SlowReading(hang, name="hung")
    in_time = [reading.get(0.01), reading.get(0.01)]
    release.set()

    assert in_time == [None, None]
    assert reading.get(PATIENCE_S) == "late"
    assert begun == [1]


def test_a_reading_that_breaks_is_told_in_the_log_and_brings_nothing() -> None:
    reading = SlowReading(lambda: {}["nothing"], name="broken")

    with capture_logs() as logs:
        assert reading.get(PATIENCE_S) is None

    assert [(line["event"], line["reading"]) for line in logs] == [("reading_broke", "broken")]
