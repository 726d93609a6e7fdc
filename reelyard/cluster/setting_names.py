"""The names of every setting of the product.

A process accepts the names of the others too: operators hand one environment to all of them. Since no service may
import another, the names stand here; a test holds them against the settings classes.
"""

SETTING_NAMES = frozenset(
    {
        "REELYARD_API_KEY",
        "REELYARD_BROKER_URL",
        "REELYARD_CA_FILE",
        "REELYARD_DATA",
        "REELYARD_DATABASE_URL",
        "REELYARD_DELIVERY_STALL_SECONDS",
        "REELYARD_DOWNLOAD_REDIRECT",
        "REELYARD_DRAIN_SECONDS",
        "REELYARD_FETCH_ALLOW_CIDRS",
        "REELYARD_FETCH_STALL_SECONDS",
        "REELYARD_HEARTBEAT_SECONDS",
        "REELYARD_HTTP_HOST",
        "REELYARD_HTTP_PORT",
        "REELYARD_HTTP_STOP_SECONDS",
        "REELYARD_LEASE_SECONDS",
        "REELYARD_LOG_FORMAT",
        "REELYARD_LOG_LEVEL",
        "REELYARD_MAX_OUTPUT_MB",
        "REELYARD_MAX_REQUEST_BYTES",
        "REELYARD_MAX_SOURCE_MB",
        "REELYARD_METRICS_PORT",
        "REELYARD_NODE_NAME",
        "REELYARD_NOTIFY_RETRY_SECONDS",
        "REELYARD_NOTIFY_TIMEOUT_SECONDS",
        "REELYARD_PUBLIC_URL",
        "REELYARD_RATE_LIMIT",
        "REELYARD_RETRY_SECONDS",
        "REELYARD_RPC_TOKEN",
        "REELYARD_SCHEDULER_ADDRESS",
        "REELYARD_SCHEDULER_LISTEN",
        "REELYARD_SCRATCH",
        "REELYARD_SLOTS",
        "REELYARD_STALL_SECONDS",
        "REELYARD_STORAGE_PUBLIC_URL",
        "REELYARD_STORAGE_URL",
        "REELYARD_TASK_MEMORY_MB",
        "REELYARD_TASK_SECONDS",
        "REELYARD_VERIFY_DECODE_SECONDS",
    }
)
