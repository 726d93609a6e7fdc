"""An account's own output formats: created, replaced, removed. What a job was made with is in the job."""

from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, update

from reelyard.cluster.urlguard import FetchPolicy
from reelyard.cluster.views import CreateFormat, UpdateFormat
from reelyard.media.errors import ConflictError, ErrorCode, SpecError
from reelyard.media.output import OutputFormat, OutputRequest
from reelyard.media.presets import LAST_BUILT_IN_ID, preset
from reelyard.media.values import MAX_DESCRIPTION
from scheduler.errors import FormatNotFoundError
from scheduler.store.clock import now_ms
from scheduler.store.database import Database
from scheduler.store.format_queries import format_of, own_formats, stored_parameters
from scheduler.store.ids import new_id
from scheduler.store.sealed_columns import SECRET_MEMBERS
from scheduler.store.tables import output_formats
from scheduler.usecases.accounts import check_label, shown_url
from scheduler.usecases.answers import create_once, first_answer
from scheduler.usecases.outputs import judge_output


def create_format(
    db: Database, request: CreateFormat, *, fetch: FetchPolicy | None = None, sends_mail: bool = False
) -> OutputFormat:
    """A new format of the account's own, as it may be shown; the same `request_id` gets the first answer again.

    Args:
        db: the database.
        request: what the client asked for.
        fetch: which private addresses a URL may have; None: none.
        sends_mail: whether there is a mail server.

    Raises:
        SpecError: its name is missing or wrong, or nothing could be encoded with it; the member is named.
    """
    answered = first_answer(db, request, OutputFormat)
    if answered is not None:
        return answered
    parameters = _checked(request, request.parameters, fetch, sends_mail=sends_mail)

    def work(conn: Connection) -> OutputFormat:
        format_id = new_id(conn, "format", above=LAST_BUILT_IN_ID)
        known = OutputFormat(id=format_id, name=request.name, description=request.description, parameters=parameters)
        conn.execute(
            insert(output_formats).values(
                id=format_id, account_id=request.account_id, created_ms=now_ms(), **_values(conn, known)
            )
        )
        return shown(known)

    return create_once(db, request, OutputFormat, work)


def update_format(
    db: Database, request: UpdateFormat, *, fetch: FetchPolicy | None = None, sends_mail: bool = False
) -> OutputFormat:
    """Replace a format of the account's own, whole; as it may be shown then.

    A URL that is given back as it was shown, without its credentials, stays as it is.

    Raises:
        SpecError: as of `create_format`; nothing was changed.
        FormatNotFoundError: the account has no such format.
        ConflictError: it is a built-in one.
    """

    def work(conn: Connection) -> OutputFormat:
        row = _own(conn, request.account_id, request.format_id)
        wanted = _kept(request.parameters, format_of(conn, row).parameters)
        parameters = _checked(request, wanted, fetch, sends_mail=sends_mail)
        known = OutputFormat(id=row.id, name=request.name, description=request.description, parameters=parameters)
        conn.execute(update(output_formats).where(output_formats.c.id == row.id).values(**_values(conn, known)))
        return shown(known)

    return db.transact(work)


def delete_format(db: Database, account_id: int, format_id: int) -> OutputFormat:
    """Remove a format of the account's own; as it was. Its ID is never used again.

    Raises:
        FormatNotFoundError: the account has no such format.
        ConflictError: it is a built-in one.
    """

    def work(conn: Connection) -> OutputFormat:
        known = format_of(conn, _own(conn, account_id, format_id))
        conn.execute(delete(output_formats).where(output_formats.c.id == format_id))
        return shown(known)

    return db.transact(work)


def shown(known: OutputFormat) -> OutputFormat:
    """A format as it may be shown: its URLs without credentials."""
    hidden: dict[str, Any] = {
        name: shown_url(url) for name in SECRET_MEMBERS if (url := getattr(known.parameters, name))
    }
    return replace(known, parameters=replace(known.parameters, **hidden))


def _own(conn: Connection, account_id: int, format_id: int) -> Row[Any]:
    if preset(format_id) is not None:
        raise ConflictError(f"output format {format_id} is a built-in one; it stays as it is")
    row = conn.execute(own_formats(account_id).where(output_formats.c.id == format_id).with_for_update()).one_or_none()
    if row is None:
        raise FormatNotFoundError(f"there is no output format {format_id}")
    return row


def _kept(wanted: OutputRequest, known: OutputRequest) -> OutputRequest:
    """The parameters with the secrets that the client could not see and so could not give back."""
    urls = {name: getattr(known, name) for name in SECRET_MEMBERS}
    back = {name: url for name, url in urls.items() if url and getattr(wanted, name) == shown_url(url)}
    return replace(wanted, **back)


def _checked(
    request: CreateFormat | UpdateFormat, parameters: OutputRequest, fetch: FetchPolicy | None, *, sends_mail: bool
) -> OutputRequest:
    """The parameters, once it is known that an output can be described with them and nothing else."""
    name, description = request.name, request.description
    if not name:
        raise SpecError("name", "{name} of the output format is missing", code=ErrorCode.PARAMETER_MISSING)
    check_label("name", name)
    if len(description) > MAX_DESCRIPTION:
        raise SpecError(
            "description", f"{{description}} has {len(description)} characters; the most is {MAX_DESCRIPTION}"
        )
    judge_output(replace(parameters, output_format_id=0), None, fetch or FetchPolicy(()), sends_mail=sends_mail)
    return replace(parameters, output_format_id=None)


def _values(conn: Connection, known: OutputFormat) -> dict[str, Any]:
    return {
        "name": known.name,
        "description": known.description,
        "parameters": stored_parameters(conn, known.parameters),
        "updated_ms": now_ms(),
    }
