"""Fixtures that start real servers. At home a missing server skips the test; in CI it fails it."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "slow: takes more than a few seconds")


@pytest.fixture(autouse=True)
def nothing_bound() -> Iterator[None]:
    """What a test binds to the log of its thread ends with it: a call of a service ends so too."""
    yield
    structlog.contextvars.clear_contextvars()


def needs(what: str, present: bool) -> None:
    """Skip at home, fail in CI: there `make dev` has installed everything."""
    if present:
        return
    message = f"{what} is not installed: run `make dev`"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


@pytest.fixture(scope="session")
def rabbitmq() -> Iterator[Any]:
    """A private RabbitMQ of this test process; `.url` is its amqp:// URL."""
    needs("rabbitmq-server", Path("/usr/lib/rabbitmq/bin/rabbitmq-server").exists())
    from deploy.local.rabbitmq import RabbitMQ  # only tests that use it pay for it

    with RabbitMQ() as server:
        yield server


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Any]:
    """A private PostgreSQL of this test process; `.url` is its postgresql:// URL."""
    needs("postgresql", any(Path("/usr/lib/postgresql").glob("*/bin/initdb")))
    from deploy.local.postgresql import PostgreSQL

    with PostgreSQL(fsync=False) as server:
        yield server


@pytest.fixture(scope="session")
def s3() -> Iterator[Any]:
    """A private S3 server (MinIO's code) of this test process."""
    from deploy.local.s3 import S3Server

    with S3Server() as server:
        yield server


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A 2 s clip: 160x120, 25 frames/s (50 frames), H.264 and AAC stereo in MP4."""
    needs("ffmpeg", shutil.which("ffmpeg") is not None)
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    subprocess.run(
        [
            *("ffmpeg", "-nostdin", "-v", "error", "-y"),
            *("-f", "lavfi", "-i", "testsrc2=size=160x120:rate=25:duration=2"),
            *("-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000:duration=2"),
            *("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"),
            *("-c:a", "aac", "-ac", "2", "-b:a", "96k", "-movflags", "+faststart", str(path)),
        ],
        check=True,
    )
    return path
