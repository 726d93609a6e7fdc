"""The description of the API held against a running gateway: generated requests, and every answer checked by it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import CHECKS

from tests.integration.gateway_rig import KEY, Rig, running_rig

#: What the API does otherwise by contract: a wrong value is answered 200 with `Success: false`, as the original API
#: does it, so neither "refused" nor "accepted" nor "gone" can be read off the status.
NOT_BY_STATUS = ("negative_data_rejection", "positive_data_acceptance", "missing_required_header", "use_after_free")
#: They need several accounts, or none; tests of keys and accounts are about that.
NOT_HERE = ("object_level_authorization", "ensure_resource_availability", "ignored_auth")


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with running_rig(tmp_path_factory.mktemp("openapi")) as running:
        yield running


@pytest.fixture(scope="module")
def described(rig: Rig) -> Any:
    schema = schemathesis.openapi.from_url(f"{rig.url}/openapi.json")
    schema.validate()
    return schema


@pytest.fixture(scope="module")
def checks() -> list[Any]:
    return CHECKS.get_by_names([name for name in CHECKS.get_all_names() if name not in NOT_BY_STATUS + NOT_HERE])


def operations_of(described: Any) -> list[Any]:
    return [each.ok() for each in described.get_all_operations()]


def send(rig: Rig, case: Any, checks: list[Any]) -> requests.Response:
    """Send a case with the right key, and hold the answer against the description."""
    case.headers = {**(case.headers or {}), "Authorization": f"Bearer {KEY}"}
    case.query = {name: value for name, value in (case.query or {}).items() if name != "ApiKey"}
    if isinstance(case.body, dict):
        case.body.pop("ApiKey", None)
    response = case.call(base_url=rig.url, timeout=30)
    case.validate_response(response, checks=checks)
    return response


def send_generated(rig: Rig, operation: Any, checks: list[Any]) -> int:
    """Send what can be generated for one operation; how many requests that were."""
    sent: list[requests.Response] = []

    @settings(
        max_examples=15,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def send_one(case: Any) -> None:
        sent.append(send(rig, case, checks))

    send_one()
    return len(sent)


def test_generated_requests_are_answered_as_described(rig: Rig, described: Any, checks: list[Any]) -> None:
    sent = {each.label: send_generated(rig, each, checks) for each in operations_of(described)}

    assert len(sent) > 15
    assert all(sent.values()), sent


def test_what_is_there_is_answered_as_described(rig: Rig, described: Any, checks: list[Any], tmp_path: Path) -> None:
    """Generated IDs seldom are those of an object: the reading calls once more, with some that are there."""
    body = {
        "SourceMediaURL": "https://media.example.com/a.mov",
        "OutputJobs": [{"OutputFormatID": 0, "MediaContainerCode": "mp4", "Title": "A & B"}],
    }
    created = rig.post("job/create", json=body).json()
    clip = tmp_path / "clip"
    clip.write_bytes(b"not a clip, but a file")
    output_id = rig.publish(clip).split("/")[3]
    ids = {"job_id": created["OutputJobs"][0]["JobID"], "ingest_id": created["IngestJobID"], "format_id": 1}

    read = set()
    for operation in operations_of(described):
        names = [each.name for each in operation.path_parameters]
        if operation.method != "get":
            continue
        for id_of in ids | {"media_id": output_id}:
            if names not in ([], [id_of]):
                continue
            case = operation.Case(path_parameters={name: (ids | {"media_id": output_id})[name] for name in names})
            if send(rig, case, checks).json()["Success"]:
                read.add(operation.path)

    assert {"/api/v1/job/active", "/api/v1/job/{job_id}", "/api/v1/ingest/{ingest_id}"} <= read
    assert {"/api/v1/media/output", "/api/v1/media/output/{media_id}", "/api/v1/format/{format_id}"} <= read


def test_the_page_shows_every_call_and_loads_nothing(rig: Rig) -> None:
    document = requests.get(f"{rig.url}/openapi.json", timeout=30).json()

    page = requests.get(f"{rig.url}/docs", timeout=30)

    assert page.status_code == 200
    for path in document["paths"]:
        assert f"<code>{path}</code>" in page.text
    assert "<script" not in page.text
    assert "src=" not in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]


def test_the_description_needs_no_key_and_holds_none(rig: Rig) -> None:
    answer = requests.get(f"{rig.url}/openapi.json", timeout=30)

    assert answer.status_code == 200
    assert answer.json()["openapi"].startswith("3.1")
    assert KEY not in answer.text
