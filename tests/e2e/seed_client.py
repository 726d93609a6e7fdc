"""A client that knows the published API alone: paths, members and words of the API document, nothing of our code."""

import time
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlencode

import requests

ENDED = {"Completed", "Failed", "Cancelled"}


class SeedClient:
    """Calls the API as the document's samples do: the key in the query, JSON bodies."""

    def __init__(self, base: str, api_key: str) -> None:
        self.base = base.rstrip("/")
        self.api_key = api_key

    def url(self, path: str, **query: Any) -> str:
        return f"{self.base}/api/v1/{path}?{urlencode({'ApiKey': self.api_key, **query})}"

    def get(self, path: str, **query: Any) -> dict[str, Any]:
        response = requests.get(self.url(path, **query), timeout=30)
        assert response.status_code == 200, (response.status_code, response.text)
        return response.json()

    def create(self, source: str, outputs: Sequence[dict[str, Any]]) -> dict[str, Any]:
        """POST job/create; the answer's body, whatever it says."""
        body = {"ApiKey": self.api_key, "SourceMediaURL": source, "OutputJobs": list(outputs)}
        response = requests.post(self.url("job/create"), json=body, timeout=30)
        assert response.status_code == 200, (response.status_code, response.text)
        return response.json()

    def post(self, path: str, **members: Any) -> dict[str, Any]:
        """POST any call; the answer's body, whatever it says."""
        response = requests.post(self.url(path), json=members, timeout=30)
        assert response.status_code == 200, (response.status_code, response.text)
        return response.json()

    def created(self, source: str, outputs: Sequence[dict[str, Any]]) -> list[int]:
        """Create jobs that must be accepted; their IDs."""
        body = self.create(source, outputs)
        assert body["Success"] is True, body
        assert all(job["Success"] for job in body["OutputJobs"]), body
        return [job["JobID"] for job in body["OutputJobs"]]

    def job(self, job_id: int) -> dict[str, Any]:
        body = self.get(f"job/{job_id}")
        assert body["Success"] is True, body
        return body["job"]

    def ended(self, job_id: int, seconds: float = 120) -> dict[str, Any]:
        """The job's status once it has ended; calls that fail while services restart are repeated."""

        def look() -> dict[str, Any] | None:
            try:
                job = self.job(job_id)
            except (requests.ConnectionError, requests.Timeout, AssertionError):
                return None
            return job if job["Status"] in ENDED else None

        return until(look, seconds, f"job {job_id} to end")

    def output(self, media_id: int) -> dict[str, Any]:
        body = self.get(f"media/output/{media_id}")
        assert body["Success"] is True, body
        return body["asset"]

    def download(self, url: str) -> bytes:
        response = requests.get(url, timeout=60)
        assert response.status_code == 200, (response.status_code, url)
        return response.content


def until(look: Callable[[], Any], seconds: float, what: str) -> Any:
    """Ask again until the answer is true; fails naming what was waited for."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.05)
    msg = f"waited {seconds} s in vain for {what}; last answer: {look()!r}"
    raise AssertionError(msg)
