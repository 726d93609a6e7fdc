"""The few calls of the REST API that the demonstration makes."""

import json
from pathlib import Path
from typing import Any

import urllib3

from reelyard.cli.demo.errors import DemoError

_CHUNK_BYTES = 256 * 1024
_TIMEOUT = urllib3.Timeout(connect=5, read=30)


class RestClient:
    """A client of `/api/v1` with one key."""

    def __init__(self, url: str, api_key: str) -> None:
        self._base = f"{url}/api/v1"
        self._headers = {"Authorization": f"Bearer {api_key}", "Accept": "application/json"}
        self._http = urllib3.PoolManager(timeout=_TIMEOUT, retries=False)

    def create(self, source_url: str, outputs: list[dict[str, Any]]) -> list[int]:
        """Create one job an output; their IDs in the same order.

        Raises:
            DemoError: one was refused.
        """
        answer = self._call("POST", "job/create", {"SourceMediaURL": source_url, "OutputJobs": outputs})
        refused = [job for job in answer["OutputJobs"] if not job["Success"]]
        if refused:
            raise DemoError(f"an output was refused: {refused[0].get('ErrorCode')}: {refused[0].get('Message')}")
        return [int(job["JobID"]) for job in answer["OutputJobs"]]

    def job(self, job_id: int) -> dict[str, Any]:
        """One job's status."""
        found: dict[str, Any] = self._call("GET", f"job/{job_id}")["job"]
        return found

    def output(self, media_id: int) -> dict[str, Any]:
        """One output medium."""
        found: dict[str, Any] = self._call("GET", f"media/output/{media_id}")["asset"]
        return found

    def download(self, url: str, path: Path) -> None:
        """Fetch a file to a path, piece by piece.

        Raises:
            DemoError: the answer is not the file.
        """
        part = path.with_name(f".{path.name}.part")
        try:
            answer = self._http.request("GET", url, preload_content=False)
            try:
                if answer.status != 200:  # noqa: PLR2004
                    raise DemoError(f"the download of {path.name} was answered with status {answer.status}")
                with part.open("wb") as file:
                    for piece in answer.stream(_CHUNK_BYTES):
                        file.write(piece)
            finally:
                answer.release_conn()
            part.replace(path)
        except urllib3.exceptions.HTTPError as exc:
            raise DemoError(f"the download of {path.name} broke off: {exc}") from exc
        finally:
            part.unlink(missing_ok=True)

    def close(self) -> None:
        """Close its connections."""
        self._http.clear()

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        try:
            answer = self._http.request(method, f"{self._base}/{path}", headers=self._headers, json=body)
            parsed: dict[str, Any] = answer.json()
        except (urllib3.exceptions.HTTPError, json.JSONDecodeError) as exc:
            raise DemoError(f"{method} {path} was not answered properly: {exc}") from exc
        if not parsed.get("Success"):
            raise DemoError(
                f"{method} {path} was refused with status {answer.status}: "
                f"{parsed.get('ErrorCode')}: {parsed.get('Message')}"
            )
        return parsed
