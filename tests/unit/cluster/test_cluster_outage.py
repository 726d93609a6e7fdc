import structlog

from reelyard.cluster.outage import Outage


def test_an_outage_is_told_once_a_reason_and_its_end_once() -> None:
    with structlog.testing.capture_logs() as told:
        outage = Outage(structlog.get_logger(), begins="broker_lost", ends="broker_answers_again")
        outage.over()
        for reason in ("reset", "refused", "refused", "reset"):
            outage.failed(reason)
        outage.over()
        outage.over()
        outage.failed("refused")

    assert told == [
        {"event": "broker_lost", "error": "reset", "log_level": "warning"},
        {"event": "broker_lost", "error": "refused", "log_level": "warning"},
        {"event": "broker_answers_again", "failed_tries": 4, "log_level": "info"},
        {"event": "broker_lost", "error": "refused", "log_level": "warning"},
    ]
