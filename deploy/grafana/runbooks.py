"""Which alert watches what a panel shows: its runbook is what to read when the panel looks wrong."""

from collections.abc import Mapping
from types import MappingProxyType

#: By the title of the panel.
RUNBOOKS: Mapping[str, str] = MappingProxyType(
    {
        "SLO: API availability": "ReelyardApiErrorBudgetBurn",
        "SLO: Submit within 300 ms": "ReelyardSubmitLatencyBudgetBurn",
        "SLO: Start within 10 min": "ReelyardQueueWaitBudgetBurn",
        "SLO: Jobs succeed": "ReelyardJobSuccessBudgetBurn",
        "SLO: Notified within 5 min": "ReelyardWebhookBudgetBurn",
        "Leases that expired": "ReelyardLeasesExpiring",
        "Tasks given up": "ReelyardDeadLetters",
        "Tasks given up in the shown time": "ReelyardDeadLetters",
        "Retries": "ReelyardRetryStorm",
        "Retries by class": "ReelyardRetryStorm",
        "Scheduler upkeep overdue": "ReelyardUpkeepOverdue",
        "Upkeep overdue": "ReelyardUpkeepOverdue",
        "Versions": "ReelyardVersionSkew",
        "Oldest task that waits": "ReelyardQueueOldestTaskTooOld",
        "Backlog in media time": "ReelyardQueueGrowing",
        "Slots in use": "ReelyardQueueNoCapacity",
        "Nodes that serve it": "ReelyardQueueStuck",
        "Replicas: now, wanted, most": "ReelyardAtMaxReplicas",
        "Pools given up": "ReelyardPoolGivenUp",
        "Pods by phase": "ReelyardPodsPending",
        "What KEDA reads": "ReelyardKedaScalerErrors",
        "KEDA's errors": "ReelyardKedaScalerErrors",
        "Age of the oldest hint": "ReelyardHintsUnclaimed",
        "Consumers in the broker": "ReelyardQueueNoConsumers",
        "Broker alarms": "ReelyardRabbitMQMemoryAlarm",
        "Messages that found no queue": "ReelyardRabbitMQUnroutable",
        "Scheduler loops, p95": "ReelyardSchedulerLoopStopped",
        "Lost in the last hour": "ReelyardNodeLost",
        "Speed of encodes": "ReelyardEncodeSlow",
        "Encodes stopped by the watchdog": "ReelyardEncodeStalls",
        "Scratch in use": "ReelyardScratchNearlyFull",
        "Encoders by self-test": "ReelyardSelfTestFailed",
        "Self-test": "ReelyardGpuSelfTestFailed",
        "Encoder sessions": "ReelyardGpuSessionsNearLimit",
        "Sessions that could not be opened": "ReelyardGpuSessionsRefused",
        "XID errors": "ReelyardGpuXid",
        "Scraped": "ReelyardTargetDown",
        "Database and broker": "ReelyardDatabaseDown",
        "Database and broker reachable": "ReelyardDatabaseDown",
        "Share of failed requests": "ReelyardStorageErrors",
        "Deliveries by place and outcome": "ReelyardDeliveriesFailing",
        "Notifications by outcome": "ReelyardNotificationsRefused",
        "Waiting notifications": "ReelyardWebhookBacklog",
        "Cost of a minute of output": "ReelyardCostPerMinuteHigh",
    }
)
