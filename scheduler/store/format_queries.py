"""Output formats of accounts' own: rows of `output_formats` to `OutputFormat` and back."""

from collections.abc import Collection
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Row, Select, select

from reelyard.cluster.wire import from_dict, to_dict
from reelyard.media.output import OutputFormat, OutputRequest
from reelyard.media.presets import preset
from scheduler.store.sealed import seal, unseal
from scheduler.store.sealed_columns import SECRET_MEMBERS
from scheduler.store.tables import output_formats


def own_formats(account_id: int) -> Select[Any]:
    """The rows of an account's own formats."""
    return select(output_formats).where(output_formats.c.account_id == account_id)


def find_formats(conn: Connection, account_id: int, format_ids: Collection[int]) -> dict[int, OutputFormat]:
    """Those of these formats that the account may name, by ID: built-in ones and its own, with their secrets."""
    found = {known.id: known for known in map(preset, format_ids) if known is not None}
    others = [each for each in format_ids if each and each not in found]
    if others:
        rows = conn.execute(own_formats(account_id).where(output_formats.c.id.in_(others)))
        found |= {row.id: format_of(conn, row) for row in rows}
    return found


def format_of(conn: Connection, row: Row[Any]) -> OutputFormat:
    """The format of a row, with its secrets."""
    parameters = from_dict(OutputRequest, row.parameters)
    opened: dict[str, Any] = {
        name: unseal(conn, value) for name in SECRET_MEMBERS if (value := getattr(parameters, name))
    }
    return OutputFormat(id=row.id, name=row.name, description=row.description, parameters=replace(parameters, **opened))


def stored_parameters(conn: Connection, parameters: OutputRequest) -> dict[str, Any]:
    """The parameters of a format as its row keeps them."""
    sealed: dict[str, Any] = {
        name: seal(conn, value) for name in SECRET_MEMBERS if (value := getattr(parameters, name))
    }
    return to_dict(replace(parameters, **sealed))
