"""Every number that the simulation goes by, in one place. Those of KEDA are read from the manifests where they are."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[3]
SCALED_OBJECT = ROOT / "deploy/k8s/components/keda/encoder-cpu.yaml"
SCALED_JOB = ROOT / "deploy/k8s/components/encoder-scaledjob/scaledjob.yaml"
MEASURED = ROOT / "docs/scaling/measured.json"

HOUR_S = 3600.0
DAY_S = 24 * HOUR_S
MEDIA_METRIC = "reelyard_queue_backlog_media_seconds"


@dataclass(frozen=True, kw_only=True)
class Policy:
    """One policy of an HPA: at most so many pods, or per cent of them, in a period."""

    kind: str
    value: int
    period_s: float


@dataclass(frozen=True, kw_only=True)
class Hpa:
    """A ScaledObject and the HorizontalPodAutoscaler that KEDA makes of it. Times are seconds."""

    threshold: float
    min_replicas: int = 1
    max_replicas: int = 20
    polling_s: float = 15.0
    cooldown_s: float = 600.0
    sync_s: float = 15.0  # kube-controller-manager's --horizontal-pod-autoscaler-sync-period
    tolerance: float = 0.1  # its --horizontal-pod-autoscaler-tolerance
    up_stabilization_s: float = 0.0
    down_stabilization_s: float = 600.0
    up: tuple[Policy, ...] = (
        Policy(kind="Pods", value=4, period_s=15),
        Policy(kind="Percent", value=100, period_s=15),
    )
    down: tuple[Policy, ...] = (Policy(kind="Pods", value=1, period_s=120),)


@dataclass(frozen=True, kw_only=True)
class Jobs:
    """A ScaledJob with the strategy "accurate"."""

    threshold: float = 1.0
    max_replicas: int = 20
    polling_s: float = 15.0


@dataclass(frozen=True, kw_only=True)
class Machines:
    """The cluster below: what a pod costs in time and money."""

    cpus: int = 4  # that a pod asks for; one pod a machine
    start_s: tuple[float, float] = (90.0, 240.0)  # a new machine, from asking for it to a pod that runs on it
    pod_start_s: tuple[float, float] = (8.0, 20.0)  # on a machine that is there: image cached, encoders tried
    idle_s: float = 600.0  # cluster-autoscaler's --scale-down-unneeded-time
    price_per_hour: float = 0.20  # a machine of four CPUs on demand, in any currency
    spot_price_per_hour: float = 0.07
    spot_losses_per_hour: float = 0.05  # of a machine
    spot_notice_s: float = 120.0
    spot_without_notice: float = 0.1  # share of the losses
    drain_s: float = 540.0  # REELYARD_DRAIN_SECONDS of the pods
    hand_back_s: float = 15.0  # what is kept of a notice for handing back


@dataclass(frozen=True, kw_only=True)
class Load:
    """What clients ask for in a day."""

    jobs: int = 10_000
    night: float = 0.25  # demand at its lowest, of that at its highest
    bursts: tuple[tuple[float, float, float], ...] = (  # begin and length in hours, share of the day's jobs
        (7.5, 0.25, 0.02),
        (12.0, 0.25, 0.04),
        (20.5, 0.5, 0.06),
    )
    median_s: float = 90.0  # of media; lognormal
    sigma: float = 1.1
    longest_s: float = 2 * HOUR_S
    #: Pictures against 1280x720, and how many of the jobs have them.
    sizes: tuple[tuple[float, float], ...] = ((0.45, 0.3), (1.0, 0.45), (2.25, 0.25))
    accounts: tuple[tuple[int, float], ...] = ((1, 0.6), (1, 0.2), (2, 0.15), (1, 0.05))  # weight, share of the jobs


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What the real encoder and the real scheduler take, in seconds; `tests.bench.scaling.measure` finds it out."""

    cpu_s_per_media_s: float
    dispatch_s: float
    fixed_s: float


def scaled_object(path: Path = SCALED_OBJECT) -> Hpa:
    """The ScaledObject of the CPU encoders; the same numbers, from this file, where there are no manifests."""
    if not path.exists():
        return Hpa(threshold=600.0)
    spec = yaml.safe_load(path.read_text())["spec"]
    trigger = next(each for each in spec["triggers"] if MEDIA_METRIC in each["metadata"]["query"])
    behavior = spec["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]
    return Hpa(
        threshold=float(trigger["metadata"]["threshold"]),
        min_replicas=spec["minReplicaCount"],
        max_replicas=spec["maxReplicaCount"],
        polling_s=float(spec["pollingInterval"]),
        cooldown_s=float(spec["cooldownPeriod"]),
        up_stabilization_s=float(behavior["scaleUp"]["stabilizationWindowSeconds"]),
        down_stabilization_s=float(behavior["scaleDown"]["stabilizationWindowSeconds"]),
        up=_policies(behavior["scaleUp"]),
        down=_policies(behavior["scaleDown"]),
    )


def scaled_job(path: Path = SCALED_JOB) -> Jobs:
    """The ScaledJob of the long encodes; the same numbers, from this file, where there are no manifests."""
    if not path.exists():
        return Jobs()
    spec = yaml.safe_load(path.read_text())["spec"]
    return Jobs(
        threshold=float(spec["triggers"][0]["metadata"]["threshold"]),
        max_replicas=spec["maxReplicaCount"],
        polling_s=float(spec["pollingInterval"]),
    )


def measured(path: Path = MEASURED) -> Measured:
    """What was measured last."""
    found = json.loads(path.read_text())
    return Measured(**{name: found[name] for name in Measured.__annotations__})


def _policies(rules: dict[str, Any]) -> tuple[Policy, ...]:
    return tuple(
        Policy(kind=each["type"], value=each["value"], period_s=float(each["periodSeconds"]))
        for each in rules["policies"]
    )
