"""The schema, once, for PostgreSQL and SQLite.

Times are milliseconds since 1970 UTC by the database's clock (`scheduler.store.clock`). `state` columns hold the
values of `scheduler.domain`, and their CHECKs are made from it. JSON columns hold `reelyard.cluster.wire.to_dict`
of the dataclass that the comment names. A change here needs a step in `scheduler.store.migrations`.
"""

from enum import StrEnum

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

from scheduler.domain.ingest import IngestState
from scheduler.domain.job import JobState
from scheduler.domain.media import MediaState
from scheduler.domain.node import NodeState
from scheduler.domain.task import TaskState

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite numbers rows by itself only in a column of exactly the type INTEGER.
Id = BigInteger().with_variant(Integer(), "sqlite")


def _state_is_known(states: type[StrEnum]) -> CheckConstraint:
    """The column `state` holds one of these."""
    known = ", ".join(f"'{state.value}'" for state in states)
    return CheckConstraint(f"state IN ({known})", name="state_known")


#: One number line for every kind of object: an ID is unique over the installation and never used again.
objects = Table(
    "objects",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("kind", String(16), nullable=False),
    sqlite_autoincrement=True,
)

accounts = Table(
    "accounts",
    metadata,
    Column("id", Id, ForeignKey("objects.id"), primary_key=True, autoincrement=False),
    Column("name", String(200), nullable=False, unique=True),
    Column("disabled", Boolean, nullable=False, default=False),
    Column("weight", Integer, nullable=False, default=1),  # share of the cluster against other accounts
    Column("webhook_secret", Text, nullable=False, default=""),  # sealed; signs notifications when not empty
    Column("created_ms", BigInteger, nullable=False),
    # What outputs and ingests that say nothing of it get; the URLs are sealed.
    Column("default_ping_url", Text, nullable=False, server_default=""),
    Column("default_notification_email", Text, nullable=False, server_default=""),
    Column("default_delivery_location", Text, nullable=False, server_default=""),
    Column("rate_limit", Integer),  # requests an hour, 0 for none; NULL is the installation's own
    CheckConstraint("weight > 0", name="weight_positive"),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", Id, ForeignKey("objects.id"), primary_key=True, autoincrement=False),
    Column("account_id", Id, ForeignKey("accounts.id"), nullable=False, index=True),
    Column("key_sha256", String(64), nullable=False, unique=True),
    Column("prefix", String(12), nullable=False),
    Column("label", String(200), nullable=False, default=""),
    Column("created_ms", BigInteger, nullable=False),
    Column("last_used_ms", BigInteger),
    Column("revoked_ms", BigInteger),
    Column("role", String(16), nullable=False, server_default="full"),  # full, read-only
)

#: How many requests an account made since its window began; the row of a window that ended is used again.
rate_windows = Table(
    "rate_windows",
    metadata,
    Column("account_id", Id, ForeignKey("accounts.id"), primary_key=True, autoincrement=False),
    Column("started_ms", BigInteger, nullable=False),
    Column("used", Integer, nullable=False),
)

#: The answer that a create request got, so that the same request ID gets it again; of cancelling, deleting and trying
#: again, that it was done.
create_requests = Table(
    "create_requests",
    metadata,
    Column("account_id", Id, ForeignKey("accounts.id"), primary_key=True),
    Column("request_id", String(64), primary_key=True),
    Column("answer", JSON, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("body_sha256", String(64), nullable=False, server_default=""),  # where the client chose the ID
    Index("ix_create_requests_created_ms", "created_ms"),
)

#: Output formats of an account's own; their IDs are above those of the built-in ones.
output_formats = Table(
    "output_formats",
    metadata,
    Column("id", Id, ForeignKey("objects.id"), primary_key=True, autoincrement=False),
    Column("account_id", Id, ForeignKey("accounts.id"), nullable=False),
    Column("name", String(200), nullable=False),
    Column("description", Text, nullable=False),
    Column("parameters", JSON, nullable=False),  # OutputRequest, its URLs sealed
    Column("created_ms", BigInteger, nullable=False),
    Column("updated_ms", BigInteger, nullable=False),
    Index("ix_output_formats_listing", "account_id", "id"),
)

media = Table(
    "media",
    metadata,
    Column("id", Id, ForeignKey("objects.id"), primary_key=True, autoincrement=False),
    Column("account_id", Id, ForeignKey("accounts.id"), nullable=False),
    Column("kind", String(8), nullable=False),  # input, output
    Column("state", String(16), nullable=False),  # pending, available, failed, expired, deleted
    Column("title", Text, nullable=False, default=""),
    Column("filename", Text, nullable=False, default=""),
    Column("container", String(32), nullable=False, default=""),  # catalogue code, outputs only
    Column("token", String(64), nullable=False),  # unguessable part of its URLs
    Column("info", JSON),  # MediaInfo
    Column("created_ms", BigInteger, nullable=False),
    Column("updated_ms", BigInteger, nullable=False),
    Column("available_ms", BigInteger),  # when its bytes were there; its retention counts from then
    Index("ix_media_listing", "account_id", "kind", "state", "id"),
    Index("ix_media_due", "state", "kind", "available_ms"),
    _state_is_known(MediaState),
    CheckConstraint("kind IN ('input', 'output')", name="kind_known"),
    CheckConstraint("state <> 'available' OR info IS NOT NULL", name="available_is_probed"),
)

#: The stored files of a medium: exactly one primary, at most one thumbnail, room for more (a package).
media_files = Table(
    "media_files",
    metadata,
    Column("media_id", Id, ForeignKey("media.id"), primary_key=True),
    Column("name", String(255), primary_key=True),  # last part of its URL
    Column("role", String(16), nullable=False),  # primary, thumbnail
    Column("key", Text, nullable=False, unique=True),  # in the object store
    Column("size_bytes", BigInteger, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("mime_type", String(100), nullable=False),
    Index(
        "uq_media_files_one_of_role",
        "media_id",
        "role",
        unique=True,
    ),
)

ingests = Table(
    "ingests",
    metadata,
    Column("id", Id, ForeignKey("objects.id"), primary_key=True, autoincrement=False),
    Column("account_id", Id, ForeignKey("accounts.id"), nullable=False),
    Column("input_media_id", Id, ForeignKey("media.id"), nullable=False, unique=True),
    Column("state", String(16), nullable=False),
    Column("title", Text, nullable=False, default=""),
    Column("customer_reference_id", Text, nullable=False, default=""),
    Column("source_url", Text, nullable=False),  # sealed: may hold credentials
    Column("ping_url", Text, nullable=False, default="", server_default=""),  # sealed: may hold credentials
    Column("notification_email", Text, nullable=False, default="", server_default=""),
    Column("base_url", Text, nullable=False, default="", server_default=""),  # of the URL in its notification
    Column("for_jobs", Boolean, nullable=False, server_default=false()),  # made by a request for jobs, not by itself
    Column("size_bytes", BigInteger, nullable=False, default=0),
    Column("mime_type", String(100), nullable=False, default=""),
    Column("transfer_progress", Integer, nullable=False, default=0),  # percent
    Column("storing_progress", Integer, nullable=False, default=0),
    Column("error_code", String(40), nullable=False, default=""),
    Column("error_message", Text, nullable=False, default=""),
    Column("created_ms", BigInteger, nullable=False),
    Column("updated_ms", BigInteger, nullable=False),
    Column("started_ms", BigInteger),
    Column("ended_ms", BigInteger),
    Column("request_id", String(64), nullable=False, server_default=""),  # X-Request-ID of the request that made it
    Column("traceparent", String(55), nullable=False, server_default=""),  # W3C; "": made while there were no traces
    Index("ix_ingests_listing", "account_id", "state", "id"),
    _state_is_known(IngestState),
    CheckConstraint("(state = 'failed') = (error_code <> '')", name="failed_says_why"),
)

#: The jobs that have not ended, in SQL: a query must say it in these words to use their index.
OPEN_JOBS = "state IN ('queued', 'importing', 'encoding', 'storing', 'distributing')"

jobs = Table(
    "jobs",
    metadata,
    Column("id", Id, ForeignKey("objects.id"), primary_key=True, autoincrement=False),
    Column("account_id", Id, ForeignKey("accounts.id"), nullable=False),
    Column("ingest_id", Id, ForeignKey("ingests.id"), index=True),  # the first that it waited for, if any
    Column("output_media_id", Id, ForeignKey("media.id"), nullable=False, unique=True),
    Column("state", String(16), nullable=False),
    Column("spec", JSON, nullable=False),  # OutputSpec, some members sealed (scheduler.store.sealed_columns)
    Column("plan", JSON),  # EncodePlan, once the source was probed
    Column("base_url", Text, nullable=False, default=""),
    Column("importing_progress", Integer, nullable=False, default=0),  # percent
    Column("encoding_progress", Integer, nullable=False, default=0),
    Column("storing_progress", Integer, nullable=False, default=0),
    Column("distribution_progress", Integer, nullable=False, default=0),
    Column("error_code", String(40), nullable=False, default=""),
    Column("error_message", Text, nullable=False, default=""),
    Column("created_ms", BigInteger, nullable=False),
    Column("updated_ms", BigInteger, nullable=False),
    Column("started_ms", BigInteger),
    Column("ended_ms", BigInteger),
    Column("request_id", String(64), nullable=False, server_default=""),  # X-Request-ID of the request that made it
    Column("traceparent", String(55), nullable=False, server_default=""),  # W3C; "": made while there were no traces
    Index("ix_jobs_listing", "account_id", "state", "id"),
    Index("ix_jobs_open", "state", sqlite_where=text(OPEN_JOBS), postgresql_where=text(OPEN_JOBS)),
    _state_is_known(JobState),
    CheckConstraint("(state = 'failed') = (error_code <> '')", name="failed_says_why"),
)

#: The inputs of a job, in the order in which they are joined.
job_inputs = Table(
    "job_inputs",
    metadata,
    Column("job_id", Id, ForeignKey("jobs.id"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("media_id", Id, ForeignKey("media.id"), nullable=False, index=True),
)

#: The tasks that are notifications, in SQL: a query must say it in these words to use their index.
NOTIFICATION_KINDS = "kind IN ('notify', 'mail')"

#: The tasks that have not ended, in SQL: a query must say it in these words to use their index.
OPEN_TASKS = "state IN ('waiting', 'queued', 'running')"
#: The tasks that no node has yet, in SQL; said in these words for the same reason.
UNCLAIMED_TASKS = "state IN ('waiting', 'queued')"

tasks = Table(
    "tasks",
    metadata,
    Column("id", Id, ForeignKey("objects.id"), primary_key=True, autoincrement=False),
    Column("account_id", Id, ForeignKey("accounts.id"), nullable=False),
    Column("job_id", Id, ForeignKey("jobs.id"), index=True),
    Column("ingest_id", Id, ForeignKey("ingests.id"), index=True),
    Column("kind", String(16), nullable=False),
    # Chunk number, 0 is the whole; of what follows an end, how many of its kind came before.
    Column("part", Integer, nullable=False, default=0),
    Column("queue", String(32), nullable=False),
    Column("state", String(16), nullable=False),
    Column("priority", Integer, nullable=False, default=0),  # higher first
    Column("work", JSON, nullable=False),  # the kind's Work
    Column("result", JSON),  # the kind's Result
    Column("attempt", Integer, nullable=False, default=1),  # the one that waits or runs; grows only
    Column("budget_from", Integer, nullable=False, server_default=text("1")),  # earlier attempts: before a job's retry
    Column("failures", Integer, nullable=False, default=0),  # attempts that failed
    Column("losses", Integer, nullable=False, default=0),  # attempts whose lease lapsed
    Column("not_before_ms", BigInteger, nullable=False, default=0),  # 0: due
    # When the attempt that waits or runs became due, or will; what is waited for a better node is waited from then.
    # 0 in rows of a version that did not know it.
    Column("due_ms", BigInteger, nullable=False, server_default=text("0")),
    Column("avoid_node", String(200), nullable=False, default=""),  # a name; a retry prefers another
    Column("token", String(64)),  # fencing token of the claim that runs or ran last
    Column("node_id", String(36)),
    Column("lease_until_ms", BigInteger),
    Column("progress_permille", Integer, nullable=False, default=0),
    Column("created_ms", BigInteger, nullable=False),
    Column("queued_ms", BigInteger),  # when its hint was sent
    Column("started_ms", BigInteger),
    Column("ended_ms", BigInteger),
    Column("media_ms", BigInteger, nullable=False, server_default=text("0")),  # media it goes through; 0: not known
    # `not_before_ms` is 0 once a task is due, so that the dispatcher finds each account's best one by equality.
    Index("ix_tasks_backlog", "queue", "state", "not_before_ms", "account_id", "priority", "id"),
    Index("ix_tasks_leases", "state", "lease_until_ms"),
    # All that is counted of open tasks stands in their index, so that counting reads no row. It does not begin with the
    # queue: without statistics PostgreSQL would take it for the better one in the dispatcher's queries, and walk it.
    Index(
        "ix_tasks_open",
        "kind",
        "queue",
        "state",
        "not_before_ms",
        "due_ms",
        "queued_ms",
        sqlite_where=text(OPEN_TASKS),
        postgresql_where=text(OPEN_TASKS),
    ),
    Index(
        "ix_tasks_notifications",
        "account_id",
        "id",
        sqlite_where=text(NOTIFICATION_KINDS),
        postgresql_where=text(NOTIFICATION_KINDS),
    ),
    # A backlog's media time is summed from this index alone; `state` is in it for SQLite, which would look it up. Nor
    # does it begin with the queue.
    Index(
        "ix_tasks_open_media",
        "media_ms",
        "queue",
        "not_before_ms",
        "state",
        sqlite_where=text(UNCLAIMED_TASKS),
        postgresql_where=text(UNCLAIMED_TASKS),
    ),
    _state_is_known(TaskState),
    CheckConstraint("(job_id IS NULL) <> (ingest_id IS NULL)", name="one_owner"),
    CheckConstraint(
        "(state = 'running') = (lease_until_ms IS NOT NULL)",
        name="running_is_leased",
    ),
    CheckConstraint("state <> 'running' OR token IS NOT NULL", name="running_has_token"),
    UniqueConstraint("job_id", "kind", "part", name="uq_tasks_job_stage"),
    UniqueConstraint("ingest_id", "kind", "part", name="uq_tasks_ingest_stage"),
)

#: The log of attempts: for notifications it is the delivery log.
attempts = Table(
    "attempts",
    metadata,
    Column("task_id", Id, ForeignKey("tasks.id"), primary_key=True),
    Column("attempt", Integer, primary_key=True),
    Column("node_id", String(36), nullable=False),
    Column("node_name", String(200), nullable=False),
    Column("started_ms", BigInteger, nullable=False),
    Column("ended_ms", BigInteger),
    # running, done, failed, fell_back, lost, released, cancelled
    Column("outcome", String(16), nullable=False),
    Column("error_code", String(40), nullable=False, default=""),
    Column("error_message", Text, nullable=False, default=""),
    Column("evidence", Text, nullable=False, default=""),
    Column("http_status", Integer, nullable=False, default=0),
    Index("ix_attempts_started_ms", "started_ms"),  # node time since a moment
)

#: Every transition of an ingest, job, task or medium, written in the transaction that made it.
events = Table(
    "events",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("entity", String(8), nullable=False),  # ingest, job, task, media
    Column("entity_id", Id, nullable=False),
    Column("event", String(24), nullable=False),
    Column("from_state", String(16), nullable=False),  # "" for creation
    Column("to_state", String(16), nullable=False),
    Column("detail", Text, nullable=False, default=""),
    Column("at_ms", BigInteger, nullable=False),
    Index("ix_events_entity", "entity", "entity_id", "id"),
    sqlite_autoincrement=True,
)

nodes = Table(
    "nodes",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("version", String(40), nullable=False, default=""),
    Column("encoders", JSON, nullable=False),  # list of ffmpeg encoder names
    Column("slots", JSON, nullable=False),  # {queue: slots}
    Column("state", String(16), nullable=False),  # live, draining, left, lost
    Column("failures_in_row", Integer, nullable=False, default=0),
    Column("set_aside_until_ms", BigInteger, nullable=False, default=0),
    Column("registered_ms", BigInteger, nullable=False),
    Column("seen_ms", BigInteger, nullable=False),
    Index("ix_nodes_state", "state", "seen_ms"),
    _state_is_known(NodeState),
)

#: Pools of nodes that were asked for and did not come; a row holds until a node of the queue is seen after that time.
pools = Table(
    "pools",
    metadata,
    Column("queue", String(32), primary_key=True),
    Column("given_up_ms", BigInteger, nullable=False),
)

#: Slow work that one scheduler at a time does for all of them: whose turn it is, and when the next one is due.
upkeep = Table(
    "upkeep",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("holder", String(36), nullable=False),  # who does it now; "": nobody
    Column("held_until_ms", BigInteger, nullable=False),  # a holder that died loses its turn then
    Column("next_ms", BigInteger, nullable=False),
    Column("failed_next_ms", BigInteger, nullable=False, server_default=text("0")),  # of the first failure in a row
    Column("mark", String(36), nullable=False),  # names this installation in its object store
)
