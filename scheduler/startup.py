"""What a scheduler waits for at its start, since the parts of a cluster start in any order."""

import threading
from collections.abc import Callable

import structlog
from sqlalchemy.exc import DatabaseError, OperationalError

from reelyard.cluster.broker import open_broker, ready_messages
from reelyard.cluster.service_process import StartError
from reelyard.cluster.work import Queue
from reelyard.media.errors import UnavailableError
from scheduler.domain.policy import Policy
from scheduler.errors import SealError
from scheduler.store.database import Database
from scheduler.store.migrate import migrate
from scheduler.usecases.keys import ensure_first_key
from scheduler.usecases.renew_plans import renew_plans
from scheduler.usecases.renew_seals import check_seals, renew_seals

#: The wait after the first failed try; it doubles with each further one, up to the last, in seconds.
FIRST_WAIT_S = 0.2
LAST_WAIT_S = 5.0

log = structlog.get_logger(__name__)


def until_it_answers(what: str, attempt: Callable[[], None], stop: threading.Event) -> bool:
    """Run `attempt` until it goes through, with growing waits; False when `stop` was set before that.

    Args:
        what: name of the part that is waited for, for the log.
        attempt: raises UnavailableError or OperationalError while the part is not there.
        stop: ends the wait at once.
    """
    wait = FIRST_WAIT_S
    while not stop.is_set():
        try:
            attempt()
        except (UnavailableError, OperationalError) as error:
            log.warning("start_waits", part=what, reason=driver_words(error), next_try_s=wait)
            stop.wait(wait)
            wait = min(wait * 2, LAST_WAIT_S)
        else:
            return True
    return False


def driver_words(error: Exception) -> str:
    """What the driver itself said first: a wrong password, or nobody at home. Drivers never repeat the password."""
    cause = error if isinstance(error, DatabaseError) else error.__cause__ or error
    words = str(cause.orig) if isinstance(cause, DatabaseError) else str(cause)
    return words.strip().partition("\n")[0] or type(cause).__name__


def prepare_database(database: Database, api_key: str, policy: Policy) -> None:
    """Bring the schema and what older versions have stored up to date, and see to the operator's own key.

    Raises:
        UnavailableError, OperationalError: the database can't be reached, or is in use; nothing is half done.
        StartError: it holds credentials that the keys of this scheduler can't open.
    """
    revision = migrate(database)
    log.info("database_ready", dialect=database.dialect, revision=revision or "of a newer version")
    _see_to_seals(database)
    renewed = renew_plans(database, policy)
    if renewed:
        log.info("jobs_planned_anew", jobs=renewed)
    if api_key:
        ensure_first_key(database, api_key)


def _see_to_seals(database: Database) -> None:
    try:
        check_seals(database)
    except SealError as error:
        raise StartError(
            f"{error.message}. Put the key back, behind a new one with a comma between them if it is to be replaced."
            " If it is lost, `reelyard keys drop-lost` with its digits forgets what it encrypted."
        ) from error
    sealed = renew_seals(database)
    if sealed:
        log.info("credentials_encrypted_anew", rows=sealed)


def ask_broker(url: str) -> None:
    """Ask a broker one question over a connection of its own, which is closed again.

    Raises:
        BrokerDownError: it does not answer.
    """
    broker = open_broker(url)
    try:
        ready_messages(broker, Queue.INGEST)
    finally:
        broker.close()
