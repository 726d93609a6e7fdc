"""Every setting of the product, gathered from the settings classes of all its processes."""

from dataclasses import dataclass

from encoder_node.settings import NodeSettings
from gateway.settings import GatewaySettings
from reelyard.cli.data_folder import DataSettings
from reelyard.cluster.settings import describe
from scheduler.settings import SchedulerSettings

_PROCESSES = (
    ("standalone", DataSettings),
    ("gateway", GatewaySettings),
    ("scheduler", SchedulerSettings),
    ("node", NodeSettings),
)


@dataclass(frozen=True, kw_only=True)
class ListedSetting:
    """One setting; `used_by` names the processes of a cluster, or standalone when it is its alone."""

    name: str
    default: str
    meaning: str
    used_by: tuple[str, ...]


def all_settings() -> tuple[ListedSetting, ...]:
    """Every setting once, by name; values are not looked at, so secrets cannot be shown."""
    found: dict[str, ListedSetting] = {}
    for process, cls in _PROCESSES:
        for info in describe(cls):
            used_by = (*found[info.name].used_by, process) if info.name in found else (process,)
            found[info.name] = ListedSetting(
                name=info.name, default=info.default, meaning=info.meaning, used_by=used_by
            )
    return tuple(found[name] for name in sorted(found))
