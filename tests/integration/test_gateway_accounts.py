"""Accounts over real HTTP: two gateways and two schedulers on one database, and two accounts that must not meet."""

import secrets
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import requests

from gateway.settings import GatewaySettings
from reelyard.cluster.settings_parsers import networks
from scheduler import wiring as scheduler_wiring
from scheduler.settings import SchedulerSettings
from scheduler.store.database import Database
from scheduler.usecases.accounts import create_account, set_rate_limit
from scheduler.usecases.keys import create_key
from tests.integration.gateway_rig import KEY, running_gateway, running_rig
from tests.secret_key import SEALER, SECRET_KEY

XML = "{http://schemas.datacontract.org/2004/07/TranscodeEngine.API.v1.Models}"
LIMIT = 200
REQUESTS = 1100
THREADS = 16


@dataclass
class Cluster:
    """Two gateways in front of two schedulers."""

    urls: list[str]
    database: Database

    def call(self, method: str, path: str, key: str, *, gateway: int = 0, **kwargs: Any) -> requests.Response:
        """One request of the API."""
        url = f"{self.urls[gateway]}/api/v1/{path}"
        return requests.request(method, url, params={"ApiKey": key}, timeout=60, **kwargs)

    def account(self, name: str, role: str = "full") -> str:
        """The key of a new account."""
        return create_key(self.database, create_account(self.database, name).account_id, "", role).secret


@pytest.fixture(params=["sqlite", "postgresql"])
def cluster(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Cluster]:
    url = f"sqlite:////{tmp_path}/reelyard.db"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgresql").create_database(f"accounts_{secrets.token_hex(4)}")
    token = secrets.token_urlsafe(16)
    with ExitStack() as running:
        schedulers = []
        for _ in range(1 if request.param == "sqlite" else 2):  # SQLite is for one scheduler
            scheduler = scheduler_wiring.build(
                SchedulerSettings(
                    database_url=url,
                    broker_url="memory:",
                    listen="127.0.0.1:0",
                    rpc_token=token,
                    secret_key=(SECRET_KEY,),
                    storage_url=f"file://{tmp_path}/store",
                    fetch_allow_cidrs=networks("127.0.0.0/8"),
                )
            )
            scheduler.start()
            running.callback(scheduler.stop)
            schedulers.append(scheduler.address)
        settings = GatewaySettings(
            storage_url=f"file://{tmp_path}/store",
            scheduler_address=tuple(schedulers),
            rpc_token=token,
            http_port=0,
            http_stop_seconds=5,
        )
        urls = [running.enter_context(running_gateway(settings)).url for _ in range(2)]
        database = Database(url, SEALER)
        running.callback(database.close)
        yield Cluster(urls, database)


def test_a_limit_holds_exactly_over_all_gateways(cluster: Cluster) -> None:
    key = cluster.account("busy")
    set_rate_limit(cluster.database, "busy", LIMIT)
    start = threading.Barrier(THREADS)

    def hammer(number: int) -> list[tuple[int, str, str]]:
        seen = []
        with requests.Session() as session:
            start.wait(timeout=60)
            for n in range(number, REQUESTS, THREADS):
                url = f"{cluster.urls[n % 2]}/api/v1/job/active"
                answered = session.get(url, headers={"Authorization": f"Bearer {key}"}, timeout=60)
                headers = answered.headers
                seen.append((answered.status_code, headers["RateLimit-Remaining"], headers.get("Retry-After", "")))
        return seen

    with ThreadPoolExecutor(max_workers=THREADS) as pool:
        answers = [each for part in pool.map(hammer, range(THREADS)) for each in part]

    statuses = [status for status, _, _ in answers]
    assert len(answers) == REQUESTS
    assert set(statuses) == {200, 429}
    assert abs(statuses.count(200) - LIMIT) <= LIMIT / 100
    assert all(remaining == "0" and 0 < int(wait) <= 3600 for status, remaining, wait in answers if status == 429)
    # Another account goes on.
    assert cluster.call("GET", "job/active", cluster.account("calm")).status_code == 200


def test_a_client_reads_its_limit_in_the_headers(cluster: Cluster) -> None:
    key = cluster.account("reader")

    first = cluster.call("GET", "format", key)
    second = cluster.call("HEAD", "format", key, gateway=1)

    assert first.headers["RateLimit-Policy"] == '"hour";q=1000;w=3600'
    assert [each.headers["RateLimit-Remaining"] for each in (first, second)] == ["999", "998"]
    assert (second.status_code, second.content) == (200, b"")
    assert second.headers["Content-Length"] == first.headers["Content-Length"]


def test_a_read_only_key_reads_over_http(cluster: Cluster) -> None:
    key = cluster.account("auditor", "read-only")

    assert cluster.call("GET", "account", key).json()["account"]["Name"] == "auditor"
    refused = cluster.call("POST", "ingest/create", key, json={"SourceMediaURL": "http://127.0.0.1:1/a"})
    assert (refused.status_code, refused.json()["ErrorCode"]) == (403, "forbidden")
    in_xml = cluster.call("DELETE", "format/1", key, headers={"Accept": "application/xml"})
    assert (in_xml.status_code, ET.fromstring(in_xml.content).findtext(f"{XML}ErrorCode")) == (403, "forbidden")
    assert cluster.call("POST", "account/keys", key).status_code == 403


def test_a_repeated_create_is_one_through_either_gateway_and_format(cluster: Cluster) -> None:
    key = cluster.account("careful")
    body = {"SourceMediaURL": "http://127.0.0.1:1/a.mov", "OutputJobs": [{"OutputFormatID": 1}, {"OutputFormatID": 77}]}
    xml = (
        "<r><SourceMediaURL>http://127.0.0.1:1/a.mov</SourceMediaURL><OutputJobs><OutputJobItem><OutputFormatID>1"
        "</OutputFormatID></OutputJobItem><OutputJobItem><OutputFormatID>77</OutputFormatID></OutputJobItem>"
        "</OutputJobs></r>"
    )
    header = {"Idempotency-Key": "order 4711"}

    def create(number: int) -> Any:
        return cluster.call("POST", "job/create", key, gateway=number % 2, json=body, headers=header).json()

    with ThreadPoolExecutor(max_workers=6) as pool:
        answers = list(pool.map(create, range(6)))
    in_xml = cluster.call("POST", "job/create", key, data=xml, headers=header | {"Content-Type": "text/xml"})
    other = cluster.call("POST", "job/create", key, json=body | {"OutputJobs": [{"OutputFormatID": 2}]}, headers=header)

    assert answers == [answers[0]] * 6
    assert [job["Success"] for job in answers[0]["OutputJobs"]] == [True, False]
    assert ET.fromstring(in_xml.content).findtext(f"{XML}IngestJobID") == str(answers[0]["IngestJobID"])
    assert other.json()["ErrorCode"] == "invalid_parameter_value"
    assert other.json()["Message"].startswith("Idempotency-Key is one that came with another request")
    assert cluster.call("GET", "job/active", key).json()["TotalItemCount"] == 1


def test_a_key_is_created_once_and_the_repetition_says_so(cluster: Cluster) -> None:
    key = cluster.account("keys")
    header = {"Idempotency-Key": "k"}

    made = cluster.call("POST", "account/keys", key, json={"Label": "ci", "Role": "read-only"}, headers=header).json()
    again = cluster.call("POST", "account/keys", key, json={"Label": "ci", "Role": "read-only"}, headers=header)

    assert made["key"]["Role"] == "read-only"
    assert again.json()["ErrorCode"] == "conflict"
    assert made["Secret"] not in again.text
    assert cluster.call("GET", "account/keys", key).json()["TotalItemCount"] == 2
    assert cluster.call("GET", "job/active", made["Secret"]).json()["Success"] is True


def test_settings_and_formats_are_the_accounts_own_through_http(cluster: Cluster) -> None:
    mine, theirs = cluster.account("mine"), cluster.account("theirs")
    settings = {
        "DefaultPingUrl": "http://u:geheim@127.0.0.1:1/done",
        "DefaultDeliveryLocation": "ftp://u:geheim@127.0.0.1/in/",
        "WebhookSecret": "geheimes-wort-von-mir",
    }

    changed = cluster.call("PUT", "account", mine, json=settings)
    made = cluster.call("POST", "format", mine, json={"Name": "S", "MediaContainerCode": "mp4", "Height": 120}).json()
    own_id = made["format"]["OutputFormatID"]
    seen = cluster.call("GET", "account", mine, gateway=1, headers={"Accept": "application/xml"})

    assert changed.json()["account"]["DefaultPingUrl"] == "http://127.0.0.1:1/done"
    assert changed.json()["account"]["WebhookSecretSet"] is True
    assert "geheim" not in changed.text + seen.text
    assert cluster.call("GET", "account", theirs).json()["account"]["DefaultPingUrl"] == ""
    for method in ("GET", "PUT", "DELETE"):
        body = {"json": {"Name": "x", "MediaContainerCode": "mp4"}} if method == "PUT" else {}
        refused = cluster.call(method, f"format/{own_id}", theirs, **body)
        assert refused.json()["ErrorCode"] == "profile_not_found"
    source = {"SourceMediaURL": "http://127.0.0.1:1/a.mov", "OutputJobs": [{"OutputFormatID": own_id}]}
    assert cluster.call("POST", "job/create", mine, json=source).json()["Success"] is True
    assert cluster.call("POST", "job/create", theirs, json=source).json()["ErrorCode"] == "profile_not_found"
    cleared = cluster.call(
        "PUT", "account", mine, data=b"<a><DefaultPingUrl/></a>", headers={"Content-Type": "text/xml"}
    )
    assert ET.fromstring(cleared.content).findtext(f"{XML}account/{XML}DefaultPingUrl") == ""
    assert cluster.call("DELETE", f"format/{own_id}", mine).json()["Success"] is True


def test_another_accounts_objects_are_not_there_over_http(cluster: Cluster) -> None:
    mine, theirs = cluster.account("mine"), cluster.account("theirs")
    source = {"SourceMediaURL": "http://127.0.0.1:1/a.mov", "OutputJobs": [{"OutputFormatID": 1}]}
    made = cluster.call("POST", "job/create", mine, json=source).json()
    job, ingest, media = made["OutputJobs"][0]["JobID"], made["IngestJobID"], made["InputMediaID"]
    key_id = cluster.call("GET", "account/keys", mine).json()["keys"][0]["KeyID"]

    for method, path, code in (
        ("GET", f"job/{job}", "job_not_found"),
        ("POST", f"job/{job}/cancel", "job_not_found"),
        ("GET", f"ingest/{ingest}", "ingest_not_found"),
        ("POST", f"ingest/{ingest}/cancel", "ingest_not_found"),
        ("GET", f"media/input/{media}", "asset_not_found"),
        ("DELETE", f"media/input/{media}", "asset_not_found"),
        ("DELETE", f"account/keys/{key_id}", "not_found"),
    ):
        refused = cluster.call(method, path, theirs)
        assert refused.json()["ErrorCode"] == code, path
    assert cluster.call("GET", f"job/{job}", mine).json()["job"]["Status"] == "AddedToQueue"


def test_downloads_health_and_metrics_are_not_counted(tmp_path: Path) -> None:
    with running_rig(tmp_path) as rig:
        before = rig.get("job/active").headers["RateLimit-Remaining"]
        clip = tmp_path / "clip.mp4"
        clip.write_bytes(b"not really a film")
        path = rig.publish(clip)

        for each in (path, "/healthz", "/metrics", "/api/v1/nowhere"):
            assert "RateLimit" not in requests.get(f"{rig.url}{each}", timeout=30).headers

        assert requests.get(f"{rig.url}/api/v1/format?ApiKey=wrong", timeout=30).status_code == 401
        after = rig.get("job/active").headers["RateLimit-Remaining"]
        assert (int(before), int(after)) == (999, 998)
        assert KEY not in str(rig.get("account").json())
