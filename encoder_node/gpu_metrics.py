"""What NVML, the library of NVIDIA's driver, says of the GPUs that this process may see; asked at each scrape."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pynvml
import structlog
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from reelyard.cluster.outage import Outage
from reelyard.cluster.slow_reading import SlowReading

log = structlog.get_logger(__name__)

#: Sessions that drivers since 550 (2024) allow at once on all cards of these makes together; older ones allow fewer.
#: NVML does not tell the limit. Other makes have none but memory and speed, so there is no series for them.
_LIMITED_SESSIONS = 8
_LIMITED = frozenset(
    {
        *(pynvml.NVML_BRAND_GEFORCE, pynvml.NVML_BRAND_GEFORCE_RTX),
        *(pynvml.NVML_BRAND_TITAN, pynvml.NVML_BRAND_TITAN_RTX),
    }
)
_PERCENT = 100
#: How long a scrape waits for the driver, in seconds: it answers in milliseconds, or in a second or two when it has to
#: wake the GPU up. With what a standalone's database is given it is less than Prometheus' 10.
DRIVER_WAIT_S = 2.0


@dataclass(frozen=True, kw_only=True)
class _Gpu:
    """What one GPU said; None is what it does not tell."""

    number: str
    sessions: int | None
    limited: bool
    load: Mapping[str, float | None]


class GpuCollector(Collector):
    """Encoder sessions and load of each GPU. Without NVML or a GPU it has names and no values, and says so once.

    What a GPU does not tell (the engines' load under MIG, for one) is left out. `gpu` is its number in this process:
    a pod with one GPU has 0.

    Args:
        wait_s: for how long a scrape waits for the driver, in seconds. One that hangs neither keeps the node from
            starting nor hides the node's other numbers.
    """

    def __init__(self, *, wait_s: float = DRIVER_WAIT_S) -> None:
        self._wait_s = wait_s
        self._handles: list[tuple[str, Any]] | None = None  # until NVML was opened
        self._reading = SlowReading(self._read, name="gpus")
        self._outage = Outage(log, begins="gpu_driver_silent", ends="gpu_driver_answers_again")

    def describe(self) -> list[GaugeMetricFamily]:
        """The names, without values."""
        return [
            GaugeMetricFamily("reelyard_gpu_encoder_sessions", "Encoder sessions that are open.", labels=["gpu"]),
            GaugeMetricFamily(
                "reelyard_gpu_encoder_sessions_limit",
                "Encoder sessions that the driver allows; no series where it sets no limit.",
                labels=["gpu"],
            ),
            GaugeMetricFamily(
                "reelyard_gpu_utilization_ratio",
                "Share of the time in which an engine of the GPU worked, lately.",
                labels=["gpu", "engine"],
            ),
        ]

    def collect(self) -> list[GaugeMetricFamily]:
        """The values."""
        sessions, limit, load = self.describe()
        gpus = self._reading.get(self._wait_s)
        if gpus is None:
            self._outage.failed(f"no answer within {self._wait_s:g} s")
        else:
            self._outage.over()
        for gpu in gpus or ():
            if gpu.sessions is not None:
                sessions.add_metric([gpu.number], gpu.sessions)
            if gpu.limited:
                limit.add_metric([gpu.number], _LIMITED_SESSIONS)
            for engine, percent in gpu.load.items():
                if percent is not None:
                    load.add_metric([gpu.number, engine], percent / _PERCENT)
        return [sessions, limit, load]

    def _read(self) -> tuple[_Gpu, ...]:
        if self._handles is None:
            self._handles = _gpus()
        return tuple(_gpu(number, handle) for number, handle in self._handles)


def _gpu(number: str, handle: Any) -> _Gpu:
    return _Gpu(
        number=number,
        sessions=_ask(lambda h: len(pynvml.nvmlDeviceGetEncoderSessions(h)), handle),
        limited=_ask(pynvml.nvmlDeviceGetBrand, handle) in _LIMITED,
        load=_load(handle),
    )


def _gpus() -> list[tuple[str, Any]]:
    """The GPUs by their numbers; the library stays open as long as the process lives."""
    try:
        pynvml.nvmlInit()
        found = [(str(index), pynvml.nvmlDeviceGetHandleByIndex(index)) for index in range(pynvml.nvmlDeviceGetCount())]
    except pynvml.NVMLError as error:
        log.info("gpus_not_measured", reason=str(error))
        return []
    if not found:
        log.info("gpus_not_measured", reason="NVML shows no GPU")
    return found


def _load(handle: Any) -> dict[str, float | None]:
    """How busy each engine is, in percent."""
    whole = _ask(pynvml.nvmlDeviceGetUtilizationRates, handle)
    encoder = _ask(pynvml.nvmlDeviceGetEncoderUtilization, handle)
    decoder = _ask(pynvml.nvmlDeviceGetDecoderUtilization, handle)
    return {
        "enc": encoder[0] if encoder is not None else None,
        "dec": decoder[0] if decoder is not None else None,
        "sm": whole.gpu if whole is not None else None,
        "mem": whole.memory if whole is not None else None,
    }


def _ask(question: Callable[[Any], Any], handle: Any) -> Any:
    """The driver's answer, None where it has none."""
    try:
        return question(handle)
    except pynvml.NVMLError as error:
        log.debug("gpu_did_not_say", question=getattr(question, "__name__", ""), error=str(error))
        return None
