"""XML through the gateway as it runs: real HTTP, real gRPC to a real scheduler."""

import socket
from collections.abc import Iterator
from xml.etree import ElementTree as ET

import pytest
import requests

from tests.integration.gateway_rig import KEY, Rig, running_rig

NAMESPACE = "http://schemas.datacontract.org/2004/07/TranscodeEngine.API.v1.Models"
NS = {"": NAMESPACE}
SOURCE = "http://source.example/clip.mov?a=1&b=2"
CREATE = f"""<?xml version="1.0" encoding="utf-16"?>
<CreateJob xmlns:i="http://www.w3.org/2001/XMLSchema-instance" xmlns="{NAMESPACE}">
  <OutputJobs>
    <OutputJobItem>
      <OutputFormatID>4</OutputFormatID>
      <Title>Žluťoučký &lt;Fair&gt;</Title>
      <CustomerReferenceID>a4tg3fwe</CustomerReferenceID>
      <Width i:nil="true" />
    </OutputJobItem>
    <OutputJobItem>
      <OutputFormatID>0</OutputFormatID>
      <MediaContainerCode>webm</MediaContainerCode>
      <VideoCodecCode>h264</VideoCodecCode>
    </OutputJobItem>
  </OutputJobs>
  <SourceMediaURL>http://source.example/clip.mov?a=1&amp;b=2</SourceMediaURL>
</CreateJob>
""".encode("utf-16")


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with running_rig(tmp_path_factory.mktemp("gateway")) as running:
        yield running


def root_of(response: requests.Response) -> ET.Element:
    assert response.headers["Content-Type"] == "application/xml"
    return ET.fromstring(response.content)


def test_jobs_are_created_and_read_back_in_xml(rig: Rig) -> None:
    created = root_of(rig.post("job/create", data=CREATE, headers={"Content-Type": "application/xml"}))

    good, incompatible = created.findall("OutputJobs/JobCreationStatus", NS)
    assert created.findtext("Success", namespaces=NS) == good.findtext("Success", namespaces=NS) == "true"
    assert incompatible.findtext("ErrorCode", namespaces=NS) == "incompatible_format"
    assert "VideoCodecCode is 'h264'" in (incompatible.findtext("ErrorMessage", namespaces=NS) or "")

    as_xml = {"Accept": "application/xml"}
    job = root_of(rig.get(good.findtext("JobStatusLocation", namespaces=NS) or "", headers=as_xml))
    assert job.findtext("job/MediaTitle", namespaces=NS) == "Žluťoučký <Fair>"
    assert job.findtext("job/CustomerReferenceID", namespaces=NS) == "a4tg3fwe"
    assert job.findtext("job/Status", namespaces=NS) == "AddedToQueue"

    job_ids = [each.text for each in root_of(rig.get("job/active", headers=as_xml)).iterfind("jobs/*/JobID", NS)]
    assert good.findtext("JobID", namespaces=NS) in job_ids
    location = created.findtext("IngestJobStatusLocation", namespaces=NS) or ""
    ingest = root_of(rig.get(location, headers=as_xml))
    assert SOURCE.startswith(ingest.findtext("ingest/RemoteURL", namespaces=NS) or "nothing")
    listed = root_of(rig.get("ingest/active", headers=as_xml))
    assert [each.tag for each in listed.findall("ingests/*", NS)] == [f"{{{NAMESPACE}}}IngestStatusItem"]


def test_both_formats_tell_the_same_of_media_and_formats(rig: Rig) -> None:
    for path in ("media/input", "media/output", "format", "format/4"):
        in_json = rig.get(path).json()
        in_xml = root_of(rig.get(path, headers={"Accept": "application/xml"}))
        assert {each.tag.removeprefix(f"{{{NAMESPACE}}}") for each in in_xml} == set(in_json)


@pytest.mark.parametrize(
    ("path", "status", "root", "code"),
    [
        ("job/999999999", 200, "GetJobResponse", "job_not_found"),
        ("media/output/999999999", 200, "GetOutputItemResponse", "asset_not_found"),
        ("nothing", 404, "ErrorResponse", "not_found"),
    ],
)
def test_errors_are_told_in_xml(rig: Rig, path: str, status: int, root: str, code: str) -> None:
    response = rig.get(path, headers={"Accept": "application/xml"})

    told = root_of(response)
    assert (response.status_code, told.tag) == (status, f"{{{NAMESPACE}}}{root}")
    assert told.findtext("ErrorCode", namespaces=NS) == code


def test_an_entity_of_a_request_fetches_nothing(rig: Rig) -> None:
    with socket.create_server(("127.0.0.1", 0)) as trap:
        trap.settimeout(0)
        place = f"http://127.0.0.1:{trap.getsockname()[1]}/x.dtd"
        hostile = f'<!DOCTYPE a SYSTEM "{place}" [<!ENTITY % p SYSTEM "{place}"> %p;]><CreateJob/>'
        response = rig.post("job/create", data=hostile, headers={"Content-Type": "text/xml"})

        with pytest.raises(BlockingIOError):
            trap.accept()
    assert root_of(response).findtext("ErrorCode", namespaces=NS) == "malformed_request"


def test_a_body_over_the_limit_is_refused_in_xml(rig: Rig) -> None:
    body = b"<CreateJob>" + b" " * (2 * 1024 * 1024) + b"</CreateJob>"

    response = rig.post("job/create", data=body, headers={"Content-Type": "application/xml"})

    assert response.status_code == 413
    assert root_of(response).findtext("ErrorCode", namespaces=NS) == "request_too_large"


def test_a_wrong_key_is_told_in_xml_by_the_format_of_the_query(rig: Rig) -> None:
    response = requests.get(f"{rig.url}/api/v1/job/1?format=xml&ApiKey={KEY}x", timeout=30)

    assert response.status_code == 401
    assert root_of(response).findtext("ErrorCode", namespaces=NS) == "unauthorized"
