"""How much media time a task stands for: the measure by which a queue's backlog is weighed and nodes are scaled."""

from reelyard.cluster.work import CleanWork, EncodeWork, MailWork, NotifyWork, OverlayWork, StoreWork, Work

#: Milliseconds that a task counts which moves no media (a webhook, a mail, a clean-up, an overlay's image): little,
#: and not nothing, so that a pool at zero is asked for.
LIGHT_MS = 1_000
#: Milliseconds of media that a task of unknown length counts while no input has been measured yet: five minutes.
FIRST_GUESS_MS = 300_000
#: The inputs whose mean stands for a task of unknown length: the ones that became available last.
RECENT_INPUTS = 100
#: The length is not known; it is counted as the mean of the recent inputs.
UNKNOWN_MS = 0

_US_A_MS = 1_000


def media_ms_of(work: Work) -> int:
    """Milliseconds of media that a task of this work goes through; `UNKNOWN_MS` when the work does not tell."""
    if isinstance(work, EncodeWork | StoreWork):
        return plan_ms(work.plan.duration_us)
    if isinstance(work, NotifyWork | MailWork | CleanWork | OverlayWork):
        return LIGHT_MS
    return UNKNOWN_MS


def plan_ms(duration_us: int) -> int:
    """A plan's duration as a task's milliseconds: at least one, unless the plan does not know it."""
    return max(1, duration_us // _US_A_MS) if duration_us > 0 else UNKNOWN_MS
