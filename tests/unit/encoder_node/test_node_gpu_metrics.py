"""The GPU's numbers, by NVIDIA's own Python binding over a library that stands in for the driver's.

There is no GPU here: the library is made of a few lines of C with NVML's names. It answers for two GPUs; the second
tells nothing but that it is there, as one under MIG.
"""

import ctypes.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.conftest import needs

SOURCE = r"""
#include <stddef.h>
#include <unistd.h>
enum { SUCCESS = 0, NOT_SUPPORTED = 3 };
typedef struct { unsigned gpu, memory; } utilization;
static int gpus[2] = {0, 1};
int nvmlInitWithFlags(unsigned flags) { sleep(HANGS_FOR_S); return SUCCESS; }
int nvmlDeviceGetCount_v2(unsigned *count) { *count = COUNT; return SUCCESS; }
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **device) { *device = &gpus[index]; return SUCCESS; }
static int first(void *device) { return device == &gpus[0]; }
int nvmlDeviceGetEncoderSessions(void *device, unsigned *count, void *sessions) {
    if (!first(device)) return NOT_SUPPORTED;
    *count = 3;
    return SUCCESS;
}
int nvmlDeviceGetBrand(void *device, unsigned *brand) { *brand = first(device) ? 5 : 2; return SUCCESS; }
int nvmlDeviceGetUtilizationRates(void *device, utilization *rates) {
    if (!first(device)) return NOT_SUPPORTED;
    rates->gpu = 40; rates->memory = 25;
    return SUCCESS;
}
int nvmlDeviceGetEncoderUtilization(void *device, unsigned *percent, unsigned *period) {
    if (!first(device)) return NOT_SUPPORTED;
    *percent = 90; *period = 1000;
    return SUCCESS;
}
int nvmlDeviceGetDecoderUtilization(void *device, unsigned *percent, unsigned *period) {
    if (!first(device)) return NOT_SUPPORTED;
    *percent = 10; *period = 1000;
    return SUCCESS;
}
const char *nvmlErrorString(int code) { return "not supported"; }
"""

SCRAPE = """
import sys
from pathlib import Path
from prometheus_client import CollectorRegistry, generate_latest
from encoder_node.gpu_metrics import GpuCollector
registry = CollectorRegistry()
registry.register(GpuCollector(wait_s=float(sys.argv[2])))
generate_latest(registry)
Path(sys.argv[1]).write_bytes(generate_latest(registry))
"""


def scrape(
    folder: Path, gpus: int | None, *, hangs_for_s: int = 0, wait_s: float = 60.0
) -> tuple[dict[tuple[str, str], float], str]:
    """What a process with so many GPUs shows (None: without a driver), by name and labels, and what it logs."""
    if gpus is not None:
        needs("gcc", shutil.which("gcc") is not None)
        (folder / "nvml.c").write_text(SOURCE)
        library = folder / "libnvidia-ml.so.1"
        given = (f"-DCOUNT={gpus}", f"-DHANGS_FOR_S={hangs_for_s}")
        subprocess.run(["gcc", "-shared", "-fPIC", *given, "-o", str(library), str(folder / "nvml.c")], check=True)
    done = subprocess.run(
        [sys.executable, "-c", SCRAPE, str(folder / "shown"), str(wait_s)],
        env={**os.environ, "LD_LIBRARY_PATH": str(folder), "NO_COLOR": "1"},
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=True,
    )
    samples = {}
    for family in text_string_to_metric_families((folder / "shown").read_text()):
        for sample in family.samples:
            samples[sample.name, ",".join(sorted(sample.labels.values()))] = sample.value
    said = [line for line in done.stdout.splitlines() if "gpus_not_measured" in line or "gpu_driver" in line]
    return samples, "\n".join(said)


def test_sessions_limits_and_load_of_each_gpu_are_shown(tmp_path: Path) -> None:
    samples, said = scrape(tmp_path, 2)

    assert samples == {
        ("reelyard_gpu_encoder_sessions", "0"): 3,
        ("reelyard_gpu_encoder_sessions_limit", "0"): 8,  # a GeForce
        ("reelyard_gpu_utilization_ratio", "0,enc"): 0.9,
        ("reelyard_gpu_utilization_ratio", "0,dec"): 0.1,
        ("reelyard_gpu_utilization_ratio", "0,sm"): 0.4,
        ("reelyard_gpu_utilization_ratio", "0,mem"): 0.25,
    }
    assert said == ""


@pytest.mark.parametrize("gpus", [0, None])
def test_without_a_gpu_or_a_driver_there_are_no_numbers_and_one_line_in_the_log(
    tmp_path: Path, gpus: int | None
) -> None:
    if gpus is None and ctypes.util.find_library("nvidia-ml") is not None:
        pytest.skip("this machine has NVIDIA's driver")
    samples, said = scrape(tmp_path, gpus)

    assert samples == {}
    assert said.count("gpus_not_measured") == 1


def test_a_driver_that_hangs_keeps_nobody_waiting(tmp_path: Path) -> None:
    samples, said = scrape(tmp_path, 2, hangs_for_s=3600, wait_s=0.1)

    assert samples == {}
    assert said.count("gpu_driver_silent") == 1, "of two scrapes"
