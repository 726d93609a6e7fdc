"""A private Prometheus: own folder and port, targets as they are given, asked over its HTTP API."""

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import urlopen

from deploy.local.process import Launch, LocalServerError
from deploy.local.server import Server

_PACKAGE = "It is in the Debian package prometheus: apt-get install prometheus (or run: make dev)."
_TIMEOUT_S = 30.0


@dataclass(frozen=True)
class Target:
    """What is scraped, and the labels that a monitor of Kubernetes would put on it."""

    address: str  # host:port
    labels: Mapping[str, str] = field(default_factory=dict)
    path: str = "/metrics"
    parameters: Mapping[str, Sequence[str]] = field(default_factory=dict)


class Prometheus(Server):
    """A private Prometheus that scrapes `targets`.

    Args:
        targets: what it scrapes.
        interval_s: how often, in seconds.
        rules: files with rules, evaluated as often.
        folder: see `Server`.
    """

    kind = "prometheus"

    def __init__(
        self,
        targets: Sequence[Target],
        *,
        interval_s: float = 1,
        rules: Sequence[Path] = (),
        folder: Path | None = None,
    ) -> None:
        super().__init__(folder)
        self._targets = targets
        self._interval = f"{round(interval_s * 1000)}ms"
        self._rules = [str(path.absolute()) for path in rules]

    @property
    def url(self) -> str:
        """`http://127.0.0.1:PORT`."""
        return f"http://127.0.0.1:{self.port()}"

    def query(self, expression: str) -> list[dict[str, Any]]:
        """The series that the expression gives now.

        Raises:
            LocalServerError: it refused the expression.
        """
        return self._series("query", query=expression)

    def query_range(self, expression: str, start: float, end: float, step_s: float) -> list[dict[str, Any]]:
        """The series that the expression gives from `start` to `end`, seconds since 1970.

        Raises:
            LocalServerError: it refused the expression.
        """
        return self._series("query_range", query=expression, start=start, end=end, step=step_s)

    def get(self, path: str, **parameters: Any) -> Any:
        """What `/api/v1/PATH` answers as its data.

        Raises:
            LocalServerError: it answered that it can't.
        """
        url = f"{self.url}/api/v1/{path}?{urlencode(parameters, doseq=True)}"
        try:
            with urlopen(url, timeout=_TIMEOUT_S) as answer:  # noqa: S310  # our own server on this machine
                return json.load(answer)["data"]
        except URLError as error:
            said = error.read().decode(errors="replace") if hasattr(error, "read") else str(error)
            raise LocalServerError(f"prometheus refused {path}: {said}") from error

    def _series(self, path: str, **parameters: Any) -> list[dict[str, Any]]:
        data = self.get(path, **parameters)
        if data["resultType"] == "scalar":
            return [{"metric": {}, "value": data["result"]}]
        series: list[dict[str, Any]] = data["result"]
        return series

    def _prepare(self) -> None:
        if shutil.which("prometheus", path=self.environment()["PATH"]) is None:
            raise LocalServerError(f"prometheus is missing. {_PACKAGE}")
        # JSON is YAML, and nothing in it has to be quoted by hand.
        (self.folder / "prometheus.yml").write_text(json.dumps(self._configuration(), indent=1))

    def _configuration(self) -> dict[str, Any]:
        return {
            "global": {
                "scrape_interval": self._interval,
                "scrape_timeout": self._interval,
                "evaluation_interval": self._interval,
            },
            "rule_files": self._rules,
            "scrape_configs": [
                {
                    "job_name": target.labels.get("job", f"target-{number}") + f"/{number}",
                    "metrics_path": target.path,
                    "params": {name: list(values) for name, values in target.parameters.items()},
                    "static_configs": [{"targets": [target.address], "labels": dict(target.labels)}],
                }
                for number, target in enumerate(self._targets)
            ],
        }

    def _launch(self) -> Launch:
        return Launch(
            name="prometheus",
            command=(
                "prometheus",
                f"--config.file={self.folder / 'prometheus.yml'}",
                f"--storage.tsdb.path={self.folder / 'data'}",
                f"--web.listen-address=127.0.0.1:{self.port()}",
                "--enable-feature=exemplar-storage",
                "--log.level=warn",
            ),
            env=self.environment(),
            log=self.folder / "log" / "prometheus.log",
        )

    def _ready(self) -> bool:
        try:
            with urlopen(f"{self.url}/-/ready", timeout=2) as answer:  # noqa: S310  # our own server
                return bool(answer.status == 200)  # noqa: PLR2004
        except OSError:
            return False
