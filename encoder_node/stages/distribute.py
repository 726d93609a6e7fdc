"""Distribute: see that the published object is there, whole, before anybody hears of success.

Delivery to a place of the client's choice will be done here too; there is none to deliver to yet.
"""

from encoder_node.attempt import Attempt
from encoder_node.objects import check_size
from reelyard.cluster.work import DistributeResult, DistributeWork


class DistributeStage:
    """Checks a published object."""

    def run(self, attempt: Attempt) -> DistributeResult:
        """Check one object.

        Raises:
            WorkError: storage_failed, when the object is missing or of another size.
        """
        check_size(attempt, attempt.work(DistributeWork).object)
        return DistributeResult()
