"""The services in their images, as a restricted pod has them, with real servers outside: a job goes through them."""

import base64
import json
import os
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from deploy.images.build import image_name
from deploy.images.containers import Container, image_config
from deploy.images.store import Store
from deploy.local.ports import Ports
from reelyard.cli.demo.clip import describe
from reelyard.cli.demo.flow import OUTPUTS
from reelyard.cli.demo.peers import Peers
from reelyard.cli.demo.rest import RestClient
from reelyard.media.catalogue import gpu_encoders, probed_encoders, scarce_encoders

KEY = "ry_images_0123456789abcdef0123456789"
KILLED = 137


@dataclass
class Running:
    """The services in containers."""

    containers: dict[str, Container] = field(default_factory=dict)
    ports: dict[str, int] = field(default_factory=dict)
    settings: dict[str, dict[str, str]] = field(default_factory=dict)

    def url(self, name: str, path: str) -> str:
        return f"http://127.0.0.1:{self.ports[name]}{path}"

    def ready(self, name: str) -> bool:
        try:
            with urllib.request.urlopen(self.url(f"{name}-metrics", "/readyz"), timeout=5) as answer:
                return answer.status == 200
        except (urllib.error.URLError, ConnectionError):
            return False


def settings_of(rabbitmq: Any, postgresql: Any, s3: Any, ports: dict[str, int]) -> dict[str, dict[str, str]]:
    broker = {"REELYARD_BROKER_URL": rabbitmq.url}
    shared = {
        "REELYARD_STORAGE_URL": s3.storage_url("images"),
        "AWS_ACCESS_KEY_ID": s3.access_key,
        "AWS_SECRET_ACCESS_KEY": s3.secret_key,
        "REELYARD_RPC_TOKEN": "t" * 32,
    }
    address = {"REELYARD_SCHEDULER_ADDRESS": f"127.0.0.1:{ports['grpc']}"}
    fetch = {"REELYARD_FETCH_ALLOW_CIDRS": "127.0.0.0/8"}
    scheduler = {
        "REELYARD_DATABASE_URL": postgresql.create_database("images"),
        "REELYARD_SCHEDULER_LISTEN": f"127.0.0.1:{ports['grpc']}",
        "REELYARD_SECRET_KEY": base64.urlsafe_b64encode(os.urandom(32)).decode(),
        "REELYARD_API_KEY": KEY,
        "REELYARD_RATE_LIMIT": "0",
    }
    gateway = {"REELYARD_HTTP_HOST": "127.0.0.1", "REELYARD_HTTP_PORT": str(ports["http"])}
    encoder = {"REELYARD_SLOTS": "ingest:1,encode.cpu:2,store:1,distribute:2"}
    by_service = {
        "scheduler": shared | broker | fetch | scheduler,
        "gateway": shared | address | gateway,
        "encoder": shared | broker | address | fetch | encoder,
    }
    return {k: v | {"REELYARD_METRICS_PORT": str(ports[f"{k}-metrics"])} for k, v in by_service.items()}


@pytest.fixture(scope="module")
def running(store: Store, rabbitmq: Any, postgresql: Any, s3: Any) -> Iterator[Running]:
    held = Ports()
    names = ("grpc", "http", "scheduler-metrics", "gateway-metrics", "encoder-metrics")
    ports = {name: held.draw() for name in names}
    found = Running(ports=ports, settings=settings_of(rabbitmq, postgresql, s3, ports))
    with ExitStack() as stack:
        migrate = Container.start(
            store, image_name("scheduler"), ["migrate"], settings=found.settings["scheduler"], name="migrate"
        )
        stack.callback(migrate.remove)
        assert migrate.wait(timeout_s=60) == 0, migrate.log()
        for name, settings in found.settings.items():
            container = Container.start(store, image_name(name), [], settings=settings, name=name)
            stack.callback(container.remove)
            found.containers[name] = container
            container.wait_for(lambda name=name: found.ready(name), what="ready")
        held.release()
        yield found


def test_the_self_test_of_the_encoder_image_finds_every_encoder_of_the_catalogue(running: Running) -> None:
    lines = [line for line in running.containers["encoder"].log().splitlines() if line.startswith("{")]
    tried = next(entry for entry in map(json.loads, lines) if entry["event"] == "encoders_tried")

    assert set(probed_encoders()) - set(tried["working"]) <= gpu_encoders() | scarce_encoders()
    assert "libx264" in tried["working"]
    assert "libopencore_amrnb" in tried["working"]


@pytest.mark.parametrize("name", ["gateway", "scheduler", "encoder"])
def test_the_health_check_of_the_image_passes_in_it(running: Running, store: Store, name: str) -> None:
    command = image_config(store, image_name(name))["Healthcheck"]["Test"][1:]

    assert running.containers[name].execute(*command) == ""


@pytest.mark.parametrize("name", ["gateway", "scheduler", "encoder"])
def test_the_process_has_no_rights_and_cannot_get_any(running: Running, name: str) -> None:
    status = running.containers[name].execute("cat", "/proc/1/status")
    facts = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)

    assert facts["Uid"].split() == ["10001"] * 4
    assert facts["NoNewPrivs"] == "1"
    assert {int(facts[f"Cap{kind}"], 16) for kind in ("Inh", "Prm", "Eff", "Bnd", "Amb")} == {0}


@pytest.mark.parametrize("name", ["gateway", "scheduler", "encoder"])
def test_the_root_cannot_be_written(running: Running, name: str) -> None:
    said = running.containers[name].execute("sh", "-c", "touch /opt/x /home/x /etc/x /var/x 2>&1; true")

    assert said.count("Read-only file system") == 4


def test_a_job_goes_through_the_containers(running: Running, clip: Path, tmp_path: Path) -> None:
    client = RestClient(running.url("http", ""), KEY)
    with Peers(clip) as peers:
        ids = client.create(peers.clip_url, [wanted | {"PingUrl": peers.ping_url} for wanted in OUTPUTS.values()])
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            jobs = [client.job(job_id) for job_id in ids]
            if all(job["Status"] in {"Completed", "Failed"} for job in jobs):
                break
            time.sleep(0.2)
        notices = peers.notifications(set(ids), 15)
    files = {}
    for name, job in zip(OUTPUTS, jobs, strict=True):
        assert job["Status"] == "Completed", job
        asset = client.output(int(job["OutputMediaID"]))
        client.download(str(asset["FileURL"]), tmp_path / name)
        files[name] = describe(tmp_path / name)
    client.close()

    assert "h264 160x120" in files["mp4"]
    assert "vp8 320x240" in files["webm"]
    assert "mp3 " in files["mp3"]
    assert {int(notice["JobID"]) for notice in notices} == set(ids)


@pytest.mark.parametrize("name", ["encoder", "gateway", "scheduler"])
def test_at_sigterm_it_ends_by_itself_and_well(running: Running, name: str) -> None:
    assert running.containers[name].stop(grace_s=60) == 0, running.containers[name].log()[-2000:]


def test_sigterm_during_the_start_ends_it_at_once(running: Running, store: Store) -> None:
    settings = running.settings["encoder"]
    container = Container.start(store, image_name("encoder"), [], settings=settings, name="early")
    status = container.stop(grace_s=60)
    container.remove()

    assert status in {0, 143}
