"""One clip through the whole product by a client that knows XML only."""

import time
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import requests

from tests.e2e.conftest import QUICK
from tests.e2e.media_facts import facts
from tests.e2e.peers import Sources
from tests.e2e.seed_client import ENDED
from tests.e2e.services import Standalone

NAMESPACE = "http://schemas.datacontract.org/2004/07/TranscodeEngine.API.v1.Models"
NS = {"": NAMESPACE}
CREATE = """<CreateJob xmlns:i="http://www.w3.org/2001/XMLSchema-instance" xmlns="{namespace}">
<ApiKey>{key}</ApiKey>
<SourceMediaURL>{source}</SourceMediaURL>
<OutputJobs>
<OutputJobItem>
<OutputFormatID>0</OutputFormatID>
<CustomerReferenceID>ref-xml</CustomerReferenceID>
<MediaContainerCode>mp4</MediaContainerCode>
<Width>80</Width>
<Height i:nil="true" />
</OutputJobItem>
</OutputJobs>
</CreateJob>"""


@pytest.fixture(scope="module")
def standalone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standalone]:
    with Standalone(tmp_path_factory.mktemp("xml") / "data", **QUICK) as running:
        yield running


def get(service: Standalone, path: str) -> ET.Element:
    query = {"ApiKey": service.api_key, "format": "xml"}
    response = requests.get(f"{service.url}/api/v1/{path}", params=query, timeout=30)
    assert response.status_code == 200, response.text
    root = ET.fromstring(response.content)
    assert root.findtext("Success", namespaces=NS) == "true", response.text
    return root


def text(element: ET.Element, path: str) -> str:
    found = element.find(path, NS)
    assert found is not None, path
    return found.text or ""


def test_a_job_is_created_followed_and_its_output_found_in_xml(
    standalone: Standalone, sources: Sources, tmp_path: Path
) -> None:
    body = CREATE.format(namespace=NAMESPACE, key=standalone.api_key, source=f"{sources.url}/file/clip.mp4")
    response = requests.post(
        f"{standalone.url}/api/v1/job/create", data=body, headers={"Content-Type": "application/xml"}, timeout=30
    )
    created = ET.fromstring(response.content)
    assert (created.tag, text(created, "Success")) == (f"{{{NAMESPACE}}}CreateJobResponse", "true"), response.text

    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        job = get(standalone, text(created, "OutputJobs/JobCreationStatus/JobStatusLocation"))
        if text(job, "job/Status") in ENDED:
            break
        time.sleep(0.05)
    assert (text(job, "job/Status"), text(job, "job/CustomerReferenceID")) == ("Completed", "ref-xml")
    ingest = get(standalone, text(created, "IngestJobStatusLocation"))
    assert text(ingest, "ingest/IngestStatus") == "Completed"

    output = get(standalone, f"media/output/{text(job, 'job/OutputMediaID')}")
    track = "asset/info/VideoTrack"
    assert [text(output, f"{track}/{name}") for name in ("FrameRate", "Height", "Width")] == ["25.00000", "60", "80"]
    source = get(standalone, f"media/input/{text(job, 'job/InputMediaID')}")
    assert text(source, "InputAsset/SourceFilename") == "clip.mp4"
    path = tmp_path / text(output, "asset/Filename")
    path.write_bytes(requests.get(text(output, "asset/FileURL"), timeout=60).content)
    assert path.stat().st_size == int(text(output, "asset/SizeBytes"))
    assert (facts(path).frames, facts(path).decode_errors) == (50, "")
