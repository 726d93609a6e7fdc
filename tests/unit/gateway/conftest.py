"""The application without a server: a scheduler that answers from a table, and requests that are plain calls."""

import asyncio
import contextlib
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from gateway.app import create_app
from gateway.authentication import Authenticator
from gateway.download.files import StoredFiles
from gateway.parts import Parts
from reelyard.cluster.health import Readiness
from reelyard.cluster.metrics import CollectorRegistry
from reelyard.cluster.objectstore.folder import FolderStore
from reelyard.cluster.views import Caller, CreatedJobsView, CreatedJobView, CreateJobs
from reelyard.media.errors import AuthError, ErrorCode, NotFoundError

XML = "{http://schemas.datacontract.org/2004/07/TranscodeEngine.API.v1.Models}"
KEY = "ry_a-good-key-for-tests-only-0123456789"
ACCOUNT = 7


class FakeScheduler:
    """Stands for the gateway's client of the scheduler: the HTTP layer alone is looked at here."""

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []
        self.answers: dict[str, Any] = {}
        self.callers = {hashlib.sha256(KEY.encode()).hexdigest(): Caller(account_id=ACCOUNT, key_id=1)}

    async def authenticate(self, key_sha256: str) -> Caller:
        self.asked.append(("authenticate", key_sha256))
        if key_sha256 not in self.callers:
            raise AuthError("the API key is unknown or was revoked")
        return self.callers[key_sha256]

    async def create_jobs(self, jobs: CreateJobs) -> CreatedJobsView:
        self.asked.append(("create_jobs", jobs))
        answer = self.answers.get("create_jobs")
        if isinstance(answer, Exception):
            raise answer
        made = tuple(
            CreatedJobView(job_id=200 + n, customer_reference_id=each.customer_reference_id or "")
            for n, each in enumerate(jobs.outputs)
        )
        return answer or CreatedJobsView(ingest_id=100, input_media_id=101, jobs=made)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        async def answer(*arguments: Any, **named: Any) -> Any:
            self.asked.append((name, *arguments, *named.items()))
            found = self.answers.get(name, NotFoundError("there is none", code=ErrorCode.JOB_NOT_FOUND))
            if isinstance(found, Exception):
                raise found
            return found

        return answer

    def calls(self, name: str) -> list[tuple[Any, ...]]:
        """The arguments of every call of that name."""
        return [asked[1:] for asked in self.asked if asked[0] == name]


@dataclass
class Answered:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> tuple[int, str]:
        """Status and code of an answer that has just the three members that every failed one has."""
        assert tuple(self.json) == ("Success", "ErrorCode", "Message")
        assert self.json["Success"] is False
        assert self.json["Message"]
        assert self.headers["content-type"] == "application/json"
        return self.status, self.json["ErrorCode"]

    @property
    def xml(self) -> ET.Element:
        """The root of an answer in XML."""
        return ET.fromstring(self.body)

    @property
    def xml_error(self) -> tuple[int, str, str]:
        """Status, name of the root and code of a failed answer in XML, which has the members of one in JSON."""
        root = self.xml
        names = [each.tag.removeprefix(XML) for each in root]
        assert names == ["ErrorCode", "Message", "Success"]
        assert root.findtext(f"{XML}Success") == "false"
        assert root.findtext(f"{XML}Message")
        return self.status, root.tag.removeprefix(XML), root.findtext(f"{XML}ErrorCode") or ""


@dataclass
class Api:
    """Sends requests to an application; with a key in the query unless told otherwise."""

    app: Any
    scheduler: FakeScheduler
    store: FolderStore
    readiness: Readiness
    key: str = KEY
    account_id: int = ACCOUNT

    def get(self, path: str, query: str | None = None, **kwargs: Any) -> Answered:
        return self.request("GET", path, query, **kwargs)

    def post(self, path: str, body: Any, query: str | None = None, **kwargs: Any) -> Answered:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.request("POST", path, query, data=data, **kwargs)

    def request(
        self,
        method: str,
        path: str,
        query: str | None = None,
        *,
        data: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> Answered:
        given = {"host": "api.example:8080"} | dict(headers or {})
        if data:
            given.setdefault("content-type", "application/json")
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": (f"ApiKey={KEY}" if query is None else query).encode(),
            "root_path": "",
            "headers": [(name.lower().encode(), value.encode()) for name, value in given.items()],
            "client": ("192.0.2.1", 1),
            "server": ("127.0.0.1", 8080),
        }
        return asyncio.run(self._run(scope, data))

    async def _run(self, scope: dict[str, Any], data: bytes) -> Answered:
        messages = [{"type": "http.request", "body": data, "more_body": False}]
        sent: list[Any] = []
        answered = asyncio.Event()

        async def receive() -> Any:
            if messages:
                return messages.pop()
            await answered.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            sent.append(message)
            if message["type"] == "http.response.body" and not message.get("more_body"):
                answered.set()

        await self.app(scope, receive, send)
        headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        return Answered(sent[0]["status"], headers, b"".join(each.get("body", b"") for each in sent[1:]))


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    scheduler = FakeScheduler()
    with contextlib.ExitStack() as held:
        store = FolderStore(tmp_path / "store")
        files = StoredFiles(store, redirect=True)
        held.callback(files.close)
        readiness = Readiness({"scheduler": lambda: None})
        held.callback(readiness.stop)
        client: Any = scheduler
        parts = Parts(
            client=client,
            authenticator=Authenticator(client),
            files=files,
            readiness=readiness,
            registry=CollectorRegistry(),
            max_request_bytes=100_000,
        )
        yield Api(create_app(parts), scheduler, store, readiness)
