import threading

import pytest

from encoder_node.stop import StoppedError, StopReason, StopSignal


def test_the_first_reason_stays() -> None:
    stop = StopSignal()
    stop.set(StopReason.CANCELLED)
    stop.set(StopReason.DRAIN)

    with pytest.raises(StoppedError) as caught:
        stop.check()
    assert caught.value.reason is StopReason.CANCELLED


def test_a_callback_is_called_once_when_the_order_comes() -> None:
    stop, calls = StopSignal(), []
    with stop.calls(lambda: calls.append(1)):
        assert calls == []
        stop.set(StopReason.DRAIN)
        stop.set(StopReason.DRAIN)
    assert calls == [1]


def test_a_callback_that_comes_late_is_called_at_once() -> None:
    stop, calls = StopSignal(), []
    stop.set(StopReason.DRAIN)
    with stop.calls(lambda: calls.append(1)):
        assert calls == [1]


def test_a_callback_that_left_is_not_called() -> None:
    stop, calls = StopSignal(), []
    with stop.calls(lambda: calls.append(1)):
        pass
    stop.set(StopReason.DRAIN)
    assert calls == []


def test_a_waiter_is_woken() -> None:
    stop = StopSignal()
    threading.Thread(target=stop.set, args=(StopReason.CANCELLED,)).start()
    assert stop.wait(30)
