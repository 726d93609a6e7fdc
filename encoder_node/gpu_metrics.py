"""What NVML, the library of NVIDIA's driver, says of the GPUs that this process may see; asked at each scrape."""

from collections.abc import Callable
from typing import Any

import pynvml
import structlog
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

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


class GpuCollector(Collector):
    """Encoder sessions and load of each GPU. Without NVML or a GPU it has names and no values, and says so once.

    What a GPU does not tell (the engines' load under MIG, for one) is left out. `gpu` is its number in this process:
    a pod with one GPU has 0.
    """

    def __init__(self) -> None:
        self._gpus = _gpus()

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
        for gpu, handle in self._gpus:
            open_now = _ask(lambda h: len(pynvml.nvmlDeviceGetEncoderSessions(h)), handle)
            if open_now is not None:
                sessions.add_metric([gpu], open_now)
            if _ask(pynvml.nvmlDeviceGetBrand, handle) in _LIMITED:
                limit.add_metric([gpu], _LIMITED_SESSIONS)
            for engine, percent in _load(handle).items():
                if percent is not None:
                    load.add_metric([gpu, engine], percent / _PERCENT)
        return [sessions, limit, load]


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
