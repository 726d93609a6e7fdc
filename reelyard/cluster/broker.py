"""The broker: task hints from the scheduler to the nodes, on RabbitMQ or inside one process.

A message is a hint "task N may be run" and nothing more; the truth is the scheduler's database. So a lost message
is sent again by the sweeper and a duplicate is dropped by the claim. Delays, retries and time limits live in the
database: no Dramatiq middleware is installed.
"""

import threading
from collections.abc import Callable, Iterable
from typing import Any, cast
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import dramatiq
import dramatiq.worker
import pika.exceptions
import structlog
from dramatiq.brokers.rabbitmq import RabbitmqBroker, _RabbitmqConsumer
from dramatiq.brokers.stub import StubBroker
from dramatiq.common import current_millis
from dramatiq.errors import ConnectionClosed, QueueNotFound
from dramatiq.message import generate_unique_id

from reelyard.cluster.outage import Outage
from reelyard.cluster.work import Queue
from reelyard.media.errors import UnavailableError

log = structlog.get_logger(__name__)

ACTOR = "run_task"

# pika's own defaults wait for ever on a blocked connection. One connection attempt a try, because both callers try
# again by themselves and soon: a consumer after RECONNECT_DELAY_S, the dispatcher on its next round.
_URL_DEFAULTS = {
    "heartbeat": "30",
    "blocked_connection_timeout": "10",
    "socket_timeout": "5",
    "connection_attempts": "1",
}
RECONNECT_DELAY_S = 0.5
# How soon an idle worker thread notices that it is to stop; messages wake it at once.
_WORKER_TIMEOUT_MS = 200
_NO_SUCH_QUEUE = 404


class BrokerDownError(UnavailableError):
    """The broker cannot be reached or does not confirm."""


class HintNotTakenError(Exception):
    """Who should run a hint does not: it stays the broker's, and goes to another worker when this one stops."""


class _GiveBack(dramatiq.Middleware):
    """Marks the hints that were not taken, so that their consumer leaves them unanswered."""

    @property
    def actor_options(self) -> set[str]:
        """`throws` keeps Dramatiq from telling of a hint that was not taken as of a bug."""
        return {"throws"}

    def after_process_message(
        self,
        broker: dramatiq.Broker,  # noqa: ARG002  # Dramatiq's signature
        message: Any,
        *,
        result: Any = None,  # noqa: ARG002
        exception: BaseException | None = None,
    ) -> None:
        """See dramatiq.Middleware."""
        message.given_back = isinstance(exception, HintNotTakenError)


class _SafeConsumer(_RabbitmqConsumer):
    """A consumer that acknowledges only what it delivered itself, and what was taken.

    A hint that was not taken stays unanswered: the broker gives it to another consumer when this one's connection
    is closed, which `stop_consuming` does, and until then sends nothing in its stead.

    After a reconnect (restart, network, delivery time-out) delivery tags start at 1 again while actors of the old
    channel still run; Dramatiq would look their tags up in the new consumer, and acknowledge, so lose, another
    message. RabbitMQ redelivers what the old channel had, so dropping the late answer is right.
    Nor may it raise: Dramatiq would block the worker thread for seconds to try again what cannot succeed.
    """

    def __next__(self) -> dramatiq.MessageProxy | None:
        message: Any = super().__next__()  # type: ignore[no-untyped-call]
        if message is not None:
            message.delivered_by = self
        return cast("dramatiq.MessageProxy | None", message)

    def ack(self, message: dramatiq.MessageProxy) -> None:
        self._answer(super().ack, message)

    def nack(self, message: dramatiq.MessageProxy) -> None:
        self._answer(super().nack, message)

    def _answer(self, answer: Callable[[dramatiq.MessageProxy], None], message: dramatiq.MessageProxy) -> None:
        if getattr(message, "delivered_by", None) is not self or getattr(message, "given_back", False):
            return
        try:
            answer(message)
        except ConnectionClosed:
            self.logger.debug("Connection lost before message %r was answered.", message.message_id)


class SafeBroker(RabbitmqBroker):
    """Dramatiq's RabbitMQ broker with `_SafeConsumer`, which tells of an outage once and not with each new try."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._outage = Outage(log, begins="broker_lost", ends="broker_answers_again")

    def consume(self, queue_name: str, prefetch: int = 1, timeout: int = 5000) -> dramatiq.Consumer:
        """See dramatiq.Broker; the worker's thread calls it again and again while it raises ConnectionClosed."""
        try:
            consumer = super().consume(queue_name, prefetch, timeout)
        except (ConnectionClosed, pika.exceptions.AMQPError, OSError) as error:
            self._outage.failed(_down(error).message)
            raise ConnectionClosed(error) from None  # type: ignore[no-untyped-call]
        self._outage.over()
        return consumer

    @property
    def consumer_class(self) -> type[_SafeConsumer]:
        """The consumer that `consume` builds."""
        return _SafeConsumer


class StageWorker(dramatiq.Worker):
    """A worker for one queue that holds no more messages than it has threads.

    It does not consume the delay queue that Dramatiq declares beside each queue: delays live in the database, and
    each such consumer would cost a thread and a connection.
    """

    def __init__(self, broker: dramatiq.Broker, queue: str, slots: int) -> None:
        super().__init__(broker, queues={queue}, worker_timeout=_WORKER_TIMEOUT_MS, worker_threads=slots)
        # Twice the threads is Dramatiq's default, and parks a short task behind an hour-long encode.
        self.queue_prefetch = slots

    def is_mine(self) -> bool:
        """Whether the calling thread is one of this worker's."""
        return threading.current_thread() in self.workers

    def _add_consumer(self, queue_name: str, *, delay: bool = False) -> None:
        if not delay:
            super()._add_consumer(queue_name)


def open_broker(url: str) -> dramatiq.Broker:
    """A broker for a URL: `memory:` (this process only) or `amqp(s)://`. Connects when it is first used."""
    if url.startswith("memory:"):
        return StubBroker(middleware=[])
    return SafeBroker(url=_with_defaults(url), confirm_delivery=True, middleware=[])


def _with_defaults(url: str) -> str:
    parts = urlsplit(url)
    query = _URL_DEFAULTS | dict(parse_qsl(parts.query))
    return urlunsplit(parts._replace(query=urlencode(query)))


def declare_queues(broker: dramatiq.Broker, queues: Iterable[str] = tuple(Queue)) -> None:
    """Make the queues known; RabbitMQ creates each when it is first sent to or consumed."""
    for queue in queues:
        broker.declare_queue(str(queue))


def send_hint(broker: dramatiq.Broker, queue: str, task_id: int, attempt: int) -> None:
    """Send one task's hint and wait until the broker has it on disk.

    Raises:
        BrokerDownError: it could not be sent, or was not confirmed; it may have arrived all the same.
    """
    message = dramatiq.Message[None](
        queue_name=str(queue),
        actor_name=ACTOR,
        args=(task_id, attempt),
        kwargs={},
        options={},
        message_id=generate_unique_id(),
        message_timestamp=current_millis(),
    )
    try:
        broker.enqueue(message)
    except (ConnectionClosed, pika.exceptions.AMQPError, OSError) as error:
        raise _down(error) from error


def ready_messages(broker: dramatiq.Broker, queue: str) -> int:
    """How many messages wait in a queue, those that a worker already holds not counted.

    Raises:
        BrokerDownError: the broker does not answer.
    """
    if not isinstance(broker, RabbitmqBroker):
        try:
            return int(broker.queues[str(queue)].qsize())
        except (KeyError, QueueNotFound):
            return 0
    try:
        return _passive_count(broker, str(queue))
    except pika.exceptions.AMQPError:
        # An idle connection is closed by the server and only found dead when used: once more on a new one.
        del broker.connection
    try:
        return _passive_count(broker, str(queue))
    except (pika.exceptions.AMQPError, OSError) as error:
        del broker.connection
        raise _down(error) from error


def _passive_count(broker: RabbitmqBroker, queue: str) -> int:
    try:
        return int(broker.channel.queue_declare(queue=queue, passive=True).method.message_count)
    except pika.exceptions.ChannelClosedByBroker as error:
        del broker.channel
        if error.reply_code == _NO_SUCH_QUEUE:
            return 0
        raise


def _down(error: Exception) -> BrokerDownError:
    # many of pika's errors have no text; none has the password
    reason = f"{type(error).__name__} {error}".strip()
    return BrokerDownError(f"The message broker does not answer ({reason}).")


def register_runner(broker: dramatiq.Broker, fn: Callable[[int, int], None], queues: Iterable[str]) -> None:
    """Have `fn(task_id, attempt)` called, in a worker's thread, for every hint on the queues.

    `HintNotTakenError` gives the hint back: on RabbitMQ to other workers when this one stops consuming, inside one
    process by the scheduler's sweep. Any other exception drops it; the task comes back when its lease ends.
    """
    names = [str(queue) for queue in queues]
    if not any(isinstance(each, _GiveBack) for each in broker.middleware):
        broker.add_middleware(_GiveBack())
    dramatiq.actor(actor_name=ACTOR, queue_name=names[0], broker=broker, throws=HintNotTakenError)(fn)
    declare_queues(broker, names)


def start_worker(broker: dramatiq.Broker, queue: str, slots: int) -> StageWorker:
    """Start `slots` threads that run the hints of one queue; on RabbitMQ give each worker a broker of its own."""
    # Dramatiq waits 3 s after a lost connection, and reads its setting for it only at import
    dramatiq.worker.CONSUMER_RESTART_DELAY_SECS = RECONNECT_DELAY_S
    worker = StageWorker(broker, str(queue), slots)
    worker.start()
    return worker


def stop_consuming(worker: dramatiq.Worker) -> None:
    """Take no further hints; those that run go on.

    Returns at once. Within a fraction of a second the worker's consumer closes its connection, and what the broker
    holds for it goes to others.
    """
    for consumer in worker.consumers.values():
        consumer.pause()


def stop_worker(worker: dramatiq.Worker, *, timeout_s: float) -> None:
    """Wait for running hints to end, at most `timeout_s` seconds, then close the worker's connections."""
    worker.stop(timeout=max(1, int(timeout_s * 1000)))
    # A stopped worker's middleware would consume queues that are declared later, and drop their messages
    broker = worker.broker
    broker.middleware[:] = [m for m in broker.middleware if getattr(m, "worker", None) is not worker]
