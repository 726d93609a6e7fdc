"""A private RabbitMQ: own folder, ports, cookie, user and Erlang port mapper.

Three traps. Debian's `/usr/sbin/rabbitmq-server` runs as another user and fails on our folder, so the script
below `/usr/lib` is called. That script stays in front of the Erlang machine and would leave it running when
killed; RABBITMQ_ALLOW_INPUT makes it `exec` instead, so that the PID is the machine's, and `-noinput` takes
the place of the option that the script then leaves out. The machine starts a port mapper (epmd) that
outlives it and listens to the world, unless one is there: ours is, on the loopback address.
"""

import secrets
import shutil
import socket
from collections.abc import Mapping
from pathlib import Path

from deploy.local.process import Launch, LocalServerError, Process
from deploy.local.server import Server

_SERVER = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
_PACKAGE = "It is in the Debian package rabbitmq-server: apt-get install rabbitmq-server (or run: make dev)."
_USER = "reelyard"
_HELLO = b"AMQP\x00\x00\x09\x01"
_STARTS_METHOD_FRAME = b"\x01"


class RabbitMQ(Server):
    """A private RabbitMQ node.

    `helper_env` is added to the environment of its port mapper. With `metrics` its own plug-in serves them to
    Prometheus, on `metrics_port`.
    """

    kind = "rabbitmq"

    def __init__(
        self,
        folder: Path | None = None,
        *,
        env: Mapping[str, str] | None = None,
        helper_env: Mapping[str, str] | None = None,
        metrics: bool = False,
    ) -> None:
        super().__init__(folder, env=env)
        self._metrics = metrics
        self._helper_env = dict(helper_env or {})
        self._epmd: Process | None = None
        self._password = ""

    @property
    def url(self) -> str:
        """`amqp://user:password@127.0.0.1:port/%2F`, once it was started."""
        return f"amqp://{_USER}:{self._password}@127.0.0.1:{self.port()}/%2F"

    @property
    def metrics_port(self) -> int:
        """Where its metrics are: `/metrics`, and `/metrics/detailed?family=...` for each queue."""
        return self.port("metrics")

    def helpers(self) -> list[Process]:
        """Its port mapper."""
        return [self._epmd] if self._epmd is not None else []

    def _prepare(self) -> None:
        epmd = shutil.which("epmd")
        if not _SERVER.is_file() or epmd is None:
            raise LocalServerError(f"{_SERVER if epmd else 'epmd'} is missing. {_PACKAGE}")
        for name in ("mnesia", "log"):
            (self.folder / name).mkdir(exist_ok=True)
        (self.folder / "env.conf").touch()
        (self.folder / "enabled_plugins").write_text("[rabbitmq_prometheus].\n" if self._metrics else "[].\n")
        self._password = self._secret("password")
        self._secret(".erlang.cookie")
        config = self.folder / "rabbitmq.conf"
        config.touch(mode=0o600)
        config.write_text(self._configuration())
        if self._epmd is None or not self._epmd.running():
            self._epmd = Process(self._epmd_launch(epmd))
            self._epmd.wait_ready(lambda: _connects(self.port("epmd")))

    def _secret(self, name: str) -> str:
        path = self.folder / name
        if not path.exists():
            path.touch(mode=0o600)
            path.write_text(secrets.token_hex(16))
            path.chmod(0o400)
        return path.read_text()

    def _configuration(self) -> str:
        metrics = ("prometheus.tcp.ip = 127.0.0.1", f"prometheus.tcp.port = {self.metrics_port}")
        return "\n".join(
            (
                *(metrics if self._metrics else ()),
                f"listeners.tcp.1 = 127.0.0.1:{self.port()}",
                f"default_user = {_USER}",
                f"default_pass = {self._password}",
                "consumer_timeout = 86400000",  # ms: an encode may last for hours
                "log.console = true",
                "log.console.level = warning",
                "log.file = false",
                "",
            )
        )

    def _launch(self) -> Launch:
        env = self.environment(
            ERL_EPMD_PORT=str(self.port("epmd")),
            ERL_EPMD_ADDRESS="127.0.0.1",
            RABBITMQ_ALLOW_INPUT="1",
            # One node a port mapper, so the name may be fixed; the folder's data belong to this name.
            RABBITMQ_NODENAME="reelyard@localhost",
            RABBITMQ_NODE_PORT=str(self.port()),
            RABBITMQ_DIST_PORT=str(self.port("distribution")),
            RABBITMQ_MNESIA_BASE=str(self.folder / "mnesia"),
            RABBITMQ_LOG_BASE=str(self.folder / "log"),
            RABBITMQ_CONFIG_FILE=str(self.folder / "rabbitmq.conf"),
            RABBITMQ_CONF_ENV_FILE=str(self.folder / "env.conf"),
            RABBITMQ_ENABLED_PLUGINS_FILE=str(self.folder / "enabled_plugins"),
            # Two schedulers that sleep when idle: it shares the machine with encodes and tests.
            RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="+S 2:2 +sbwt none +sbwtdcpu none +sbwtdio none "
            "-kernel inet_dist_use_interface {127,0,0,1}",
        )
        return Launch(
            name="rabbitmq",
            command=(str(_SERVER), "-noinput"),
            env=env,
            log=self.folder / "log" / "rabbitmq.log",
        )

    def _epmd_launch(self, program: str) -> Launch:
        return Launch(
            name="epmd",
            command=(program, "-port", str(self.port("epmd")), "-address", "127.0.0.1"),
            env=self.environment() | self._helper_env,
            log=self.folder / "log" / "epmd.log",
        )

    def _ready(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port()), timeout=2) as connection:
                connection.sendall(_HELLO)
                return connection.recv(1) == _STARTS_METHOD_FRAME
        except OSError:
            return False

    def _stop_helpers(self) -> None:
        super()._stop_helpers()
        self._epmd = None


def _connects(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2):
            return True
    except OSError:
        return False
