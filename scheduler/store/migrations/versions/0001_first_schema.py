"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
phase = "pre"

# SQLite numbers rows by itself only in a column of exactly the type INTEGER.
_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create every table."""
    _create_objects()
    _create_accounts()
    _create_api_keys()
    _create_create_requests()
    _create_media()
    _create_media_files()
    _create_ingests()
    _create_jobs()
    _create_job_inputs()
    _create_tasks()
    _create_attempts()
    _create_events()
    _create_nodes()


def _create_objects() -> None:
    op.create_table(
        "objects",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_objects"),
        sqlite_autoincrement=True,
    )


def _create_accounts() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", _ID, autoincrement=False, nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.Column("webhook_secret", sa.Text(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("weight > 0", name="ck_accounts_weight_positive"),
        sa.ForeignKeyConstraint(["id"], ["objects.id"], name="fk_accounts_id"),
        sa.PrimaryKeyConstraint("id", name="pk_accounts"),
        sa.UniqueConstraint("name", name="uq_accounts_name"),
    )


def _create_api_keys() -> None:
    op.create_table(
        "api_keys",
        sa.Column("id", _ID, autoincrement=False, nullable=False),
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("key_sha256", sa.String(64), nullable=False),
        sa.Column("prefix", sa.String(12), nullable=False),
        sa.Column("label", sa.String(200), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("last_used_ms", sa.BigInteger()),
        sa.Column("revoked_ms", sa.BigInteger()),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_api_keys_account_id"),
        sa.ForeignKeyConstraint(["id"], ["objects.id"], name="fk_api_keys_id"),
        sa.PrimaryKeyConstraint("id", name="pk_api_keys"),
        sa.UniqueConstraint("key_sha256", name="uq_api_keys_key_sha256"),
    )
    op.create_index("ix_api_keys_account_id", "api_keys", ["account_id"])


def _create_create_requests() -> None:
    op.create_table(
        "create_requests",
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("request_id", sa.String(64), nullable=False),
        sa.Column("answer", sa.JSON(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_create_requests_account_id"),
        sa.PrimaryKeyConstraint("account_id", "request_id", name="pk_create_requests"),
    )


def _create_media() -> None:
    op.create_table(
        "media",
        sa.Column("id", _ID, autoincrement=False, nullable=False),
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("filename", sa.Text(), nullable=False),
        sa.Column("container", sa.String(32), nullable=False),
        sa.Column("token", sa.String(64), nullable=False),
        sa.Column("info", sa.JSON()),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("updated_ms", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("kind IN ('input', 'output')", name="ck_media_kind_known"),
        sa.CheckConstraint("state <> 'available' OR info IS NOT NULL", name="ck_media_available_is_probed"),
        sa.CheckConstraint(
            "state IN ('pending', 'available', 'failed', 'expired', 'deleted')", name="ck_media_state_known"
        ),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_media_account_id"),
        sa.ForeignKeyConstraint(["id"], ["objects.id"], name="fk_media_id"),
        sa.PrimaryKeyConstraint("id", name="pk_media"),
    )
    op.create_index("ix_media_listing", "media", ["account_id", "kind", "state", "id"])


def _create_media_files() -> None:
    op.create_table(
        "media_files",
        sa.Column("media_id", _ID, nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("mime_type", sa.String(100), nullable=False),
        sa.ForeignKeyConstraint(["media_id"], ["media.id"], name="fk_media_files_media_id"),
        sa.PrimaryKeyConstraint("media_id", "name", name="pk_media_files"),
        sa.UniqueConstraint("key", name="uq_media_files_key"),
    )
    op.create_index("uq_media_files_one_of_role", "media_files", ["media_id", "role"], unique=True)


def _create_ingests() -> None:
    op.create_table(
        "ingests",
        sa.Column("id", _ID, autoincrement=False, nullable=False),
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("input_media_id", _ID, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("customer_reference_id", sa.Text(), nullable=False),
        sa.Column("source_url", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("mime_type", sa.String(100), nullable=False),
        sa.Column("transfer_progress", sa.Integer(), nullable=False),
        sa.Column("storing_progress", sa.Integer(), nullable=False),
        sa.Column("error_code", sa.String(40), nullable=False),
        sa.Column("error_message", sa.Text(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("updated_ms", sa.BigInteger(), nullable=False),
        sa.Column("started_ms", sa.BigInteger()),
        sa.Column("ended_ms", sa.BigInteger()),
        sa.CheckConstraint("(state = 'failed') = (error_code <> '')", name="ck_ingests_failed_says_why"),
        sa.CheckConstraint(
            "state IN ('queued', 'transferring', 'storing', 'completed', 'failed', 'cancelled')",
            name="ck_ingests_state_known",
        ),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_ingests_account_id"),
        sa.ForeignKeyConstraint(["id"], ["objects.id"], name="fk_ingests_id"),
        sa.ForeignKeyConstraint(["input_media_id"], ["media.id"], name="fk_ingests_input_media_id"),
        sa.PrimaryKeyConstraint("id", name="pk_ingests"),
        sa.UniqueConstraint("input_media_id", name="uq_ingests_input_media_id"),
    )
    op.create_index("ix_ingests_listing", "ingests", ["account_id", "state", "id"])


def _create_jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", _ID, autoincrement=False, nullable=False),
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("ingest_id", _ID),
        sa.Column("output_media_id", _ID, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("spec", sa.JSON(), nullable=False),
        sa.Column("plan", sa.JSON()),
        sa.Column("base_url", sa.Text(), nullable=False),
        sa.Column("importing_progress", sa.Integer(), nullable=False),
        sa.Column("encoding_progress", sa.Integer(), nullable=False),
        sa.Column("storing_progress", sa.Integer(), nullable=False),
        sa.Column("distribution_progress", sa.Integer(), nullable=False),
        sa.Column("error_code", sa.String(40), nullable=False),
        sa.Column("error_message", sa.Text(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("updated_ms", sa.BigInteger(), nullable=False),
        sa.Column("started_ms", sa.BigInteger()),
        sa.Column("ended_ms", sa.BigInteger()),
        sa.CheckConstraint("(state = 'failed') = (error_code <> '')", name="ck_jobs_failed_says_why"),
        sa.CheckConstraint(
            "state IN ('queued', 'importing', 'encoding', 'storing',"
            " 'distributing', 'completed', 'failed', 'cancelled')",
            name="ck_jobs_state_known",
        ),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_jobs_account_id"),
        sa.ForeignKeyConstraint(["id"], ["objects.id"], name="fk_jobs_id"),
        sa.ForeignKeyConstraint(["ingest_id"], ["ingests.id"], name="fk_jobs_ingest_id"),
        sa.ForeignKeyConstraint(["output_media_id"], ["media.id"], name="fk_jobs_output_media_id"),
        sa.PrimaryKeyConstraint("id", name="pk_jobs"),
        sa.UniqueConstraint("output_media_id", name="uq_jobs_output_media_id"),
    )
    op.create_index("ix_jobs_ingest_id", "jobs", ["ingest_id"])
    op.create_index("ix_jobs_listing", "jobs", ["account_id", "state", "id"])


def _create_job_inputs() -> None:
    op.create_table(
        "job_inputs",
        sa.Column("job_id", _ID, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("media_id", _ID, nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_job_inputs_job_id"),
        sa.ForeignKeyConstraint(["media_id"], ["media.id"], name="fk_job_inputs_media_id"),
        sa.PrimaryKeyConstraint("job_id", "position", name="pk_job_inputs"),
    )
    op.create_index("ix_job_inputs_media_id", "job_inputs", ["media_id"])


def _create_tasks() -> None:
    op.create_table(
        "tasks",
        sa.Column("id", _ID, autoincrement=False, nullable=False),
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("job_id", _ID),
        sa.Column("ingest_id", _ID),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("queue", sa.String(32), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("work", sa.JSON(), nullable=False),
        sa.Column("result", sa.JSON()),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("losses", sa.Integer(), nullable=False),
        sa.Column("not_before_ms", sa.BigInteger(), nullable=False),
        sa.Column("avoid_node", sa.String(200), nullable=False),
        sa.Column("token", sa.String(64)),
        sa.Column("node_id", sa.String(36)),
        sa.Column("lease_until_ms", sa.BigInteger()),
        sa.Column("progress_permille", sa.Integer(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("queued_ms", sa.BigInteger()),
        sa.Column("started_ms", sa.BigInteger()),
        sa.Column("ended_ms", sa.BigInteger()),
        sa.CheckConstraint("(state = 'running') = (lease_until_ms IS NOT NULL)", name="ck_tasks_running_is_leased"),
        sa.CheckConstraint("state <> 'running' OR token IS NOT NULL", name="ck_tasks_running_has_token"),
        sa.CheckConstraint(
            "state IN ('waiting', 'queued', 'running', 'done', 'failed', 'cancelled')", name="ck_tasks_state_known"
        ),
        sa.CheckConstraint("(job_id IS NULL) <> (ingest_id IS NULL)", name="ck_tasks_one_owner"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_tasks_account_id"),
        sa.ForeignKeyConstraint(["id"], ["objects.id"], name="fk_tasks_id"),
        sa.ForeignKeyConstraint(["ingest_id"], ["ingests.id"], name="fk_tasks_ingest_id"),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_tasks_job_id"),
        sa.PrimaryKeyConstraint("id", name="pk_tasks"),
        sa.UniqueConstraint("ingest_id", "kind", "part", name="uq_tasks_ingest_stage"),
        sa.UniqueConstraint("job_id", "kind", "part", name="uq_tasks_job_stage"),
    )
    op.create_index("ix_tasks_backlog", "tasks", ["queue", "state", "not_before_ms", "account_id", "priority", "id"])
    op.create_index("ix_tasks_ingest_id", "tasks", ["ingest_id"])
    op.create_index("ix_tasks_job_id", "tasks", ["job_id"])
    op.create_index("ix_tasks_leases", "tasks", ["state", "lease_until_ms"])


def _create_attempts() -> None:
    op.create_table(
        "attempts",
        sa.Column("task_id", _ID, nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("node_id", sa.String(36), nullable=False),
        sa.Column("node_name", sa.String(200), nullable=False),
        sa.Column("started_ms", sa.BigInteger(), nullable=False),
        sa.Column("ended_ms", sa.BigInteger()),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("error_code", sa.String(40), nullable=False),
        sa.Column("error_message", sa.Text(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("http_status", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["task_id"], ["tasks.id"], name="fk_attempts_task_id"),
        sa.PrimaryKeyConstraint("task_id", "attempt", name="pk_attempts"),
    )


def _create_events() -> None:
    op.create_table(
        "events",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("entity", sa.String(8), nullable=False),
        sa.Column("entity_id", _ID, nullable=False),
        sa.Column("event", sa.String(24), nullable=False),
        sa.Column("from_state", sa.String(16), nullable=False),
        sa.Column("to_state", sa.String(16), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_events"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_events_entity", "events", ["entity", "entity_id", "id"])


def _create_nodes() -> None:
    op.create_table(
        "nodes",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("version", sa.String(40), nullable=False),
        sa.Column("encoders", sa.JSON(), nullable=False),
        sa.Column("slots", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("failures_in_row", sa.Integer(), nullable=False),
        sa.Column("set_aside_until_ms", sa.BigInteger(), nullable=False),
        sa.Column("registered_ms", sa.BigInteger(), nullable=False),
        sa.Column("seen_ms", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("state IN ('live', 'draining', 'left', 'lost')", name="ck_nodes_state_known"),
        sa.PrimaryKeyConstraint("id", name="pk_nodes"),
    )
    op.create_index("ix_nodes_state", "nodes", ["state", "seen_ms"])
