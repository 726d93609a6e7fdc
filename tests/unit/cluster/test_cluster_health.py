import threading

from reelyard.cluster.health import NO_ANSWER, OK, Readiness


def _fail() -> None:
    raise RuntimeError("amqp://u:hunter2@host is down")


def test_all_checks_well_is_ready() -> None:
    readiness = Readiness({"a": lambda: None, "b": lambda: None})

    report = readiness.report()
    readiness.stop()

    assert report.ready
    assert report.checks == {"a": OK, "b": OK}


def test_a_failed_check_says_why_without_secrets() -> None:
    readiness = Readiness({"a": lambda: None, "broker": _fail})

    report = readiness.report()
    readiness.stop()

    assert not report.ready
    assert report.checks == {"a": OK, "broker": "amqp://host is down"}


def test_a_hung_check_is_not_ready_and_is_not_started_again() -> None:
    release = threading.Event()
    started: list[int] = []

    def hang() -> None:
        started.append(1)
        release.wait(30)

    readiness = Readiness({"hung": hang, "well": lambda: None}, timeout_s=1)

    first = readiness.report()
    second = readiness.report()
    release.set()
    readiness.stop()

    assert first.checks == second.checks == {"hung": NO_ANSWER, "well": OK}
    assert not first.ready
    assert len(started) == 1


def test_a_check_that_came_back_is_ready_again() -> None:
    failing = [True]

    def check() -> None:
        if failing:
            raise RuntimeError("down")

    readiness = Readiness({"a": check})
    before = readiness.report()
    failing.clear()
    after = readiness.report()
    readiness.stop()

    assert (before.ready, after.ready) == (False, True)


def test_a_stopping_process_is_not_ready_whatever_its_checks_say() -> None:
    readiness = Readiness({"a": lambda: None})

    readiness.stop()

    assert not readiness.report().ready
    assert readiness.report().checks == {"shutdown": "stopping"}
