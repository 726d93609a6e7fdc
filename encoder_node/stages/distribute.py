"""Distribute: see that the published object is there, whole, and deliver it where the job asks for that."""

from encoder_node.attempt import Attempt
from encoder_node.measures import Step
from encoder_node.objects import check_size
from encoder_node.transfer.deliver import deliver
from encoder_node.transfer.reach import Reach
from reelyard.cluster.work import DistributeResult, DistributeWork


class DistributeStage:
    """Checks a published object and delivers it.

    Args:
        reach: which addresses deliveries may go to; None: public ones only.
    """

    def __init__(self, reach: Reach | None = None) -> None:
        self._reach = reach or Reach()

    def run(self, attempt: Attempt) -> DistributeResult:
        """Check one object and deliver it.

        Raises:
            StoppedError: the attempt was stopped.
            WorkError: storage_failed, when the object is missing or of another size; delivery_failed and
                delivery_denied.
        """
        work = attempt.work(DistributeWork)
        with attempt.measures.step(Step.VERIFY):
            check_size(attempt, work.object)
        if work.delivery_url:
            with attempt.measures.step(Step.DELIVER):
                deliver(self._reach, attempt, work)
        return DistributeResult()
