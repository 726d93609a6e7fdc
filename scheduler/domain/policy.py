"""The times and limits that an operator may set, handed to the use cases as one value."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from scheduler.domain.retry import RetryWaits

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS

#: How many of its waits a pool that did not come is left alone before one job waits for it again: few enough that it is
#: found within an hour or so when it is mended, many enough that few jobs are late for it.
POOL_REST_WAITS = 6


@dataclass(frozen=True, kw_only=True)
class Policy:
    """How the scheduler deals with nodes and failures. Times are milliseconds."""

    heartbeat_ms: int = 2_000
    """How often a node beats."""
    lease_ms: int = 20_000
    """How long a lease lasts without a beat, and how long a node may be silent before it is lost."""
    set_aside_ms: int = 300_000
    """How long a node that failed several times in a row gets no new tasks."""
    hint_age_ms: int = 10_000
    """A hint that old, in a queue where the broker has no message, was lost."""
    input_keep_ms: int = 3 * DAY_MS
    """How long the bytes of an input are kept from when it became available; 0: for ever."""
    output_keep_ms: int = 2 * DAY_MS
    """The same for outputs."""
    orphan_age_ms: int = DAY_MS
    """Stored files that no record points to are removed when they, and the end of their job, are older than this."""
    orphan_sweep_ms: int = HOUR_MS
    """How often the object store is searched for such files."""
    retry_waits: RetryWaits = field(default_factory=RetryWaits)
    """The waits between the attempts of a task."""
    pool_encoders: Mapping[str, frozenset[str]] = field(default_factory=lambda: MappingProxyType({}))
    """By queue, the encoders that its pool of nodes brings when it is started; the pool may be at zero."""
    pool_wait_ms: int = 600_000
    """How long such a pool is waited for, from when a task began to wait for it; then the CPU does what waits."""
    keep_failed_ms: int = DAY_MS
    """How long what a failed job has made is kept, so that a retry of the job can go on from there."""

    @property
    def pool_rest_ms(self) -> int:
        """For how long a pool that did not come is not asked for."""
        return POOL_REST_WAITS * self.pool_wait_ms

    @property
    def clean_wait_ms(self) -> int:
        """How long after its end a job is cleaned up: no attempt of it can still be writing then."""
        return self.lease_ms + self.heartbeat_ms

    @property
    def failed_clean_wait_ms(self) -> int:
        """How long after its end a failed job is cleaned up."""
        return max(self.clean_wait_ms, self.keep_failed_ms)


#: What holds where nothing was set.
DEFAULT_POLICY = Policy()
