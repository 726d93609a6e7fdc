"""Clean: delete what attempts left in the store and no record points to."""

import structlog

from encoder_node.attempt import Attempt
from encoder_node.measures import Step
from reelyard.cluster.work import CleanResult, CleanWork

log = structlog.get_logger(__name__)


class CleanStage:
    """Empties a prefix but for the keys that are kept."""

    def run(self, attempt: Attempt) -> CleanResult:
        """Clean one prefix; done again it finds nothing.

        Raises:
            StoppedError: the attempt was stopped.
            WorkError: storage_failed.
        """
        work = attempt.work(CleanWork)
        # The whole list first: deleting while a folder is being listed may skip some of it.
        with attempt.measures.step(Step.CLEAN):
            doomed = sorted(set(attempt.store.list_keys(work.prefix)) - set(work.keep))
            for key in doomed:
                attempt.stop.check()
                attempt.store.delete(key)
        log.info("prefix_cleaned", prefix=work.prefix, deleted=len(doomed), kept=len(work.keep))
        return CleanResult(deleted=len(doomed))
